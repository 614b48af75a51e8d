"""roster-sync schedule --list and request, and the address that is pinged."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_service.errors import ConfigError
from access_service.storage import engine, requests, runs
from access_service.storage.engine import Databases
from sync.schedule.ping import ping_url
from tests.commands import Commands
from tests.place import Place
from tests.sync.rosters import package, pupils

TABLE = """
[limits]
creates_count = 3000
[schedule]
cron = ["30 3 * * 1-5", "0 6 1 * *"]
jitter_seconds = 300
poll_minutes = 15
poll_from = 18:00:00
poll_until = "03:00"
blackout = [{ first = 2034-06-20, last = 2034-06-30 }, { first = 2024-12-24, last = 2025-01-01 }]
"""


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    return Place.on_sqlite(tmp_path, commands, empty)


def scheduled(place: Place) -> Place:
    file = place.config / "districts/demo.toml"
    file.write_text(file.read_text() + TABLE)
    return place


def test_the_list_of_an_unscheduled_district(place: Place) -> None:
    """There is no default: nothing runs by itself before somebody says when."""
    listed = place.sync("schedule", "--list")
    assert listed.code == 0
    assert listed.out == "demo\n  not scheduled: it has no [schedule] table\n  last good  none yet\n"
    assert place.sync("schedule", "--list", "--json").json == {
        "districts": [{"district": "demo", "scheduled": False, "last_good_night": None, "asked_by": []}]
    }


def test_the_list_says_what_runs_when(place: Place) -> None:
    """The next night by both clocks, polls, days without, the last good night, and who waits."""
    scheduled(place)
    assert place.sync("run", "demo", "--file", package(place.folder / "roster.zip", pupils(20))).code == 0
    asked = place.sync("request", "demo")
    assert (asked.code, asked.out) == (0, "request 1: `roster-sync schedule` starts a run of demo\n")
    [line] = place.sync("schedule", "--list", "--json").json["districts"]
    following = datetime.fromisoformat(line["next"])
    assert following == datetime.fromisoformat(line["next_utc"]) > datetime.now(UTC)
    assert (following.hour, following.minute) in {(3, 30), (6, 0)}
    assert line["poll_from"], line["poll_until"] == ("18:00", "03:00")
    assert line["blackout"] == [{"first": "2034-06-20", "last": "2034-06-30"}]
    assert len(line["asked_by"]) == 1 and line["last_good_night"]
    text = place.sync("schedule", "--list").out
    assert f"next       {following:%a %Y-%m-%d %H:%M} E" in text and "up to 300 s later" in text
    assert "poll       every 15 min, from 18:00 until 03:00" in text
    assert "blackout   2034-06-20 to 2034-06-30\n" in text


def test_a_run_by_hand_answers_what_was_asked(place: Place) -> None:
    """A run of the feed does, one of a file on this machine does not."""
    place.sync("request", "demo", "--json")
    place.sync("run", "demo", "--file", package(place.folder / "roster.zip", pupils(20)))
    databases = engine.connect(place.database_url)
    with databases.reader.connect() as connection:
        assert list(requests.waiting(connection)) == ["demo"]
    # It cannot be fetched, and was asked for all the same.
    assert "SFTP_KEY_DEMO" in place.sync("run", "demo").refused()
    with databases.reader.connect() as connection:
        assert not requests.waiting(connection)
    databases.dispose()


def test_a_request_for_nobody_is_refused(place: Place) -> None:
    """One line that names those there are."""
    assert place.sync("request", "nowhere").refused() == "no district 'nowhere'; config/districts has: demo"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('cron = "30 3 * * *"', "schedule.cron: should be a list, such as"),
        ("cron = []", "schedule.cron: "),
        ('cron = ["30 25 * * *"]', "schedule.cron.0: hour '25' should be from 0 to 23"),
        ('cron = ["30 3 * * *"]\nblackout = [{ first = 2027-01-03, last = 2026-12-21 }]', "ends before it begins"),
        ('cron = ["30 3 * * *"]\nevery = 3', "schedule.every: unknown key"),
    ],
)
def test_a_wrong_schedule_is_one_line(place: Place, line: str, why: str) -> None:
    """Every command names file, key and remedy."""
    file = place.config / "districts/demo.toml"
    file.write_text(f"{file.read_text()}\n[schedule]\n{line}\n")
    said = place.sync("schedule", "--list").refused()
    assert "districts/demo.toml" in said and why in said


def test_an_address_to_ping_is_checked_before_anything_starts(place: Place) -> None:
    """And not shown: whoever knows it can say that all is well."""
    place.environment["PING_URL_DEMO"] = "http://example.org/secret"
    said = place.sync("schedule").refused()
    assert said == "PING_URL_DEMO: should be an https:// address (http:// only to this machine)"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://hc.example.org/ping/1", True),
        ("http://127.0.0.1:8000/1", True),
        ("http://[::1]/", True),
        ("http://127.0.0.1.example.org/", False),
        ("ftp://127.0.0.1/", False),
        ("https://", False),
        ("https://a:port/", False),
        ("hc.example.org", False),
    ],
)
def test_where_a_ping_may_go(url: str, good: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under TLS, or nowhere but here."""
    monkeypatch.setenv("PING_URL_MAPLE_COUNTY", url)
    if good:
        found = ping_url("maple-county")
        assert found and found.geturl() == url
    else:
        with pytest.raises(ConfigError):
            ping_url("maple-county")


def test_a_request_is_taken_once(databases: Databases) -> None:
    """By the first run that begins; the next one finds none."""
    now = datetime(2026, 11, 22, tzinfo=UTC)
    with databases.writer.begin() as connection:
        assert [requests.ask(connection, code, "who", now) for code in ("demo", "demo", "other")] == [1, 2, 3]
        run = runs.begin(connection, "demo", "who", "", now)
        assert [requests.take(connection, "demo", run, now) for _ in range(2)] == [2, 0]
        assert requests.waiting(connection) == {"other": ["who"]}
