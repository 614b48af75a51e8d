"""What a client is told besides yes and no: the table at the end of docs/answers.md."""

import json
import re

from sqlalchemy import update

from access_service.domain.client import DialectName, Release
from access_service.domain.patron import PatronRecord
from access_service.storage.engine import Databases
from access_service.storage.tables import clients
from tests.access_service import dialects, seed
from tests.access_service.dialects import Doors
from tests.access_service.people import FACTS, PIN
from tests.access_service.test_answers import table

TOLD = {line.pop("release").strip("`"): line for line in table("What a client is told besides")}
READERS = dialects.WITH_PIN | dialects.WITHOUT_PIN
# Where it is told in any case, for it says whether the card is good.
ALWAYS = "always"


def values(record: PatronRecord) -> dict[Release, str]:
    """What of the patron each release tells, as it is spelled everywhere."""
    card = record.patron
    return {
        Release.PATRON_ID: str(record.patron_id),
        Release.LIBRARY_NUMBER: card.library_number,
        Release.STUDENT_NUMBER: card.student_number,
        Release.NAME: card.family_name,
        Release.PATRON_TYPE: card.patron_type,
        Release.PROFILE: card.profile,
        Release.BRANCH: card.branch,
        Release.SCHOOL: card.school,
        Release.GRADE: card.grade,
        Release.ROLE: '"role":"student"',
        Release.EXPIRES: "2027-09-15",
    }


def test_the_table_is_whole() -> None:
    """A line for each release, a column for each dialect."""
    assert TOLD.keys() == {*Release}
    assert all(line.keys() == {f"`{dialect}`" for dialect in DialectName} for line in TOLD.values())


def test_a_release_tells_what_the_page_says_and_no_more(databases: Databases) -> None:
    """In every dialect, to a client that was given it alone and asks with the right PIN."""
    patron = seed.patron(31_337_001, "4700001", **{**FACTS, "library_number": "8800001", "patron_type": "47119"})
    facts = values(seed.store(databases, patron, PIN))
    seed.admit(databases, seed.client())
    for release in Release:
        with databases.writer.begin() as connection:
            connection.execute(update(clients).values(releases=json.dumps([release])))
        # What is told must not be what was sent.
        sent = Release.LIBRARY_NUMBER if release is Release.STUDENT_NUMBER else Release.STUDENT_NUMBER
        doors = Doors.of(databases)
        for dialect in DialectName:
            asked = [reader for column, reader in READERS.items() if column.startswith(f"`{dialect}`")]
            raw = b"".join(reader(doors, facts[sent], PIN).raw for reader in asked).decode()
            cell = TOLD[release][f"`{dialect}`"]
            missing = [code for code in re.findall(r"`(.*?)`", cell) if not re.search(place(dialect, code), raw)]
            told = {other for other, fact in facts.items() if fact in raw} - {sent}
            always = {other for other in Release if ALWAYS in TOLD[other][f"`{dialect}`"]}
            assert not missing and told <= {release} | always, (dialect, release)
            assert release is Release.EXPIRES or (release in told) == bool(cell), (dialect, release)


def place(dialect: DialectName, code: str) -> str:
    """Where a fact stands."""
    if dialect is DialectName.SIP2:
        return rf"\|{code}[^|]+\|"
    return rf"\[{code}\]=" if dialect is DialectName.PATRONAPI else f'"{code}":'
