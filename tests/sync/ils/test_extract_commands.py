"""The commands that read what the ILS says, and show what waits; and its file over SFTP."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from access_service.ils import Ils
from access_service.settings import load
from access_service.storage.engine import Databases
from sync import ils
from sync.ils import ExtractRefusedError
from tests.commands import Commands
from tests.place import Place
from tests.sync.conftest import Serve
from tests.sync.ils.model import COLUMNS, configure
from tests.sync.nights import Nights
from tests.sync.rosters import package, pupils
from tests.sync.sftp_servers import PASSWORD, HostileServer

EXTRACT = """
[ils.extract]
folder = "FOLDER"
pattern = "patrons.csv"
load_hours = 0

[ils.extract.columns]
number = "barcode"
key = "student"
patron_type = "type"
"""
HEADER = "barcode,student,type\n"


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    made = Place.on_sqlite(tmp_path, commands, empty)
    configure(made.config / "service.toml", tmp_path / "ils")
    with (made.config / "service.toml").open("a", encoding="utf-8") as service:
        service.write(EXTRACT.replace("FOLDER", str(tmp_path / "ils")))
    return made


def test_a_person_reads_lists_and_releases(place: Place) -> None:
    """What was refused is named with its reason and day; what was left alone is taken up, on record; a bad file is one
    line and exit code 1."""
    assert place.sync("run", "demo", "--file", package(place.folder / "r.zip", pupils(3))).code == 0
    assert place.sync("accounts", "list", "demo", "--json").json["counts"] == {"sent": 3}
    assert "no file matching 'patrons.csv'" in place.sync("extract").refused()
    file = place.folder / "ils" / "patrons.csv"
    file.write_text(HEADER + "290000001,1,STU-ELEM\n290000002,2,STAFF\n", encoding="utf-8")
    found = place.sync("extract", "--json").json
    assert {name: count for name, count in found["counts"].items() if count} == {
        "held": 1,
        "refused": 1,
        "left_alone": 1,
    }
    today = datetime.now(UTC).date()
    listed = place.sync("accounts", "list", "demo").out.splitlines()
    assert listed[0].startswith("290000002  left alone  since 20") and listed[0].endswith("converted in the ILS")
    assert listed[1].startswith("290000003  refused  since 20") and "not in the extract of" in listed[1]
    assert listed[2] == "demo: 1 held, 1 refused, 1 left alone" and str(today.year) in listed[0]
    told = place.day("explain", "290000002").out
    assert "in the ILS: left alone since" in told and "next: look at the account in the ILS" in told
    assert "read before" in place.sync("extract").out
    assert "is not left alone" in place.sync("accounts", "release", "demo", "290000001", "--reason", "x").refused()
    assert place.sync("accounts", "release", "demo", "290000002", "--reason", "a mistake").code == 0
    assert "in the ILS: to be told by the next load" in place.day("explain", "290000002").out
    assert "account_release" in place.day("audit", "list").out and place.day("audit", "verify").code == 0
    file.write_text(HEADER + "290000001,1\n", encoding="utf-8")
    assert "line 2: 2 cells in place of 3" in place.sync("extract", "--file", file).refused()
    loaded = place.sync("load", "demo", "--json")
    assert loaded.json["counts"] == {"renumber": 0, "create": 1, "update": 1, "expire": 0}
    assert "extract REFUSED" in loaded.err


def over_sftp(server: HostileServer, folder: Path, own: bool) -> Ils:
    place: dict[str, Any] = {"port": server.port, "user": server.user, "host_keys": server.fingerprints}
    host = {"host": "127.0.0.1", **place}
    delivery = {"to": "folder", "folder": str(folder)} if own else {"to": "sftp", "folder": ".", "tries": 1, **host}
    extract = {"at": "sftp", "folder": str(folder), "columns": {"number": "barcode"}, **(host if own else {})}
    table = {"format": "csv", "csv": {"columns": COLUMNS}, "delivery": {**delivery, "tries": 1}, "extract": extract}
    return Ils.model_validate(table)


@pytest.mark.parametrize("own", [True, False])
def test_the_file_comes_over_sftp(  # noqa: PLR0913, PLR0917 - fixtures
    databases: Databases, serve: Serve, outgoing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    """From the server of the deliveries or another one, under its own secret; the newest that fits; nothing of it stays
    on this machine."""
    monkeypatch.setenv("SFTP_PASSWORD_ILS_EXTRACT" if own else "SFTP_PASSWORD_ILS", PASSWORD)
    for hour, number in ((1, "111"), (2, "222")):
        file = outgoing / f"patrons-{hour}.csv"
        file.write_text(f"barcode\n{number}\n", encoding="utf-8")
        moment = datetime(2026, 10, 5, hour, tzinfo=UTC).timestamp()
        os.utime(file, (moment, moment))
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts), ils=over_sftp(serve(), outgoing, own))
    taken = ils.take(ils.reading_of(nights.job(None)))
    assert str(taken) == "of 2026-10-05 02:00 UTC: 1 rows" and not list((tmp_path / "spool").glob("ils-*"))
    with databases.reader.connect() as connection:
        assert connection.exec_driver_sql("SELECT number FROM ils_cards").scalars().all() == ["222"]
    file.unlink()
    (outgoing / "patrons-1.csv").unlink()
    with pytest.raises(ExtractRefusedError, match=r"\[ils.extract\]") as caught:
        ils.take(ils.reading_of(nights.job(None)))
    assert "district" not in str(caught.value) and "[feed]" not in str(caught.value)
