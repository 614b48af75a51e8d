"""No room, at any step of a night: one line that says where and what to do, nothing half done, and the next run."""

import shutil
from pathlib import Path

import pytest

from tests.commands import Commands
from tests.consistency import consistent, same
from tests.offered import offering
from tests.place import Place
from tests.sync.rosters import Pupil, package, pupils

KIB = 1024
# Too little for: the file as it lands, the database's log as the run begins, its rows; at last enough.
ROOM = (1, 40, 48, 64, 128, 320, 640, 1280, 2560, 16_384)


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    """An installation on SQLite that knows twenty students, of a district that may grow."""
    made = Place.on_sqlite(tmp_path, commands, empty)
    made.edit("[calendar]", "[limits]\ncreates_count = 3000\n\n[calendar]")
    assert made.sync("run", "demo", "--file", package(tmp_path / "first.zip", pupils(20))).code == 0
    return made


def settled(place: Place) -> dict[str, list[str]]:
    with place.nights() as nights, nights.databases.reader.connect() as connection:
        consistent(connection)
        return same(connection)


def spooled(place: Place) -> set[str]:
    spool = place.folder / "var/spool"
    return {path.name for path in spool.rglob("*") if path.is_file()} - {"demo.lock", "demo.sealed"}


def test_wherever_the_room_ends(place: Place) -> None:
    """No file may grow over so many KiB, as under a quota: more and more of the night fits, at last all of it."""
    before, places = settled(place), set[str]()
    with offering(place) as outgoing:
        package(outgoing / "roster.zip", pupils(3000))
        for room in ROOM:
            ended = place.sync("run", "demo", largest_file=room * KIB)
            if ended.code == 0:
                break
            line = ended.refused()
            assert "; make room" in line and len(line) < 300, line
            places.add("spool" if "/var/spool/demo/" in line else line.split(":")[0])
            assert settled(place) == before
            assert spooled(place) == set()
        else:
            pytest.fail("there was room for all of it")
    assert {"spool", "database"} <= places
    assert len(place.stored()["patrons"]) == 3000


def renamed() -> list[Pupil]:
    return [pupil.moved(family=f"New{pupil.family}") for pupil in pupils(400)]


def test_no_room_for_a_held_file(place: Place, tmp_path: Path) -> None:
    """A night that cannot be kept for a person is no held night: the run fails, and says where to make room."""
    assert place.sync("run", "demo", "--file", package(tmp_path / "second.zip", pupils(400))).code == 0
    before, file = settled(place), package(tmp_path / "third.zip", renamed())
    held = place.folder / "var/spool/held"
    held.parent.mkdir(parents=True, exist_ok=True)
    # Nobody can write here, not even root.
    held.touch()
    line = place.sync("run", "demo", "--file", file).refused()
    assert line.startswith(str(held)) and "make room, check its owner, or set another spool" in line
    assert settled(place) == before and place.sync("holds").out == "nothing is held\n"
    held.unlink()
    assert place.sync("run", "demo", "--file", file).code == 2
    assert place.sync("holds").out.startswith("run 4 ")


def test_a_held_file_that_outgrows_the_room_leaves_nothing(place: Place, tmp_path: Path) -> None:
    """Sealing stops half way: what was written of it is gone, and the roster with it."""
    wide = [pupil.moved(extra={"phone": f"{n * 7919 % 10**9:09}" * 30}) for n, pupil in enumerate(pupils(20))]
    file = package(tmp_path / "wide.zip", [pupil.moved(family=f"New{pupil.family}") for pupil in wide])
    bulky = tmp_path / "bulky"
    shutil.unpack_archive(file, bulky)
    (bulky / "notes.csv").write_bytes(bytes(2048 * KIB))
    place.edit("creates_count = 3000", "creates_count = 3000\nupdates_count = 0\nupdates_percent = 0")
    before = settled(place)
    line = place.sync("run", "demo", "--file", bulky, largest_file=512 * KIB).refused()
    assert "/var/spool/held" in line and "file too large; make room" in line, line
    assert settled(place) == before and spooled(place) == set()
    assert place.sync("run", "demo", "--file", bulky).code == 2
