"""SIP2 against the same loop with a bare select, and what slow connections and wrong PINs cost those who ask well."""

import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sync.synthetic.district import students
from tests.bench.rows import Row
from tests.bench.sign_in import (
    SECONDS,
    SERVICE_PORT,
    command,
    installation,
    made_up,
    night_and_client,
    running,
    script,
    slowest,
    wrk,
)
from tests.postgres import PostgresServer

SIP2_PORT, BARE_PORT = 16001, 16002
CONNECTIONS, ROUNDS, SLOW, FLOOD = 16, 3, 500, 500
SERVE = [sys.executable, "-m", "access_service", "serve"]
SERVE_SIP2 = [sys.executable, "-m", "access_service", "serve-sip2"]


def sip2_rows(folder: Path) -> Iterator[Row]:
    """Ratios on both databases; whole sessions are only reported."""
    home = folder / "sip2"
    home.mkdir()
    yield from _rows(home / "sqlite", f"sqlite:///{home}/sqlite/access.db")
    with PostgresServer(home / "postgres") as server:
        yield from _rows(home / "on-postgres", server.new_database())


def siege_rows(folder: Path) -> Iterator[Row]:
    """What slow connections and wrong PINs do to good sign-ins. Nothing where wrk is not installed."""
    if not shutil.which("wrk"):
        return
    home = folder / "siege"
    home.mkdir()
    environment, key = _ready(home, f"sqlite:///{home}/access.db", processes=1)
    people = _people(home)
    load = script(home, key)
    with (
        running(SERVE, environment, SERVICE_PORT),
        running(SERVE_SIP2, environment, SIP2_PORT),
    ):
        _sip2(SIP2_PORT, key, people)
        wrk(load, SERVICE_PORT, "/v1/authentications")
        http, sip2 = [], []
        for _ in range(ROUNDS):
            before = wrk(load, SERVICE_PORT, "/v1/authentications"), _rate(_sip2(SIP2_PORT, key, people))
            with slow(SERVICE_PORT), slow(SIP2_PORT):
                http.append(wrk(load, SERVICE_PORT, "/v1/authentications") / before[0])
                sip2.append(_rate(_sip2(SIP2_PORT, key, people)) / before[1])
        yield Row(
            f"sign-ins over HTTP beside {SLOW} slow connections on each port", statistics.median(http), 0.9, False, ""
        )
        yield Row(
            f"sign-ins over SIP2 beside {SLOW} slow connections on each port", statistics.median(sip2), 0.9, False, ""
        )
        idle = slowest(load)
        with flood(_other_client(environment)) as said:
            during = slowest(load)
        seen = f"{during:.0f} ms over {idle:.0f} ms; of {sum(said.values())} wrong ones {json.dumps(said)}"
        yield Row(f"p99 of good sign-ins beside {FLOOD} wrong PINs a second, over idle", during / idle, 5, True, seen)


def _rows(home: Path, url: str) -> Iterator[Row]:
    home.mkdir()
    kind = url.split(":", 1)[0].split("+", maxsplit=1)[0]
    environment, key = _ready(home, url, processes=1)
    bare = {**environment, "BENCH_DATABASE": url.replace("sqlite:///", "").replace("+psycopg", "")}
    people = _people(home)
    ours, select, sessions = [], [], []
    baseline = running([sys.executable, "-m", "tests.bench.sip2_baseline", str(BARE_PORT)], bare, BARE_PORT)
    with baseline, running(SERVE_SIP2, environment, SIP2_PORT):
        # Everybody once: from then on each has signed in before, as on most days.
        _sip2(SIP2_PORT, key, people)
        time.sleep(SECONDS)
        for _ in range(ROUNDS):
            ours.append(_rate(_sip2(SIP2_PORT, key, people)))
            select.append(_rate(_sip2(BARE_PORT, "", people)))
            sessions.append(_rate(_sip2(SIP2_PORT, key, people, "sessions")))
    _processes(home, 2)
    with running(SERVE_SIP2, environment, SIP2_PORT):
        two = statistics.median(_rate(_sip2(SIP2_PORT, key, people)) for _ in range(ROUNDS))
    ratio = statistics.median(a / b for a, b in zip(ours, select, strict=True))
    seen = f"{statistics.median(ours):,.0f}/s over {statistics.median(select):,.0f}/s; two processes {two:,.0f}/s"
    yield Row(f"SIP2 63 with PIN over a bare select, {kind}", ratio, 0.3, False, seen)
    whole = statistics.median(sessions)
    yield Row(f"SIP2 sessions (connect, 93, 63, 35, close) a second, {kind}", whole, None, False, "")


def _ready(home: Path, url: str, processes: int) -> tuple[dict[str, str], str]:
    environment = installation(home, url) | {"SIP2_PORT": str(SIP2_PORT)}
    _processes(home, processes)
    return environment, night_and_client(home, environment, ("rest", "sip2"))


def _processes(home: Path, number: int) -> None:
    path = home / "config" / "service.toml"
    text, found = re.subn(r"(?ms)(^\[sip2\].*?^processes = )\d+", rf"\g<1>{number}", path.read_text())
    assert found == 1
    path.write_text(text)


def _people(home: Path) -> Path:
    path = home / "people.json"
    born = [person for person in students(made_up()) if person.birth_date][:1000]
    path.write_text(json.dumps([(one.number, one.birth_date[5:7] + one.birth_date[8:]) for one in born]))
    return path


def _sip2(port: int, key: str, people: Path, *how: str) -> dict[str, Any]:
    """Ask for some seconds; an answer that does not say valid stops the bench."""
    login = ["bench", key] if key else ["", ""]
    words = [sys.executable, "-m", "tests.bench.sip2_load", str(port), *login, str(people)]
    said = subprocess.run([*words, str(CONNECTIONS), str(SECONDS), *how], check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(said.stdout)
    if told["valid"] != told["answers"]:
        raise SystemExit(f"the bench of SIP2 had errors: {told}")
    return told


def _rate(told: Mapping[str, Any]) -> float:
    return float(told["answers"] / told["seconds"])


@contextmanager
def slow(port: int) -> Iterator[None]:
    """Connections that send a byte a second and never end a question; those that are closed are opened again."""
    stopped = threading.Event()
    connections: list[socket.socket | None] = [None] * SLOW

    def trickle() -> None:
        while not stopped.is_set():
            for place, connection in enumerate(connections):
                try:
                    if connection is None:
                        connections[place] = socket.create_connection(("127.0.0.1", port), timeout=0.2)
                    else:
                        connection.send(b"9")
                except OSError:
                    connections[place] = None
            stopped.wait(1)

    thread = threading.Thread(target=trickle)
    thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        for connection in connections:
            if connection:
                connection.close()


@contextmanager
def flood(key: str) -> Iterator[dict[str, int]]:
    """FLOOD wrong PINs a second, each of another student; what they were answered, by status, once it has ended."""
    answered: dict[str, int] = {}
    words = [sys.executable, "-m", "tests.bench.flood", str(SERVICE_PORT), key, str(FLOOD)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    try:
        yield answered
    finally:
        with suppress(subprocess.TimeoutExpired):
            answered |= json.loads(process.communicate("", timeout=30)[0] or "{}")
        process.kill()


def _other_client(environment: Mapping[str, str]) -> str:
    words = ("client", "add", f"flood-{datetime.now(UTC):%H%M%S}", "--dialect", "rest", "--district", "demo")
    added = command(environment, "access_service", *words, "--network", "127.0.0.1", "--json")
    return str(json.loads(added)["key"])
