"""The schedule as processes: one leads, each file is published once, and nothing that was overtaken can publish."""

import http.server
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from sqlalchemy import make_url

from access_service.storage import requests, runs
from tests.access_service import seed
from tests.place import copy_of
from tests.postgres import PostgresServer
from tests.processes import until
from tests.sync.conftest import Serve
from tests.sync.schedulers import Forks, Installed, Process, installed

NEVER = "0 0 29 2 *"
EVERY = {"cron": [NEVER], "poll_minutes": 0.005}
SCHEDULER, TICKS = "tests.sync.schedulers:scheduler", "tests.sync.schedulers:ticks"


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, serve: Serve, database_url: str, forks: Forks) -> Iterator[Installed]:
    with installed(tmp_path, serve(), database_url, forks) as made:
        yield made


def leaders(processes: list[Process]) -> list[Process]:
    return [process for process in processes if process.alive and process.lines("leading")]


def end_sessions(url: str) -> None:
    """Close the PostgreSQL sessions that hold a lock, as a server does with a client that is gone."""
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False)) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON pg_locks.database = pg_database.oid"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )


def test_eight_schedulers_publish_each_file_once(home: Installed) -> None:
    """One of eight leads; when it is killed another one goes on, and no file is published twice or left out."""
    config = home.configure(EVERY)
    crowd = [home.start(SCHEDULER, config) for _ in range(8)]
    until(lambda: all(process.lines() for process in crowd))
    names = []
    for n in range(3):
        names.append(home.deliver(10 + n))
        until(lambda: home.published() == names)
    [leader] = leaders(crowd)
    leader.send(signal.SIGKILL)
    names.append(home.deliver(20))
    until(lambda: home.published() == names)
    assert len(leaders(crowd)) == 1
    for process in crowd[::-1]:
        if process.alive:
            process.stop()
    # A look that finds nothing new is no run.
    assert [run.outcome for run in home.ledger()] == ["applied"] * 4


def test_a_hundred_ticks_of_eight_workers(home: Installed) -> None:
    """Without an election too: whoever comes second finds another run under way, or the same file."""
    config = home.configure({})
    names, crowd = [home.deliver(10)], list[Process]()
    # In four rounds: who finds another run under way has ticked sooner than a roster is published.
    for n in range(4):
        crowd.extend(home.start(TICKS, config, ticks) for ticks in (4, 3, 3, 3, 3, 3, 3, 3))
        until(lambda: home.published() == names)
        names.append(home.deliver(11 + n))
        until(lambda: not any(process.alive for process in crowd))
    home.start(TICKS, config, 1)
    until(lambda: home.published() == names)
    said = [line for process in crowd for line in process.lines()]
    assert len(said) == 100
    assert {line["event"] for line in said} <= {"run ended", "run not started"}
    assert {line["outcome"] for line in said if line["event"] == "run ended"} <= {
        "applied",
        "same_file",
        "same_students",
    }
    assert {run.outcome for run in home.ledger()} <= {"applied", "same_file"}


def test_a_stopped_leader_that_wakes_publishes_nothing(home: Installed) -> None:
    """Stopped between plan and apply, its session gone, overtaken by another host: it changes nothing and says so."""
    here, there = home.configure({}), home.configure({}, "other", "other-spool")
    home.deliver(10)
    about_to = home.folder / "about-to-apply"
    stopped = home.start("tests.sync.schedulers:stopped_before_apply", here, about_to)
    until(about_to.exists)
    if "postgresql" in home.url:
        # While it has its session nobody else comes in.
        other = home.start(TICKS, there, 1)
        until(other.ended)
        assert [line["event"] for line in other.lines()] == ["run not started"]
        end_sessions(home.url)
    newer = home.deliver(12)
    other = home.start(TICKS, there, 1)
    until(other.ended)
    assert [line["outcome"] for line in other.lines("run ended")] == ["applied"]
    before = state(home)
    stopped.send(signal.SIGCONT)
    until(stopped.ended)
    [line] = stopped.lines()
    assert line["error"] == "another run was applied meanwhile; this one changed nothing"
    assert state(home) == before
    assert home.published() == [newer]


def state(home: Installed) -> list[list[tuple[Any, ...]]]:
    with home.databases.reader.connect() as connection:
        tables = ("patrons", "identifiers", "seen", "district_state", "changes")
        return [sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}"))) for name in tables]  # noqa: S608


def test_a_leader_that_loses_its_session_stands_back(
    tmp_path: Path, serve: Serve, postgres: PostgresServer, forks: Forks
) -> None:
    """A database that was restarted: somebody leads again, and nights go on."""
    url = postgres.upgraded_database()
    with installed(tmp_path, serve(), url, forks) as home:
        process = home.start(SCHEDULER, home.configure(EVERY))
        first = home.deliver(10)
        until(lambda: home.published() == [first])
        end_sessions(url)
        until(lambda: len(process.lines("leading")) == 2)
        assert [line["event"] for line in process.lines() if "database" in line["event"]] == ["database away"]
        second = home.deliver(11)
        until(lambda: home.published() == [first, second])


def test_requests_are_answered_once_and_soon(home: Installed) -> None:
    """Two that wait are one run, of a district without a schedule too; what is asked meanwhile is another."""
    config = home.configure({})
    home.deliver(10)
    with home.databases.writer.begin() as connection:
        for who in ("a librarian", "another"):
            requests.ask(connection, "demo", who, datetime.now(UTC))
    crowd = [home.start(SCHEDULER, config) for _ in range(3)]
    until(lambda: len(home.published()) == 1)
    with home.databases.writer.begin() as connection:
        requests.ask(connection, "demo", "somebody later", datetime.now(UTC))
    until(lambda: len(home.ledger()) == 2)
    with home.databases.reader.connect() as connection:
        until(lambda: not requests.waiting(connection))
        taken = connection.exec_driver_sql("SELECT taken_run FROM requests ORDER BY request_id").scalars().all()
    assert taken == [1, 1, 2]
    assert [run.started_by for run in home.ledger()] == ["a librarian by request", "somebody later by request"]
    until(lambda: sum(len(process.lines("run ended")) for process in crowd) == 2)


def test_what_was_missed_is_caught_up_once(home: Installed) -> None:
    """Ten nights without a scheduler are one run at its start; a second start owes nothing."""
    # Half a day from now, so that no night is due meanwhile.
    hour = (datetime.now(seed.district().zone).hour + 12) % 24
    config = home.configure({"cron": [f"0 {hour} * * *"]})
    home.deliver(10)
    with home.databases.writer.begin() as connection:
        run = runs.begin(connection, "demo", "long ago", "", datetime.now(UTC) - timedelta(10))
        runs.finish(connection, run, runs.Outcome.APPLIED, datetime.now(UTC) - timedelta(10))
    for owed in (True, False):
        process = home.start(SCHEDULER, config)
        until(partial(process.has_said, "scheduled"))
        assert [line["catches_up"] for line in process.lines("scheduled")] == [owed]
        until(lambda: len(home.ledger()) == 2)
        process.stop()
        assert process.has_said("stopped")
    assert len(home.ledger()) == 2


class Pings(http.server.BaseHTTPRequestHandler):
    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def pinged() -> Iterator[tuple[str, list[str]]]:
    Pings.heard = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pings) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/ping/0f-secret", Pings.heard
        server.shutdown()
        thread.join()


def test_one_districts_failure_is_nobody_elses(tmp_path: Path, empty: Path, serve: Serve, forks: Forks) -> None:
    """Two districts at the same time: one cannot be fetched, the other is run, and only its ping is heard."""
    with installed(tmp_path, serve(), copy_of(empty, tmp_path), forks) as home, pinged() as (url, heard):
        config = home.configure({"cron": [NEVER]})
        demo = (config / "districts/demo.toml").read_text()
        other = demo.replace('code = "demo"', 'code = "other"').replace('"29{', '"39{').replace('"290', '"390')
        (config / "districts/other.toml").write_text(other)
        home.deliver(10)
        with home.databases.writer.begin() as connection:
            for code in ("other", "demo"):
                requests.ask(connection, code, "a test", datetime.now(UTC))
        process = home.start(SCHEDULER, config, PING_URL_DEMO=url, PING_URL_OTHER=url + "-other")
        until(lambda: len(process.lines("run ended")) >= 2)
        ended = {line["district"]: line for line in process.lines("run ended")}
        assert (ended["demo"]["outcome"], ended["other"]["outcome"]) == ("applied", "failed")
        assert "SFTP_KEY_OTHER" in ended["other"]["error"]
        until(lambda: heard)
        assert set(heard) == {"/ping/0f-secret"}
        assert "0f-secret" not in process.said.read_text()


def test_sigterm_lets_a_run_end_and_starts_no_other(home: Installed) -> None:
    """What is under way is finished; the process ends with 0 and its last line says so."""
    config = home.configure(EVERY)
    (config / "districts/demo.toml").write_text(
        (config / "districts/demo.toml").read_text().replace("settle_seconds = 0", "settle_seconds = 1.5")
    )
    name = home.deliver(10)
    process = home.start(SCHEDULER, config)
    until(home.ledger)
    process.send(signal.SIGTERM)
    home.deliver(11)
    until(process.ended)
    assert home.published() == [name] or home.published() == ["roster-002.zip"]
    assert len(home.ledger()) == 1
    assert [line["event"] for line in process.lines()][-2:] == ["run ended", "stopped"]


def test_a_refused_login_is_not_tried_again_by_polls(tmp_path: Path, empty: Path, serve: Serve, forks: Forks) -> None:
    """Asked every few minutes, a wrong password would lock the account."""
    server = serve()
    with installed(tmp_path, server, copy_of(empty, tmp_path), forks) as home:
        process = home.start(SCHEDULER, home.configure(EVERY), SFTP_PASSWORD_DEMO="wrong")
        until(partial(process.has_said, "no poll until the next night"))
        # Three more polls go by.
        time.sleep(1)
        assert server.passwords_tried == 1
        assert home.ledger() == []


def test_an_edited_schedule_is_taken_up_and_a_broken_one_is_told(
    tmp_path: Path, empty: Path, serve: Serve, forks: Forks
) -> None:
    """A process that runs on reads its configuration again; with a broken one it goes on as it was."""
    with installed(tmp_path, serve(), copy_of(empty, tmp_path), forks) as home:
        config = home.configure({})
        process = home.start("tests.sync.schedulers:quick_reader", config)
        until(partial(process.has_said, "leading"))
        home.configure({"cron": ["not cron"]})
        until(partial(process.has_said, "configuration not read"))
        home.configure(EVERY)
        name = home.deliver(10)
        until(lambda: home.published() == [name])
        [complaint] = process.lines("configuration not read")
        assert "schedule.cron.0: 'not cron' should be minute, hour, day, month and weekday" in complaint["error"]
