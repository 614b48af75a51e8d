"""What people ask of the night, as rows: in order, answered once, and nothing of a sample to be read."""

from datetime import UTC, datetime, timedelta

from access_service.pin_vault import PinVault
from access_service.samples import Sample, sealed, unsealed
from access_service.storage import progress, requests
from access_service.storage.engine import Databases
from access_service.storage.progress import Progress
from access_service.storage.requests import RequestKind

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


def test_a_wish_waits_is_taken_and_is_answered_once(databases: Databases) -> None:
    """Beside it a request for a run is taken by a run, as ever, and by nothing else."""
    with databases.writer.begin() as connection:
        look = requests.ask(connection, "demo", "staff ana", NOW, kind=RequestKind.LOOK, run_id=7)
        run = requests.ask(connection, "demo", "staff bo", NOW)
        assert [each.request_id for each in requests.unanswered(connection)] == [look, run]
        assert requests.waiting(connection) == {"demo": ["staff bo"]}
        assert requests.take(connection, "demo", 8, NOW) == 1
        requests.taken(connection, look, NOW)
        begun = requests.get(connection, look)
        assert begun and (begun.kind, begun.run_id, begun.tries, begun.taken_at) == (RequestKind.LOOK, 7, 1, NOW)
        assert begun.answered_at is None and begun.answer == {} and not begun.error
        requests.answered(connection, look, {"error": "no"}, NOW)
        requests.answered(connection, look, {"run": 9}, NOW)
        told = requests.get(connection, look)
        assert told and told.error == "no" and requests.newest(connection, RequestKind.LOOK, 7) == told
        asked = requests.get(connection, run)
        assert asked and (asked.taken_run, asked.answer, asked.answered_at) == (8, {"run": 8}, NOW)
        assert requests.unanswered(connection) == [] and requests.get(connection, 99) is None


def test_a_wish_that_nobody_serves_is_no_secret_for_ever(databases: Databases) -> None:
    """After a day it is answered, and the sample that came with it is gone; a request for a run still waits."""
    vault = PinVault.from_environment()
    payload = sealed(vault, Sample("ana-martinez.csv", b"4711,Ana,Martinez"))
    assert b"Ana" not in payload and b"ana" not in payload
    assert unsealed(vault, payload) == Sample("ana-martinez.csv", b"4711,Ana,Martinez")
    with databases.writer.begin() as connection:
        look = requests.ask(connection, "", "staff ana", NOW, kind=RequestKind.INSPECT, payload=payload)
        run = requests.ask(connection, "demo", "staff bo", NOW)
        assert requests.payload(connection, look) == payload
        later = requests.ask(connection, "demo", "x", NOW + timedelta(days=1, hours=1), kind=RequestKind.CHECK_SOURCE)
        assert requests.payload(connection, look) is None
        told = requests.get(connection, look)
        assert told and "roster-sync schedule" in told.error
        assert [each.request_id for each in requests.unanswered(connection)] == [run, later]
        requests.expire(connection, NOW + timedelta(days=100))
        requests.expire(connection, NOW + timedelta(days=200))
        assert requests.get(connection, look) is None and requests.waiting(connection) == {"demo": ["staff bo"]}


def test_progress_is_seen_while_a_night_writes(databases: Databases) -> None:
    """One row a district, on a connection of its own, which no night's transaction delays."""
    with databases.writer.begin() as night, databases.reader.connect() as beside:
        requests.ask(night, "demo", "a night that writes", NOW)
        for phase in ("fetch", "plan"):
            progress.note(beside, "demo", Progress(3, phase, NOW))
        assert progress.read(beside) == {"demo": Progress(3, "plan", NOW)}
        progress.forget(beside, "demo", 2)
        assert progress.read(beside)
        progress.forget(beside, "demo", 3)
        assert not progress.read(beside)
