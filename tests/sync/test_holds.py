"""A person looks at a held night, and decides."""

from dataclasses import replace
from pathlib import Path

import pytest

from access_service.domain.access import Standing
from access_service.errors import OperatorError
from access_service.settings import load
from access_service.storage import runs
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import holds
from sync.order import Job
from tests.commands import Commands
from tests.place import Place
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, package, pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """Sixty students are known; five may be removed and twenty renamed."""
    installed = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    installed.configure(limits={"removals_percent": 0, "removals_count": 5, "file_shrink_percent": 100})
    installed.night(pupils(60))
    return installed


def renamed() -> list[Pupil]:
    return [pupil.moved(family=f"New{pupil.family}") for pupil in pupils(60)]


def decider(nights: Nights) -> Job:
    return replace(nights.job(Path("nowhere")), file=None, started_by="a librarian")


def waiting(nights: Nights) -> list[int]:
    return [run.run_id for run in holds.standing(nights.settings(), nights.databases)]


def test_an_approved_night_is_applied_from_its_own_file(nights: Nights) -> None:
    """The file may be gone from the district's server: it was kept, sealed, and is no more afterwards."""
    file = nights.roster(renamed())
    report = nights.again(file)
    assert report.outcome is Outcome.HELD and waiting(nights) == [report.run_id]
    file.unlink()
    kept = next((nights.folder / "spool" / "held").iterdir())
    assert b"Family" not in kept.read_bytes()
    approved = holds.approve(decider(nights), report.run_id or 0, "all of them married")
    assert approved.outcome is Outcome.APPLIED
    record = nights.find("7").record
    assert record and record.patron.family_name == "NewFamily7"
    assert waiting(nights) == [] and not kept.exists()
    with nights.databases.reader.connect() as connection:
        run = runs.get(connection, approved.run_id or 0)
    assert run and run.started_by == "a librarian"
    assert (run.report["approves"], run.report["reason"]) == (report.run_id, "all of them married")
    assert (run.file_name, run.file_sha256) == (report.file["name"], report.file["sha256"])


def test_removals_that_wait_go_when_they_are_approved(nights: Nights) -> None:
    """Of a night held in part the rest was in already."""
    report = nights.night([*pupils(50), *pupils(1, first=99)])
    assert report.outcome is Outcome.HELD_IN_PART and nights.find("99").standing is Standing.ACTIVE
    assert nights.find("60").record is not None and waiting(nights) == [report.run_id]
    approved = holds.approve(decider(nights), report.run_id or 0, "a school closed")
    assert (approved.outcome, approved.facts["counts"]["absent"]) == (Outcome.APPLIED, 10)
    assert nights.find("60").standing is Standing.ABSENT


def test_a_hold_ends_with_the_next_good_file(nights: Nights) -> None:
    """What nobody decided on in time is no question any more."""
    report = nights.night(renamed())
    assert nights.night(pupils(61)).outcome is Outcome.APPLIED
    assert waiting(nights) == []
    with pytest.raises(OperatorError, match="is not held, or no more"):
        holds.approve(decider(nights), report.run_id or 0, "too late")


def test_the_newest_hold_is_the_one_that_stands(nights: Nights) -> None:
    """Another held file takes the place of the first."""
    first, second = nights.night(renamed()), nights.night(reversed(renamed()))
    assert waiting(nights) == [second.run_id]
    with pytest.raises(OperatorError, match="is not held, or no more"):
        holds.look(decider(nights), first.run_id or 0)
    assert holds.look(decider(nights), second.run_id or 0).outcome is Outcome.HELD


def test_an_approval_is_for_what_was_found_and_nothing_else(nights: Nights) -> None:
    """A further finding holds the night again, under a run of its own."""
    report = nights.night([*renamed(), *pupils(2, first=80)])
    nights.configure(limits={"creates_percent": 0, "creates_count": 1})
    again = holds.approve(decider(nights), report.run_id or 0, "names only")
    assert again.outcome is Outcome.HELD and waiting(nights) == [again.run_id]
    assert nights.find("80").standing is Standing.UNKNOWN
    assert holds.approve(decider(nights), again.run_id or 0, "all of it").outcome is Outcome.APPLIED


def test_a_discarded_night_is_gone_and_told(nights: Nights) -> None:
    """The ledger says who and why; the same bytes are looked at anew."""
    file = nights.roster(renamed())
    report = nights.again(file)
    before = nights.everything()
    holds.discard(decider(nights), report.run_id or 0, "wrong file")
    assert waiting(nights) == [] and nights.everything() == before
    with nights.databases.reader.connect() as connection:
        run = runs.get(connection, report.run_id or 0)
    assert run and run.outcome is Outcome.DISCARDED
    assert (run.report["discarded"]["by"], run.report["discarded"]["reason"]) == ("a librarian", "wrong file")
    assert nights.again(file).outcome is Outcome.HELD


def test_a_look_names_schools_and_numbers_and_writes_nothing(nights: Nights) -> None:
    """What a librarian needs to know one of them by."""
    report = nights.night([pupil.moved(school="102") for pupil in renamed()])
    before = nights.everything()
    looked = holds.look(decider(nights), report.run_id or 0)
    assert looked.facts["by_school"] == {"102": {"update": 60}}
    assert looked.examples["update"][:2] == ["290000001", "290000002"]
    assert not [number for numbers in looked.examples.values() for number in numbers if number in str(looked.as_json())]
    assert nights.everything() == before


def test_a_held_night_by_its_commands(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """From the hold to the card, as a library's IT types it."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    assert place.sync("run", "demo", "--file", package(tmp_path / "one.zip", pupils(60))).code == 0
    assert place.sync("holds").out == "nothing is held\n"
    assert place.sync("run", "demo", "--file", package(tmp_path / "two.zip", renamed())).code == 2
    held = place.sync("holds")
    assert (
        held.out.startswith("run 2  demo  held  ") and "60 renamed of 60 patrons; at most 20 go unattended" in held.out
    )
    assert place.sync("holds", "--json").json["holds"][0]["findings"][0]["code"] == "updates"
    shown = place.sync("show", "2")
    assert shown.code == 0 and "  at 101: 60 update\n" in shown.out
    assert "  for example update: 290000001, 290000002, " in shown.out and "Family" not in shown.out
    assert place.sync("approve", "2").code == 1
    approved = place.sync("approve", "2", "--reason", "the district confirmed")
    assert approved.code == 0 and "  approved 60 renamed of 60 patrons" in approved.out
    for again in (("approve", "2", "--reason", "x"), ("discard", "2", "--reason", "x"), ("show", "2"), ("show", "99")):
        ended = place.sync(*again)
        assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1), ended
