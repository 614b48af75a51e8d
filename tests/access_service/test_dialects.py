"""What no single dialect may decide: all give one verdict, and none lets in when nobody can say."""

import re
from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import quote

import psycopg
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, make_url

from access_service.domain.client import DialectName
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import Presence
from access_service.storage import engine, schema
from access_service.storage.engine import Databases
from access_service.storage.tables import attempts
from tests.access_service import seed
from tests.postgres import PostgresServer

AUTHORIZED = {"Authorization": f"Bearer {seed.KEY}"}
NEXT_WEEK, YESTERDAY = date(2026, 11, 10), date(2026, 11, 2)
CONTESTED = "0000011"
KINDS = [
    seed.patron(1, "0000001"),
    seed.patron(2, "0000002", presence=Presence.ABSENT),
    seed.patron(3, "0000003", expires=YESTERDAY),
    seed.patron(4, "0000004", presence=Presence.LEFT, left_on=seed.TODAY),
    seed.patron(5, "0000005", presence=Presence.LEFT, left_on=YESTERDAY, expires=NEXT_WEEK),
    seed.patron(6, "0000006", expires=seed.TODAY),
    seed.patron(7, "0000007", expires=date.max),
    seed.patron(9, "0000009", blocked=True),
    seed.patron(10, "0000010", blocked=True, expires=YESTERDAY),
]
WITHOUT_PIN = seed.patron(8, "0000008")
NUMBERS = [record.patron.student_number for record in (*KINDS, WITHOUT_PIN)]

# Found, right PIN, good standing.
Verdict = tuple[bool, bool, bool]


@pytest.fixture
def served(databases: Databases) -> Databases:
    for record in KINDS:
        seed.store(databases, record)
    seed.store(databases, WITHOUT_PIN, pin=None)
    seed.name_as(databases, IdentifierKind.CONTESTED, CONTESTED, WITHOUT_PIN)
    seed.admit(databases, seed.client("json", dialects=frozenset({DialectName.REST})))
    seed.admit(databases, seed.client("iii", dialects=frozenset({DialectName.PATRONAPI})), key=None)
    return databases


def by_json(web: FlaskClient, number: str, pin: str) -> Verdict:
    told = web.post("/v1/authentications", json={"number": number, "pin": pin}, headers=AUTHORIZED).json or {}
    assert told["authenticated"] == (told["pin"] == "ok" and told["standing"] == "active")
    return told["standing"] != "unknown", told["pin"] == "ok", told["standing"] == "active"


def by_patronapi(web: FlaskClient, number: str, pin: str) -> Verdict:
    """As a client reads it: RETCOD, then date and block."""
    tested = web.get(f"/PATRONAPI/{quote(number)}/{quote(pin, safe='')}/pintest").get_data(as_text=True)
    dumped = web.get(f"/PATRONAPI/{quote(number)}/dump").get_data(as_text=True)
    shown = re.search(r"^EXP DATE\[p43\]=(.{8})<BR>$", dumped, re.MULTILINE)
    assert ("ERRNUM=1<BR>" in tested) == ("ERRNUM=1<BR>" in dumped) == (shown is None)
    return (
        shown is not None,
        "RETCOD=0<BR>" in tested,
        shown is not None and is_good(shown[1]) and "MBLOCK[p56]=-<BR>" in dumped,
    )


def is_good(shown: str) -> bool:
    return shown == "  -  -  " or datetime.strptime(shown, "%m-%d-%y").date() >= seed.TODAY  # noqa: DTZ007 - a date


@given(
    asked=st.lists(
        st.tuples(
            st.sampled_from([*NUMBERS, NUMBERS[0], "290000001", "1", CONTESTED, "5555555", "x"]),
            st.sampled_from(["0412", "0412 ", "0413", "0414", "0415", "0416", "9/9", " ", "", "9" * 64]),
        ),
        max_size=12,
    )
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_dialects_give_one_verdict(served: Databases, asked: list[tuple[str, str]]) -> None:
    """Whatever is asked, in whatever order: the same people are found, their PINs right and their cards good."""
    web = seed.web(served)
    with served.reader.connect() as connection:
        connection.execute(delete(attempts))
    for number, pin in asked:
        assert by_json(web, number, pin) == by_patronapi(web, number, pin)


def break_tables(databases: Databases) -> None:
    with databases.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE identifiers")


def break_throttle(databases: Databases) -> None:
    with databases.reader.connect() as connection:
        connection.exec_driver_sql("DROP TABLE day.attempts")


def break_clients(databases: Databases) -> None:
    with databases.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE clients")


@pytest.mark.parametrize("break_", [break_tables, break_throttle, break_clients])
def test_a_failing_database_lets_nobody_in(served: Databases, break_: Callable[[Databases], None]) -> None:
    """A right PIN is answered 503 in the shape of each dialect when any part of the database is gone."""
    break_(served)
    web = seed.web(served)
    asked = {"number": "0000001", "pin": "0412"}
    told = web.post("/v1/authentications", json=asked, headers=AUTHORIZED)
    assert (told.status_code, told.content_type) == (503, "application/problem+json")
    for path in ("pintest", "0000001/0412/pintest", "0000001/dump"):
        page = web.open(f"/PATRONAPI/{path}", method="POST" if path == "pintest" else "GET", data=asked)
        assert (page.status_code, page.get_data(as_text=True)) == (503, "Service Unavailable\n")
        assert page.headers["Retry-After"]


def test_a_server_that_restarts_costs_nobody_an_answer(postgres: PostgresServer) -> None:
    """Connections that died while idle are replaced; while the server is away it is 503, and then right again."""
    url = make_url(postgres.new_database())
    databases = engine.connect(url.render_as_string(hide_password=False))
    schema.upgrade(databases)
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client())
    web, asked = seed.web(databases), {"number": "12345", "pin": "0412"}

    def ask() -> int:
        return web.post("/v1/authentications", json=asked, headers=AUTHORIZED).status_code

    statuses = [ask()]
    server = url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        admin.execute(end, [url.database])
        statuses.append(ask())
        admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
        admin.execute(end, [url.database])
        statuses.append(ask())
        admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
        statuses.append(ask())
    databases.dispose()
    assert statuses == [200, 200, 503, 200]
