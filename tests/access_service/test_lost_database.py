"""A database that refuses or goes away is an expected error, wherever in a run that shows."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import make_url

from access_service.errors import StorageError
from access_service.storage import bulk, engine
from access_service.storage.engine import Databases, database_errors, snapshot
from access_service.storage.tables import pepper_keys
from tests.access_service import seed
from tests.access_service.dialects import AUTHORIZED
from tests.postgres import PostgresServer

END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"


@pytest.fixture
def on_postgresql(postgres: PostgresServer) -> Iterator[Databases]:
    """SQLite has no sessions that could end."""
    opened = engine.connect(postgres.upgraded_database())
    yield opened
    opened.dispose()


def load(databases: Databases, keys: Iterator[tuple[str]]) -> None:
    with database_errors(), databases.writer.begin() as connection:
        bulk.insert(connection, pepper_keys, ("key_id",), keys)


def test_rows_that_are_refused_are_one_line(databases: Databases) -> None:
    """Loaded in bulk by the driver itself, past SQLAlchemy's own errors."""
    with pytest.raises(StorageError, match=r"^database: "):
        load(databases, iter([("same",), ("same",)]))


def test_a_session_that_ends_while_rows_are_loaded_is_one_line(on_postgresql: Databases) -> None:
    """In the middle of COPY."""

    def keys() -> Iterator[tuple[str]]:
        yield ("first",)
        with on_postgresql.reader.connect() as other:
            other.exec_driver_sql(f"{END_SESSIONS} AND pid <> pg_backend_pid()")
        yield from ((str(number),) for number in range(100_000))

    with pytest.raises(StorageError, match=r"^database: "):
        load(on_postgresql, keys())


def test_a_session_that_ends_in_a_snapshot_is_one_line(on_postgresql: Databases) -> None:
    """What is told is why it ended, not that there was nothing to take back."""

    def look() -> None:
        with database_errors(), snapshot(on_postgresql) as connection:
            connection.exec_driver_sql(END_SESSIONS)

    with pytest.raises(StorageError, match="terminating connection"):
        look()


def test_a_server_that_restarts_costs_nobody_an_answer(postgres: PostgresServer) -> None:
    """Connections that died while idle are replaced; while the server is away it is 503, and then right again."""
    url = make_url(postgres.upgraded_database())
    databases = engine.connect(url.render_as_string(hide_password=False))
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
