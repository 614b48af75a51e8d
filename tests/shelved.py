"""Databases as they were at a moment, to be put back as often as a test wants."""

import shutil
import time
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from access_service.storage.engine import day_file

PATIENCE = 30  # seconds


class Shelf:
    """Of one installation: its database, and what is in its spool. Nobody may be connected while it works."""

    def __init__(self, database_url: str, spool: Path, folder: Path) -> None:
        self._url, self._spool, self._folder = make_url(database_url), spool, folder

    def keep(self, name: str) -> None:
        """Keep everything as it is now."""
        self._spool.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self._spool, self._folder / name / "spool")
        if self._is_file:
            for file in self._files():
                # What was committed may be in the write-ahead log alone.
                for path in (file, file.with_name(f"{file.name}-wal")):
                    if path.exists():
                        shutil.copy(path, self._folder / name)
        else:
            self._tell(f"CREATE DATABASE {self._kept(name)} TEMPLATE {self._url.database}")

    def put_back(self, name: str) -> None:
        """Make everything as it was then."""
        shutil.rmtree(self._spool)
        shutil.copytree(self._folder / name / "spool", self._spool)
        if self._is_file:
            for path in self._files():
                for beside in path.parent.glob(f"{path.name}*"):
                    beside.unlink()
            for path in (self._folder / name).glob("*.db*"):
                shutil.copy(path, self._files()[0].parent)
        else:
            self._tell(f"DROP DATABASE {self._url.database} WITH (FORCE)")
            self._tell(f"CREATE DATABASE {self._url.database} TEMPLATE {self._kept(name)}")

    def wait_until_alone(self) -> None:
        """Until PostgreSQL has noticed that a client was killed, and has ended what that began."""
        end = time.monotonic() + PATIENCE
        others = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self._url.database}'"  # noqa: S608
        while not self._is_file and self._ask(others):
            assert time.monotonic() < end, "the server still works for a client that is dead"
            time.sleep(0.01)

    @property
    def _is_file(self) -> bool:
        return self._url.drivername == "sqlite"

    def _files(self) -> tuple[Path, Path]:
        path = Path(str(self._url.database))
        return path, day_file(path)

    def _kept(self, name: str) -> str:
        return f"{self._url.database}_{name}"

    def _tell(self, statement: str) -> None:
        with self._admin() as connection:
            connection.execute(statement.encode())

    def _ask(self, query: str) -> int:
        with self._admin() as connection:
            row = connection.execute(query.encode()).fetchone()
            return int(row[0]) if row else 0

    def _admin(self) -> psycopg.Connection:
        url = self._url.set(drivername="postgresql", database="postgres")
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)
