"""Sign-ins over HTTP, with everything on that a real one has, against a bare select and a constant answer."""

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sync.synthetic.district import SyntheticDistrict, students
from sync.synthetic.oneroster import write_oneroster
from tests.bench.rows import Row
from tests.postgres import PostgresServer

PATRONS = 10_000
ROUNDS = 3
SECONDS = 5
CONNECTIONS = 16
SERVICE_PORT, BASELINE_PORT = 18080, 18081
BASELINE = f"""
from granian import Granian
from granian.constants import Interfaces
app = "tests.bench.baseline:create_app"
Granian(
    app, factory=True, port={BASELINE_PORT}, workers=2, blocking_threads=4, interface=Interfaces.WSGI, log_enabled=False
).serve()
"""


def sign_in_rows(folder: Path) -> Iterator[Row]:
    """Nothing where wrk is not installed."""
    if not shutil.which("wrk"):
        return
    home = folder / "sign-in"
    home.mkdir()
    yield from _rows(home / "sqlite", f"sqlite:///{home}/sqlite/access.db", 0.25)
    with PostgresServer(home / "postgres") as server:
        yield from _rows(home / "on-postgres", server.new_database(), 0.15)


def apply_rows(folder: Path, size: int) -> Iterator[Row]:
    """How long the slowest sign-ins take while a night of `size` new students is read, planned and applied."""
    if not shutil.which("wrk"):
        return
    home = folder / "during-apply"
    home.mkdir()
    environment = installation(home, f"sqlite:///{home}/access.db")
    key = night_and_client(home, environment)
    district = SyntheticDistrict(datetime.now(UTC).date(), size=size)
    serve_all(home, district)
    write_oneroster(home / "large.zip", district)
    with running([sys.executable, "-m", "access_service", "serve"], environment, SERVICE_PORT):
        load = script(home, key)
        slowest(load)  # the first seconds are those of a cold start
        idle = slowest(load)
        command = [sys.executable, "-m", "sync", "run", "demo", "--file", str(home / "large.zip")]
        night = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        during = []
        while night.poll() is None:
            during.append(slowest(load))
    if night.returncode:
        raise SystemExit(f"the night beside the sign-ins ended with exit code {night.returncode}")
    yield Row(
        f"p99 of sign-ins during a night of {size:,} over idle, sqlite",
        max(during) / idle,
        3,
        True,
        f"{max(during):.0f} ms over {idle:.0f} ms",
    )


def serve_all(home: Path, district: SyntheticDistrict) -> None:
    """Let the district have all these schools, and no limit on who may go."""
    path = home / "config" / "districts" / "demo.toml"
    text = path.read_text()
    schools = "".join(f'"{code}" = "MAPLE"\n' for code in district.schools if f'"{code}"' not in text)
    limits = "[limits]\nremovals_percent = 100\ncollisions_percent = 100\n\n"
    path.write_text(text.replace("[rules.pin]", f"{schools}\n[rules.pin]").replace("[calendar]", f"{limits}[calendar]"))


def slowest(load: Path) -> float:
    """The 99th percentile of the time a sign-in takes, in milliseconds, over a few seconds."""
    command = ["wrk", "--latency", "-t1", "-c4", f"-d{SECONDS}s", "-s", str(load)]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{SERVICE_PORT}/v1/authentications"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if "Non-2xx" in said or "Socket errors" in said or not found:
        raise SystemExit(f"sign-ins beside a night had errors: {said}")
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def _rows(home: Path, url: str, constant_goal: float) -> Iterator[Row]:
    home.mkdir()
    kind = url.split(":", 1)[0].split("+", maxsplit=1)[0]
    environment = installation(home, url)
    key = night_and_client(home, environment)
    baseline = {**environment, "BENCH_DATABASE": url.replace("sqlite:///", "").replace("+psycopg", "")}
    service = running([sys.executable, "-m", "access_service", "serve"], environment, SERVICE_PORT)
    with service, running([sys.executable, "-c", BASELINE], baseline, BASELINE_PORT):
        load = script(home, key)
        ours, select, constant = [], [], []
        for _ in range(ROUNDS):
            ours.append(wrk(load, SERVICE_PORT, "/v1/authentications"))
            select.append(wrk(load, BASELINE_PORT, "/select"))
            constant.append(wrk(load, BASELINE_PORT, "/constant"))
    yield _ratio(f"authenticate over a bare select, {kind}", ours, select, 0.5)
    yield _ratio(f"authenticate over a constant answer, {kind}", ours, constant, constant_goal)


def installation(home: Path, url: str) -> dict[str, str]:
    shutil.copytree("config", home / "config")
    return os.environ | {
        "ACCESS_CONFIG": str(home / "config"),
        "ACCESS_PEPPER": "5e" * 32,
        "SYNC_KEY": "7a" * 32,
        "DATABASE_URL": url,
        "HTTP_PORT": str(SERVICE_PORT),
    }


def made_up() -> SyntheticDistrict:
    return SyntheticDistrict(datetime.now(UTC).date(), size=PATRONS)


def night_and_client(home: Path, environment: Mapping[str, str], dialects: Iterable[str] = ("rest",)) -> str:
    """A night of 10,000 students, and the key of a client that may ask about them."""
    district = home / "config" / "districts" / "demo.toml"
    schools = "".join(f'"{code}" = "MAPLE"\n' for code in made_up().schools[4:])
    district.write_text(district.read_text().replace("[rules.pin]", f"{schools}\n[rules.pin]"))
    write_oneroster(home / "roster.zip", made_up())
    command(environment, "access_service", "upgrade-db")
    command(environment, "sync", "run", "demo", "--file", str(home / "roster.zip"))
    added = command(
        environment,
        "access_service",
        "client",
        "add",
        "bench",
        *(word for dialect in dialects for word in ("--dialect", dialect)),
        "--district",
        "demo",
        "--network",
        "127.0.0.1",
        "--release",
        "library_number",
        "--release",
        "expires",
        "--json",
    )
    return str(json.loads(added)["key"])


def command(environment: Mapping[str, str], *words: str) -> str:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@contextmanager
def running(command: list[str], environment: Mapping[str, str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                break
        yield
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def script(home: Path, key: str) -> Path:
    """A load for wrk that signs a thousand students in, one after another. Those whose PIN works only."""
    people = [p for p in students(made_up()) if p.birth_date][:1000]
    bodies = [json.dumps({"number": p.number, "pin": p.birth_date[5:7] + p.birth_date[8:]}) for p in people]
    path = home / "sign-in.lua"
    listed = ",\n".join(json.dumps(body) for body in bodies)
    path.write_text(
        f"local bodies = {{{listed}}}\nlocal n = 0\n"
        f'local headers = {{["Content-Type"] = "application/json", ["Authorization"] = "Bearer {key}"}}\n'
        "request = function()\n  n = n % #bodies + 1\n  return wrk.format('POST', nil, headers, bodies[n])\nend\n"
    )
    return path


def wrk(load: Path, port: int, path: str) -> float:
    """Requests a second; an answer that is not a success stops the bench."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(load), f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"the bench of {path} had errors: {said}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not found:
        raise SystemExit(f"wrk said nothing of {path}")
    return float(found[1])


def _ratio(name: str, ours: list[float], theirs: list[float], goal: float) -> Row:
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    seen = f"{statistics.median(ours):,.0f}/s over {statistics.median(theirs):,.0f}/s"
    return Row(name, ratio, goal, False, seen)
