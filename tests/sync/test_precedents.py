"""A complete file that came before: older than the last one, or an old one once more."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from access_service.settings import load
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import holds, job
from sync.guard import Finding
from sync.report import Report
from tests.sync.nights import START, Nights
from tests.sync.rosters import Pupil, pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def written(path: Path, when: datetime) -> Path:
    os.utime(path, (when.timestamp(), when.timestamp()))
    return path


def night(nights: Nights, students: list[Pupil], when: datetime) -> Report:
    return nights.again(written(nights.roster(students), when))


def approve(nights: Nights, held: Report) -> Report:
    decider = replace(nights.job(Path("nowhere")), file=None, started_by="a librarian")
    return holds.approve(decider, held.run_id or 0, "they went back on purpose")


def test_an_older_file_is_held_and_can_be_approved(nights: Nights) -> None:
    """It says what was so before the last one; when a person lets it go, the next is measured by it."""
    evening = START + timedelta(hours=20)
    night(nights, pupils(21), evening)
    held = night(nights, pupils(20), evening - timedelta(days=1))
    assert (held.outcome, [reason.finding for reason in held.reasons]) == (Outcome.HELD, [Finding.OLDER_FILE])
    assert held.reasons[0].text == (
        "the file was written 2026-10-05 04:00 UTC, before that of 2026-10-06 04:00 UTC, which run 1 had"
    )
    assert approve(nights, held).facts["counts"]["absent"] == 1
    assert night(nights, pupils(22), evening - timedelta(hours=23)).outcome is Outcome.APPLIED


def test_a_clock_may_be_a_few_minutes_off(nights: Nights) -> None:
    """Two exports of one moment, from two machines of the district."""
    night(nights, pupils(20), START)
    assert night(nights, pupils(21), START - timedelta(minutes=4)).outcome is Outcome.APPLIED
    assert night(nights, pupils(22), START - timedelta(minutes=10)).outcome is Outcome.HELD


def test_a_file_of_before_the_last_one_is_held(nights: Nights) -> None:
    """Whatever time it bears. The last file itself is no news, and an approved one is the last again."""
    files = [nights.roster(pupils(count)) for count in (20, 21, 22)]
    for file in files:
        assert nights.again(file).outcome is Outcome.APPLIED
    assert nights.again(files[2]).outcome is Outcome.SAME_FILE
    held = nights.again(files[0])
    assert [reason.finding for reason in held.reasons] == [Finding.REPLAYED_FILE]
    assert held.reasons[0].text == "run 1 of 2026-10-06 applied this very file, and newer ones came since"
    assert approve(nights, held).outcome is Outcome.APPLIED
    assert nights.again(files[0]).reasons == ()
    assert nights.again(files[2]).outcome is Outcome.HELD


def test_a_file_whose_removals_wait_may_come_every_night(nights: Nights) -> None:
    """It was not accepted yet, so it is no replay; nor is it one once its removals were approved."""
    nights.configure(limits={"removals_percent": 0, "removals_count": 5, "file_shrink_percent": 100})
    nights.night(pupils(60))
    file = nights.roster([*pupils(50), *pupils(1, first=99)])
    for _ in range(2):
        waiting = nights.again(file)
        assert (waiting.outcome, {reason.finding for reason in waiting.reasons}) == (
            Outcome.HELD_IN_PART,
            {Finding.REMOVALS},
        )
    assert approve(nights, waiting).outcome is Outcome.APPLIED
    assert nights.again(file).reasons == ()


def test_an_undone_file_is_no_replay_and_the_one_before_is_the_last(nights: Nights) -> None:
    """Undo and its undo say which file counts."""
    good, wrong = nights.roster(pupils(20)), nights.roster(pupils(19))
    nights.again(good)
    undone = nights.undo(nights.again(wrong).run_id)
    assert [reason.finding for reason in job.preview(nights.job(wrong)).reasons] == [Finding.UNDONE_FILE]
    assert job.preview(nights.job(good)).outcome is Outcome.SAME_FILE
    nights.undo(undone.run_id)
    assert job.preview(nights.job(wrong)).reasons == ()
    assert [reason.finding for reason in job.preview(nights.job(good)).reasons] == [Finding.REPLAYED_FILE]
