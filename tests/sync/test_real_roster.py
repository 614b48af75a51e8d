"""Rosters that nobody here wrote: from a real SFTP server, through the real commands, to the door."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from access_service.pin_vault import PinVault
from access_service.settings import load
from access_service.storage import engine
from access_service.usage import UsageCounter
from access_service.web.app import create_app
from sync.synthetic.server import Login, RosterServer, host_key
from tests.commands import ROOT, Commands
from tests.place import Place

ROSTERS = ROOT.parent / "shared" / "rosters" / "oneroster"
pytestmark = pytest.mark.skipif(
    not ROSTERS.is_dir(), reason="no ../shared/rosters: the rosters of other people's programs are not part of this one"
)
ROSTERS_AND_STUDENTS = [("oneroster-district-medium.zip", 778), ("oneroster-school-small.zip", 72)]

# The agreement that a library would make with the makers of these rosters: all schools, all grades, MMDD.
DISTRICT = """
[district]
code = "consolidated"
name = "Consolidated School District (synthetic)"
timezone = "America/Chicago"

[agreement]
signed_by = "a test"
starts = 2000-01-01
ends = 2099-12-31
fields = ["source_id", "student_number", "school", "grade", "given_name", "family_name", "birth_date"]

[feed]
host = "127.0.0.1"
port = {port}
user = "library"
host_keys = ["{fingerprint}"]
pattern = "oneroster-*.zip"
settle_seconds = 0.05

[rules]
library_number = "22055{{student_number}}"

[rules.student_number]
pattern = '9\\d{{8}}'

[[rules.patron_types]]
grades = ["PK", "KG", "01", "02", "03", "04", "05"]
patron_type = "CHILD"

[[rules.patron_types]]
grades = ["06", "07", "08", "09", "10", "11", "12"]
patron_type = "TEEN"

[rules.schools]
{schools}

[rules.pin]
rule = "MMDD"

[rules.expiry]
pivot = "06-30"
expires = "09-15"

[[examples]]
student_number = "912345678"
school = "1001"
grade = "KG"
birth_date = 2021-02-03
library_number = "22055912345678"
patron_type = "CHILD"
pin = "0203"
"""


@pytest.fixture
def offered(tmp_path: Path) -> Iterator[RosterServer]:
    """An SFTP server over an empty folder."""
    (tmp_path / "offered").mkdir()
    login = Login("library", password="not for a child")
    with RosterServer(tmp_path / "offered", host_key(tmp_path / "host_key"), login) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path, commands: Commands, database_url: str, offered: RosterServer) -> Place:
    """An installation that fetches from there."""
    made = Place(tmp_path, commands, database_url)
    schools = "\n".join(f'"{code}" = "BRANCH-{code}"' for code in range(1000, 1009))
    text = DISTRICT.format(port=offered.port, fingerprint=offered.fingerprint, schools=schools)
    (made.config / "districts" / "consolidated.toml").write_text(text, encoding="utf-8")
    made.environment["SFTP_PASSWORD_CONSOLIDATED"] = "not for a child"
    assert "consolidated: 1 examples hold" in made.day("check-config").out
    return made


def table(archive: Path, name: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(archive) as opened:
        return list(csv.DictReader(io.StringIO(opened.read(name).decode("utf-8-sig"), newline="")))


def students_and_pins(archive: Path) -> dict[str, str]:
    """Number -> MMDD of every student, by the files alone."""
    born = {row["sourcedId"]: date.fromisoformat(row["birthDate"]) for row in table(archive, "demographics.csv")}
    users = [row for row in table(archive, "users.csv") if row["role"] == "student"]
    return {row["identifier"]: f"{born[row['sourcedId']]:%m%d}" for row in users}


@pytest.mark.parametrize(("name", "count"), ROSTERS_AND_STUDENTS)
def test_a_real_roster_opens_the_library(place: Place, tmp_path: Path, name: str, count: int) -> None:
    """Each student becomes a patron, the PINs of the rule open the door in both dialects, the next night is quiet."""
    archive = ROSTERS / name
    offered = tmp_path / "offered" / name
    offered.write_bytes(archive.read_bytes())
    checked = place.sync("check-source", "consolidated", "--json")
    assert checked.code == 0 and checked.json["complete"]
    run = place.sync("run", "consolidated", "--json").json
    assert (run["outcome"], run["students"], run["counts"]["create"]) == ("applied", count, count)
    others = len(table(archive, "users.csv")) - count
    # Their makers fill the status of a bulk file, which the standard forbids: each user's, each student's birth date's.
    warnings = {"status_in_bulk": others + 2 * count}
    assert (run["rejects"], run["warnings"], run["exclusions"]) == ({}, warnings, {"not_a_student": others})
    assert_patrons(place, archive, count)
    assert_admitted(place, students_and_pins(archive))

    before = place.stored()
    assert place.sync("run", "consolidated", "--json").json["outcome"] == "same_file"
    repacked(archive, offered)
    again = place.sync("run", "consolidated", "--json").json
    assert (again["outcome"], again["counts"]["unchanged"]) == ("same_students", count)
    after = place.stored()
    assert all(after[name] == before[name] for name in ("patrons", "identifiers", "seen", "changes"))


def repacked(archive: Path, target: Path) -> None:
    """The same files, stored in another order without compression."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as zipped:
        for name in reversed(source.namelist()):
            zipped.writestr(name, source.read(name))


def assert_patrons(place: Place, archive: Path, count: int) -> None:
    """Each with the number, school and grade of its row, all numbers different."""
    orgs = {row["sourcedId"]: row["identifier"] for row in table(archive, "orgs.csv")}
    sent = Counter(
        (row["identifier"], orgs[row["orgSourcedIds"]], row["grades"], row["givenName"], row["familyName"])
        for row in table(archive, "users.csv")
        if row["role"] == "student"
    )
    with place.nights() as nights, nights.databases.reader.connect() as connection:
        columns = "student_number, school, grade, given_name, family_name"
        stored = Counter(map(tuple, connection.exec_driver_sql(f"SELECT {columns} FROM patrons")))  # noqa: S608
    assert stored == sent and stored.total() == count
    assert len({number for number, *_ in stored}) == count


def assert_admitted(place: Place, pins: dict[str, str]) -> None:
    """Ten students over JSON and over the Patron API, with the right PIN and with another's."""
    here = ("--district", "consolidated", "--network", "127.0.0.0/8")
    key = place.day("client", "add", "vendor", "--dialect", "rest", *here, "--json").json["key"]
    assert place.day("client", "add", "ils", "--dialect", "patronapi", *here).code == 0
    databases = engine.connect(place.database_url)
    usage = UsageCounter(databases.reader, lambda: datetime.now(UTC).date())
    web = create_app(load(place.config), databases, PinVault.from_environment(), usage).test_client()
    chosen = sorted(pins)[:: len(pins) // 10][:10]
    assert len(chosen) == 10
    for number in chosen:
        right, wrong = pins[number], "0229" if pins[number] != "0229" else "0228"
        assert authenticates(web, key, number, right) == (True, "RETCOD=0<BR>")
        assert authenticates(web, key, f"22055{number}", right) == (True, "RETCOD=0<BR>")
        assert authenticates(web, key, number, wrong) == (False, "RETCOD=1<BR>")
    databases.dispose()


def authenticates(web: FlaskClient, key: str, number: str, pin: str) -> tuple[bool, str]:
    """What each dialect says: whether authenticated, and the first line of the PIN test."""
    question = {"number": number, "pin": pin}
    said = web.post("/v1/authentications", json=question, headers={"Authorization": f"Bearer {key}"})
    assert said.status_code == 200
    page = web.get(f"/PATRONAPI/{number}/{pin}/pintest").text
    return said.get_json()["authenticated"], page.splitlines()[1]
