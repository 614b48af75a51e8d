"""How long the pages for staff take with a large district and a year of nights behind them."""

import json
import re
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import requests
from sqlalchemy import insert, text

from access_service.storage.engine import connect, day_transaction
from access_service.storage.tables import usage
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.oneroster import write_oneroster
from tests.bench.doors import SERVE
from tests.bench.rows import Row
from tests.bench.sign_in import SERVICE_PORT, command, installation, running, serve_all
from tests.links import visited
from tests.postgres import PostgresServer

STUDENTS, NIGHTS, ROUNDS = 150_000, 300, 5
GOAL = 0.2  # seconds
ADDRESS = f"http://127.0.0.1:{SERVICE_PORT}"
# What the desk types: a badge, a name, and a name that is misspelled.
LOOKED_FOR = {
    "by number": {"number": "7654321"},
    "by name": {"number": "smith", "school": "demo/1003"},
    "by a misspelled name": {"number": "jonsohn", "school": "demo/1003"},
}
ROLES = ("library-admin", "operator", "district-it")


def page_rows(folder: Path) -> Iterator[Row]:
    """The slowest page of all roles, against a page that does nothing, on both databases."""
    home = folder / "pages"
    home.mkdir()
    yield from _rows(home / "sqlite", f"sqlite:///{home}/sqlite/access.db")
    with PostgresServer(home / "postgres") as server:
        yield from _rows(home / "on-postgres", server.new_database())


def _rows(home: Path, url: str) -> Iterator[Row]:
    home.mkdir()
    kind = url.split(":", 1)[0].split("+", maxsplit=1)[0]
    environment = installation(home, url)
    district = SyntheticDistrict(datetime.now(UTC).date(), size=STUDENTS)
    serve_all(home, district)
    write_oneroster(home / "roster.zip", district)
    command(environment, "access_service", "upgrade-db")
    command(environment, "sync", "run", "demo", "--file", str(home / "roster.zip"))
    _live_a_year(url)
    add = ("access_service", "staff", "add")
    with running(SERVE, environment, SERVICE_PORT):
        taken: dict[str, float] = {}
        for role in ROLES:
            told = command(environment, *add, role, "--role", role, "--district", "demo", "--password-only", "--json")
            taken |= _times(_signed_in(role, json.loads(told)["password"]))
        idle = _seconds(requests.Session(), f"{ADDRESS}/healthz")
    slowest = max(taken, key=taken.__getitem__)
    page = re.sub(r"\d+", "N", slowest.removeprefix(ADDRESS))
    seen = f"{page} {1000 * taken[slowest]:.0f} ms over {1000 * idle:.1f} ms; {len(taken)} pages"
    yield Row(f"slowest page over /healthz, {STUDENTS:,} patrons, {kind}", taken[slowest] / idle, None, True, seen)
    yield Row(f"slowest page over 200 ms, {kind}", taken[slowest] / GOAL, 1, True, seen)


def _signed_in(name: str, password: str) -> requests.Session:
    browser = requests.Session()
    page = browser.get(f"{ADDRESS}/admin/sign-in", timeout=30)
    browser.post(page.url, data={"csrf_token": _token(page), "name": name, "password": password}, timeout=30)
    return browser


def _token(page: requests.Response) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0])


def _times(browser: requests.Session) -> dict[str, float]:
    pages = visited(lambda url: browser.get(url, timeout=60).text, f"{ADDRESS}/admin/")
    taken = {url: _seconds(browser, url) for url in pages}
    desk = f"{ADDRESS}/admin/desk/"
    if desk in taken:
        token = _token(browser.get(desk, timeout=60))
        for name, asked in LOOKED_FOR.items():
            taken[f"{desk} {name}"] = _seconds(browser, desk, {"csrf_token": token, **asked})
    return taken


def _seconds(browser: requests.Session, url: str, form: Mapping[str, str] | None = None) -> float:
    """The median of a few; of a form, with the page that it leads to."""

    def once() -> float:
        began = time.perf_counter()
        browser.request("POST" if form else "GET", url, data=form, timeout=60).raise_for_status()
        return time.perf_counter() - began

    return statistics.median(once() for _ in range(ROUNDS))


def _live_a_year(url: str) -> None:
    """Nights like the first one, and sign-ins of most students, without living through them."""
    databases, now = connect(url), datetime.now(UTC)
    night = text(
        "INSERT INTO runs (district, started_by, outcome, rules_version, file_name, file_sha256, report, started_at,"
        " finished_at) SELECT district, started_by, outcome, rules_version, file_name, file_sha256, report, :at, :at"
        " FROM runs WHERE run_id = 1"
    )
    with databases.writer.begin() as connection:
        connection.execute(night, [{"at": now - timedelta(days=NIGHTS - n)} for n in range(NIGHTS)])
        schools = connection.execute(text("SELECT DISTINCT school FROM patrons")).scalars().all()
    rows = [
        {"day": (now - timedelta(days=n)).date(), "school": school, "grade": f"{grade:02}"}
        for n, school, grade in product(range(NIGHTS), schools, range(1, 13))
    ]
    used = {"first": (now - timedelta(days=200)).date(), "last": now.date()}
    with day_transaction(databases.reader) as day:
        day.execute(insert(usage).values(district="demo", client="bench", sign_ins=7), rows)
        day.execute(
            text("INSERT INTO day.patron_use SELECT patron_id, :first, :last FROM patrons WHERE patron_id % 3 > 0"),
            {name: str(value) for name, value in used.items()},
        )
    databases.dispose()
