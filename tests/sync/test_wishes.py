"""What people ask of the night by the pages: a real schedule does it in their name, and answers."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.errors import OperatorError
from access_service.pin_vault import PinVault
from access_service.samples import Sample, sealed, unsealed_answer
from access_service.settings import load
from access_service.storage import audit, progress, requests
from access_service.storage.engine import Databases
from access_service.storage.requests import UNSERVED, Request, RequestKind
from access_service.storage.runs import Outcome
from access_service.storage.tables import progress as progress_table
from sync import holds, job
from sync.alone import BusyError
from sync.console import Installation
from sync.schedule.wishes import GAVE_UP, Wishes
from tests.processes import until
from tests.sync.conftest import Serve
from tests.sync.nights import Nights
from tests.sync.rosters import package, pupils
from tests.sync.schedulers import Forks, Installed, installed

LIMITS = (
    "\n[limits]\nremovals_percent = 0\nremovals_count = 5\nsecond_person_removals = 10\nfile_shrink_percent = 100\n"
)


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, serve: Serve, database_url: str, forks: Forks) -> Iterator[Installed]:
    with installed(tmp_path, serve(), database_url, forks) as made:
        yield made


def configured(home: Installed) -> Path:
    config = home.configure({})
    file = config / "districts/demo.toml"
    file.write_text(file.read_text() + LIMITS)
    return config


def ask(home: Installed, kind: RequestKind, by: str, district: str = "demo", **facts: Any) -> int:
    with home.databases.writer.begin() as connection:
        return requests.ask(connection, district, by, datetime.now(UTC), kind=kind, **facts)


def answered(home: Installed, request_id: int) -> Request:
    """A request with its answer, which comes within seconds."""
    found: list[Request] = []

    def is_answered() -> bool:
        with home.databases.reader.connect() as connection:
            request = requests.get(connection, request_id)
        found[:] = [request] if request else []
        return bool(request and request.answered_at)

    until(is_answered)
    return found[0]


def test_a_held_night_is_looked_at_approved_by_two_and_undone(home: Installed) -> None:
    """In order, in the name of who asked; whoever comes too late hears who decided."""
    config = configured(home)
    process = home.start("tests.sync.schedulers:quick_heart", config)
    home.deliver(60)
    first = answered(home, ask(home, RequestKind.RUN, "staff ana"))
    assert first.answer == {"run": 1}
    until(home.published)
    home.deliver(30)
    answered(home, ask(home, RequestKind.RUN, "staff ana"))
    until(lambda: home.ledger()[-1].outcome == "held_in_part")
    why: dict[str, Any] = {"run_id": 2, "reason": "a school closed"}
    asked = [
        ask(home, RequestKind.LOOK, "staff ana", run_id=2),
        ask(home, RequestKind.APPROVE, "staff ana", **why),
        ask(home, RequestKind.APPROVE, "staff ana", **why),
        ask(home, RequestKind.APPROVE, "staff bo", **why),
        ask(home, RequestKind.DISCARD, "staff cy", **why),
        ask(home, RequestKind.UNDO_PREVIEW, "staff cy", run_id=3),
        ask(home, RequestKind.UNDO, "staff cy", run_id=3, reason="it did not"),
        ask(home, RequestKind.UNDO, "staff ana", run_id=3, reason="it did not"),
    ]
    look, one, again, two, late, preview, undone, twice = [answered(home, number) for number in asked]
    assert look.answer["report"]["counts"]["absent"] == 30
    assert look.answer["report"]["by_school"] == {"101": {"absent": 30}}
    assert "29000" not in str(look.answer) and "Family" not in str(look.answer)
    assert one.answer == {"run": 2, "outcome": "held", "waits_for": holds.SECOND}
    assert again.error.startswith("run 2: you have approved it already; it has 30 removals")
    assert two.answer == {"run": 3, "outcome": "applied"}
    assert late.error.startswith("run 2 was approved by staff bo on ")
    assert preview.answer["report"]["counts"]["put_back"] == 30 and preview.answer["report"]["left_alone"] == 0
    assert undone.answer == {"run": 4, "outcome": "applied"} and twice.error == "run 3: already undone by run 4"
    assert [run.started_by for run in home.ledger()][2:] == ["staff bo", "staff cy"]
    with home.databases.reader.connect() as connection:
        deeds = [(entry.by, entry.action) for entry in audit.entries(connection)]
        assert progress.read(connection) == {}
    assert deeds[-3:] == [("staff ana", "approve_first"), ("staff bo", "approve"), ("staff cy", "undo")]
    process.stop()
    assert len(process.lines("answered")) == 8


def given_up(home: Installed) -> int:
    """A wish at which two schedulers were killed; the second left on the disk what it looked at."""
    wish = ask(home, RequestKind.LOOK, "staff ana", district="other")
    with home.databases.writer.begin() as connection:
        connection.exec_driver_sql(f"UPDATE requests SET tries = 2 WHERE request_id = {wish}")  # noqa: S608
    left = home.folder / "spool" / f".sample-{wish}" / "export.csv"
    left.parent.mkdir(parents=True)
    left.write_text("Family7")
    return wish


def test_sources_and_samples_are_looked_at_and_a_dead_scheduler_keeps_nobody_waiting(
    home: Installed, tmp_path: Path
) -> None:
    """The same words as the commands print; nothing of a sample stays."""
    config = configured(home)
    sample = package(tmp_path / "export.zip", pupils(20))
    payload = sealed(PinVault.from_environment(), Sample("../export.zip", sample.read_bytes()))
    looked = ask(home, RequestKind.INSPECT, "staff ana", district="", payload=payload)
    begun = home.folder / "begun"
    dead = home.start("tests.sync.schedulers:stuck", config, begun)
    until(begun.exists)
    dead.send(signal.SIGKILL)
    broken = ask(home, RequestKind.INSPECT, "staff ana", payload=payload[:-1])
    hopeless = given_up(home)
    with home.databases.writer.begin() as connection:
        ago = datetime.now(UTC) - timedelta(days=2)
        old = requests.ask(connection, "old", "staff ana", ago, kind=RequestKind.APPROVE)
    process = home.start("tests.sync.schedulers:quick_heart", config)
    inspected = answered(home, looked)
    seen = unsealed_answer(PinVault.from_environment(), inspected.answer)
    assert inspected.tries == 2 and seen["text"].startswith("OneRoster 1.1 bulk: 20 rows, 20 students")
    assert 'pattern = "export.zip"' in seen["district_file"] and "OneRoster" not in str(inspected.answer)
    assert answered(home, broken).error.startswith("bug: InvalidTag at ")
    assert answered(home, hopeless).error == GAVE_UP and answered(home, old).error == UNSERVED
    unknown = answered(home, ask(home, RequestKind.LOOK, "staff ana", district="nowhere", run_id=1))
    assert "nowhere" in unknown.error
    tried = answered(home, ask(home, RequestKind.CHECK_SOURCE, "staff ana"))
    assert tried.answer["check"]["logged_in"] and "login      works" in tried.answer["text"]
    assert not list((home.folder / "spool").glob(".sample*"))
    with home.databases.reader.connect() as connection:
        assert requests.payload(connection, looked) is None
    assert "Family" not in process.said.read_text()


def test_a_wish_that_finds_a_run_under_way_waits(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not begun: however often that happens it is not given up, and it is not tried again at once, nor twice."""
    found: list[int] = []
    ended = threading.Event()

    def busy(*_: object) -> None:
        found.append(1)
        ended.wait(10)
        raise BusyError("a run is under way")

    monkeypatch.setattr("sync.schedule.wishes.answer", busy)
    with databases.writer.begin() as connection:
        number = requests.ask(connection, "demo", "staff ana", datetime.now(UTC), kind=RequestKind.LOOK, run_id=1)
    wishes = Wishes(Installation(Path("config")), databases)
    for _ in range(2):
        with databases.reader.connect() as connection:
            wishes.beat(connection)
        until(lambda: bool(found))
    ended.set()
    until(lambda: not wishes._under_way)
    with databases.reader.connect() as connection:
        wishes.beat(connection)
    wishes.end()
    with databases.reader.connect() as connection:
        wish = requests.get(connection, number)
    assert wish and (wish.tries, wish.taken_at, wish.answered_at) == (0, None, None) and len(found) == 1


def test_a_run_is_watched_and_watching_never_fails_it(databases: Databases, tmp_path: Path) -> None:
    """Each phase is there for others to read as it begins, and nothing of it afterwards."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    seen: list[tuple[int, str]] = []

    def phase(_: str) -> None:
        with databases.reader.connect() as connection:
            seen.extend((found.run_id, found.phase) for found in progress.read(connection).values())

    file = nights.roster(pupils(20))
    job.run(replace(nights.job(file), phase=phase))
    # Each is told after the phase before it, and before the watcher's own.
    assert seen == [(1, "fetch"), (1, "read"), (1, "plan")]
    with databases.reader.connect() as connection:
        assert progress.read(connection) == {}
        progress_table.drop(connection)
    assert nights.night(pupils(21)).outcome is Outcome.APPLIED


def test_two_people_approve_many_removals(databases: Databases, tmp_path: Path) -> None:
    """The same person's word counts once, by whatever way it comes; few removals need one person."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    limits = {"removals_percent": 0, "removals_count": 5, "second_person_removals": 10, "file_shrink_percent": 100}
    nights.configure(limits=limits)
    nights.night(pupils(60))
    held = nights.night(pupils(40)).run_id or 0
    decider = replace(nights.job(None), started_by="a librarian")
    word = holds.approve(decider, held, "they moved")
    assert word.outcome is Outcome.HELD and word.as_text().endswith(f"it waits for {holds.SECOND}\n  took     ")
    with pytest.raises(OperatorError, match="you have approved it already; it has 20 removals"):
        holds.approve(decider, held, "again")
    assert holds.approve(replace(decider, started_by="another"), held, "so they did").outcome is Outcome.APPLIED
    few = nights.night(pupils(32)).run_id or 0
    assert holds.approve(decider, few, "these too").outcome is Outcome.APPLIED
    with pytest.raises(OperatorError, match=rf"run {few} was approved by a librarian on .* \(run \d+\); nothing was"):
        holds.discard(decider, few, "too late")
    nights.configure(limits={**limits, "second_person_removals": 0})
    any_at_all = nights.night(pupils(25)).run_id or 0
    strict = replace(nights.job(None), started_by="a librarian")
    assert holds.approve(strict, any_at_all, "and these").outcome is Outcome.HELD
