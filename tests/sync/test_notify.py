"""Whom a night is told to, when, and that it is told once."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.errors import OperatorError
from access_service.notices import Event
from access_service.settings import load
from access_service.storage.engine import Databases
from access_service.storage.notices import Way
from access_service.timetable import Schedule
from sync import notify
from sync.notify.events import Situation, due
from tests.commands import Commands
from tests.place import Place
from tests.sync.ils.test_load import ils as csv_ils
from tests.sync.listeners import Receiver, receiver
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, package, pupils

SECRET = base64.b64encode(b"k" * 32).decode()


@dataclass
class Ear:
    """A district whose nights are told to a webhook."""

    nights: Nights
    heard: Receiver
    read: int = field(default=0)

    def told(self, **passed: float) -> list[str]:
        """What is said now, after so much time has passed: each time the event, then its text."""
        self.nights.now += timedelta(**passed)
        notify.after_run(self.nights.settings(), self.nights.databases, "demo", self.nights.now)
        posts, self.read = [json.loads(body) for _, _, body in self.heard.posts[self.read :]], len(self.heard.posts)
        return [f"{' '.join(event['event'] for event in post['events'])}: {post['text']}" for post in posts]


@pytest.fixture
def ear(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ear]:
    """Sixty students are known; twenty may be renamed."""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    monkeypatch.setattr("sync.notify.telling.WAITS", (0,))
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    with receiver() as heard:
        nights.configure(limits={"removals_percent": 0, "removals_count": 5, "file_shrink_percent": 100})
        nights.configure(notify={"webhook": heard.url})
        nights.night(pupils(60))
        yield Ear(nights, heard)


def renamed() -> list[Pupil]:
    return [pupil.moved(family=f"New{pupil.family}") for pupil in pupils(60)]


def broken(ear: Ear) -> Path:
    """A file that holds a name and is no roster."""
    path = ear.nights.folder / "broken.csv"
    path.write_bytes(b"Family7,Given7\r\n0000007,s-0000007\r\n")
    return path


def test_a_good_night_is_no_news(ear: Ear) -> None:
    """Nobody reads a mail that comes every day."""
    assert ear.told() == []
    ear.nights.night(pupils(61))
    assert ear.told() == ear.told(hours=3) == []


def test_a_held_night_is_told_once_and_again_in_brief(ear: Ear) -> None:
    """Not each poll; the next day in two lines where it is the same file and the same finding."""
    file = ear.nights.roster(renamed())
    held = ear.nights.again(file)
    (said,) = ear.told()
    assert said.startswith("held: Maple County Schools (synthetic) (demo)\n")
    for line in (
        f"Run {held.run_id}: HELD: nothing was changed",
        "because  60 renamed of 60 patrons; at most 20 go unattended [renamed]",
        "at 101: 60 update",
        "everybody is served as after run 1,",
        f"roster-sync show {held.run_id}",
        f"roster-sync approve {held.run_id} --reason",
    ):
        assert line in said, said
    assert ear.told(minutes=5) == ear.told(hours=2) == []
    again = ear.nights.again(file)
    (brief,) = ear.told()
    assert f"Run {again.run_id}: HELD" in brief and f"the same as run {held.run_id} of 2026-10-07" in brief
    assert "because" not in brief and f"roster-sync show {again.run_id}" in brief
    ear.nights.night([*renamed(), *pupils(5, first=80)])
    (other,) = ear.told()
    assert "because  60 renamed" in other


def test_the_end_of_trouble_is_told_once(ear: Ear) -> None:
    """And only of trouble that was heard."""
    ear.nights.night([*pupils(40), *pupils(1, first=99)])
    assert [said.split(":")[0] for said in ear.told()] == ["held_in_part"]
    ear.nights.night(pupils(61))
    (said,) = ear.told()
    assert said.startswith("recovered: ") and "a good night again; applied" in said
    assert ear.told() == []
    ear.nights.night(pupils(62))
    assert ear.told() == []


def test_drift_is_told_as_such(ear: Ear) -> None:
    """Those who want to hear of drift alone hear of this night, and of no other that is held."""
    ear.nights.configure(notify={"on": ["drift"], "webhook": ear.heard.url})
    ear.nights.night(renamed())
    assert ear.told() == []
    ear.nights.night([pupil.moved(grade="11") for pupil in pupils(60)])
    (said,) = ear.told()
    assert said.startswith("drift: ") and "[grade_mix]" in said


def test_a_failed_night_says_why(ear: Ear) -> None:
    """In the words of the command."""
    with pytest.raises(OperatorError):
        ear.nights.again(broken(ear))
    (said,) = ear.told()
    assert said.startswith("failed: ") and "because  " in said and "roster-sync preview demo" in said


def test_a_night_that_nobody_ran_is_missed(ear: Ear) -> None:
    """From the hours on that the district's file says, once a day, until there is a good one."""
    assert ear.told(hours=25) == []
    (said,) = ear.told(hours=2)
    assert said.startswith("missed: ") and "No good night for 27 hours: the last one was run 1" in said
    assert ear.told(hours=1) == []
    assert len(ear.told(days=1)) == 1
    ear.nights.night(pupils(60))
    assert [each.split(":")[0] for each in ear.told()] == ["recovered"]


def test_a_night_that_was_not_due_is_not_missed(ear: Ear) -> None:
    """With a schedule its times count, not the hours: nobody is told of a quiet weekend."""
    demo = ear.nights.districts["demo"]
    ear.nights.districts["demo"] = demo.model_copy(update={"schedule": Schedule(cron=("30 3 * * mon",))})
    # The first night was a Tuesday's; on Monday the next is due at 07:30 UTC.
    assert ear.told(days=6) == []
    (said,) = ear.told(hours=2)
    assert said.startswith("missed: ")


def test_what_nobody_heard_is_told_again(ear: Ear) -> None:
    """Not at once, but when somebody is there again, with its own day; the night's outcome stands."""
    ear.heard.status = 503
    ear.nights.night(renamed())
    assert ear.told()[0].startswith("held: ")  # it was said, and not taken
    assert ear.told(minutes=5) == []
    ear.heard.status = 204
    ear.nights.night(pupils(61))
    (said,) = ear.told()
    assert said.startswith("held: ") and "\n2026-10-07  Run 2: HELD" in said
    assert [each.split(":")[0] for each in ear.told()] == ["recovered"]
    assert ear.told(hours=1) == []


def test_what_went_wrong_is_one_line_for_whoever_ran_it(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no exception."""
    ear.heard.status = 401
    ear.nights.night(renamed())
    (line,) = notify.after_run(ear.nights.settings(), ear.nights.databases, "demo", ear.nights.now)
    assert line.startswith("demo: webhook not sent: http://localhost:") and "401" in line
    monkeypatch.setattr("sync.notify.telling.due", lambda _: 1 / 0)
    (line,) = notify.after_run(ear.nights.settings(), ear.nights.databases, "demo", ear.nights.now)
    assert line.startswith("demo: nobody was told: bug: ZeroDivisionError")
    ear.nights.databases.dispose()


@pytest.mark.parametrize(("days", "told"), [(61, 0), (60, 1), (45, 1), (30, 1), (7, 1), (0, 1), (-5, 1)])
def test_the_end_of_an_agreement_is_told_ahead(days: int, told: int) -> None:
    """From the day on, whichever day the service first looks, and whatever became of the nights."""
    district = load(Path("config")).districts["demo"]
    ends = datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(days=days)
    agreed = district.model_copy(update={"agreement": district.agreement.model_copy(update={"ends": ends.date()})})
    news = list(due(Situation(agreed, datetime(2026, 11, 22, 12, tzinfo=UTC), None, None, [])))
    assert [each.event for each in news] == [Event.AGREEMENT_ENDING] * told


def test_a_year_of_an_ending_agreement(ear: Ear) -> None:
    """Four times in all: no run after the end is a failure that anybody must hear of every day."""
    ends = ear.nights.now.date() + timedelta(days=70)
    ear.nights.configure(agreement={"ends": ends}, notify={"webhook": ear.heard.url, "on": ["agreement_ending"]})
    said = {str(ear.nights.now.date()): texts for _ in range(100) if (texts := ear.told(days=1))}
    assert [ends - timedelta(days=n) for n in (60, 30, 7, 0)] == [type(ends).fromisoformat(day) for day in said]
    assert "ends in 30 days, on" in list(said.values())[1][0] and "ends today, on" in list(said.values())[3][0]
    ear.nights.configure(notify={"webhook": ear.heard.url, "on": list(Event)})
    with pytest.raises(OperatorError, match="the agreement holds"):
        ear.nights.night(pupils(60))
    assert ear.told() == []


def test_two_tellers_tell_once(ear: Ear) -> None:
    """A run and the schedule's tick at the same moment: who claims a notice tells it, the other does not."""
    ear.nights.night(renamed())
    asked: list[Any] = []

    def meanwhile(*_: Any) -> None:
        if not asked:
            asked.append(notify.tell(ear.nights.settings(), ear.nights.databases, "demo", ear.nights.now))

    teller = notify.telling.Teller(ear.nights.settings(), ear.nights.districts["demo"], ear.nights.now, sleep=meanwhile)
    notify.telling._note(teller, ear.nights.databases)
    assert notify.telling._deliver(teller, ear.nights.databases, Way.WEBHOOK)
    assert asked == [[]] and len(ear.heard.posts) == 1


def test_nothing_personal_is_told(ear: Ear) -> None:
    """Names and numbers of a held night and of a failed one."""
    ear.nights.night(renamed())
    ear.told()
    with pytest.raises(OperatorError):
        ear.nights.again(broken(ear))
    ear.told()
    said = b"".join(body for _, _, body in ear.heard.posts).decode()
    assert len(ear.heard.posts) == 2
    assert not [each for pupil in renamed() for each in (pupil.family, pupil.number, pupil.source_id) if each in said]


def test_a_run_by_command_tells_and_ends_as_ever(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """Exit code and standard output are the night's; what was not sent is a line beside them."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    place.environment["WEBHOOK_SECRET"] = SECRET
    with receiver() as heard:
        place.edit("[calendar]", f'[notify]\nwebhook = "{heard.url}"\n[calendar]')
        place.edit("[calendar]", "[limits]\nfile_shrink_percent = 100\n[calendar]")
        assert place.sync("run", "demo", "--file", package(tmp_path / "1.zip", pupils(60))).err == ""
        held = place.sync("run", "demo", "--json", "--file", package(tmp_path / "2.zip", renamed()))
        assert (held.code, held.json["outcome"], held.err, len(heard.posts)) == (2, "held", "", 1)
        heard.status = 401
        failed = place.sync("run", "demo", "--file", tmp_path)
    assert failed.code == 1 and len(heard.posts) == 2
    told, error = failed.err.splitlines()
    assert told.startswith("demo: webhook not sent: ") and error.startswith("error: ")


def test_a_load_that_is_late_is_told_and_its_coming_too(ear: Ear) -> None:
    """The night was good: the text says that the ILS was not told and why, and what to type."""
    folder = ear.nights.folder / "ils"
    ear.nights.ils = csv_ils(folder)
    folder.rmdir()
    ear.nights.night(pupils(61))
    (said,) = ear.told()
    assert said.startswith("load_late: ") and "no such folder" in said and "roster-sync load demo" in said
    assert not ear.told()
    folder.mkdir()
    ear.nights.night(pupils(62))
    (said,) = ear.told()
    assert said.startswith("recovered: ") and len([*folder.iterdir()]) == 2
