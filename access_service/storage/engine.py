"""Two engines over one database: a reader whose every statement is its own transaction, and a writer.

On one engine AUTOCOMMIT would be silently void beside the writer's begin hook, and a lookup twice as slow.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from access_service.errors import ConfigError, StorageError
from access_service.storage.tables import DAY

BUSY_SECONDS = 10
# Past this the write-ahead log is cut back after a checkpoint.
JOURNAL_BYTES = 64 * 1024 * 1024
# Connections of one process that stay open: one more than these is made and thrown away each time.
READERS = 16
NO_ROOM = "make room on the disk of [database] url and check it, then try again"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Databases:
    """`reader` also does the single-statement writes of schema `day`; `writer` holds one transaction at a time.
    `file` is SQLite's main file."""

    reader: Engine
    writer: Engine
    file: Path | None = None

    def dispose(self) -> None:
        self.reader.dispose()
        self.writer.dispose()


def connect(url: str, patience: int | None = None) -> Databases:
    """Engines for a SQLite file or a PostgreSQL database. Opens nothing yet; ConfigError for any other URL.

    `patience`: seconds after which a server that does not answer is away, for those who cannot wait.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError('[database] url: should look like "sqlite:///var/access.db"') from None
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return _sqlite(url, Path(str(parsed.database)))
    if parsed.drivername == "postgresql+psycopg":
        limits: dict[str, int | str] = {
            "connect_timeout": 5,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        }
        if patience:
            said = " ".join([*_options(parsed), f"-c statement_timeout={patience}s"])
            limits |= {"connect_timeout": patience, "tcp_user_timeout": patience * 1000, "options": said}
        reader = create_engine(
            url, isolation_level="AUTOCOMMIT", connect_args=limits, hide_parameters=True, pool_size=READERS
        )
        return Databases(reader, create_engine(url, connect_args=limits, hide_parameters=True))
    raise ConfigError("[database] url: should begin with sqlite:/// (a file) or postgresql+psycopg://")


def _options(url: URL) -> list[str]:
    said = url.query.get("options", ())
    return [said] if isinstance(said, str) else list(said)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what the database refuses into one line for the operator, without the statement or its values."""
    try:
        yield
    except OperationalError as error:
        remedy = f"; {NO_ROOM}" if _disk_refuses(error) else ""
        raise StorageError(f"database: {_first_line(error)}{remedy}") from error
    except DBAPIError as error:
        raise StorageError(f"database: {error.orig.__class__.__name__}: {_first_line(error)}") from error


def read(engine: Engine, question: Callable[[Connection], T]) -> T:
    """Ask the database; once more where the connection died while it was idle, which says nothing about now."""
    with database_errors():
        try:
            return _ask(engine, question)
        except OperationalError as error:
            if not error.connection_invalidated:
                raise
            # Those beside it in the pool died with it.
            engine.dispose()
            return _ask(engine, question)


@contextmanager
def day_transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction over schema `day`, on a reader: on SQLite it locks the day file only, once it writes."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        yield connection
        # Without it the pool takes everything back.
        connection.exec_driver_sql("COMMIT")


def rows(connection: Connection, statement: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """The rows of one statement, straight from the driver: SQLAlchemy's execution would take twice as long as they.

    Values are the driver's own (SQLite gives dates as text); errors are SQLAlchemy's.
    """
    driver, dialect = connection.connection, connection.dialect
    cursor = driver.cursor()
    try:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
    except dialect.loaded_dbapi.Error as error:
        raise refused(connection, statement, error) from error
    finally:
        cursor.close()


def refused(connection: Connection, statement: str, error: Any) -> BaseException:
    """What SQLAlchemy would have raised of an error of the driver's own; a connection that it ended is given up."""
    driver: Any = connection.connection
    dialect = connection.dialect
    if lost := dialect.is_disconnect(error, driver, None):
        connection.invalidate(error)
    raised: BaseException = DBAPIError.instance(
        statement, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=lost
    )
    return raised


def _ask(engine: Engine, question: Callable[[Connection], T]) -> T:
    with engine.connect() as connection:
        return question(connection)


def _disk_refuses(error: DBAPIError) -> bool:
    """SQLite: full, or an I/O error of any kind. PostgreSQL: disk_full."""
    # The low byte: the rest says which kind of I/O error.
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR} or getattr(error.orig, "sqlstate", None) == "53100"


def _first_line(error: DBAPIError) -> str:
    # Drivers put values of rows on the lines after the first.
    return str(error.orig).strip().split("\n", 1)[0] or error.orig.__class__.__name__


def _sqlite(url: str, path: Path) -> Databases:
    # SQLite would make a new file where the old one is gone (a lost mount), and all patrons with it.
    existing = make_url(url).set(database=_uri(path), query={"mode": "rw", "uri": "true"})
    reader = create_engine(existing, isolation_level="AUTOCOMMIT", hide_parameters=True, pool_size=READERS)
    writer = create_engine(existing, hide_parameters=True)
    event.listen(reader, "connect", _prepare)
    event.listen(writer, "connect", _prepare)
    event.listen(reader, "connect", lambda connection, _: _attach_day(connection, path))
    event.listen(writer, "connect", _no_implicit_begin)
    event.listen(writer, "begin", _begin_immediate)
    return Databases(reader, writer, path)


def _uri(path: Path) -> str:
    return f"file:{quote(str(path))}"


def create_files(databases: Databases) -> None:
    """Make SQLite's files where there are none, for nobody else to read."""
    if databases.file:
        databases.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (databases.file, day_file(databases.file)):
            path.touch(mode=0o600)


def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_BYTES}")
    # Whoever opted out is not to be found among a file's free pages either.
    connection.execute("PRAGMA secure_delete = ON")


def _attach_day(connection: Any, path: Path) -> None:
    """BEGIN IMMEDIATE locks every attached file, so the writer never has this one."""
    connection.execute(f"ATTACH DATABASE ? AS {DAY}", (f"{_uri(day_file(path))}?mode=rw",))
    connection.execute(f"PRAGMA {DAY}.journal_mode = WAL")
    # A counted wrong PIN must survive a power cut.
    connection.execute(f"PRAGMA {DAY}.synchronous = FULL")


@contextmanager
def snapshot(databases: Databases) -> Iterator[Connection]:
    """A reading connection that sees one moment of the database until the block ends."""
    postgresql = databases.reader.dialect.name == "postgresql"
    with databases.reader.connect() as connection:
        connection.exec_driver_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if postgresql else "BEGIN")
        try:
            yield connection
        finally:
            # Of a connection that was lost there is nothing to take back, and why it was lost is told already.
            if not connection.invalidated:
                connection.exec_driver_sql("ROLLBACK")


@contextmanager
def migrating(databases: Databases) -> Iterator[Connection]:
    """A writing connection that sees schema `day` too, for changes of the schema only."""
    with databases.writer.connect() as connection:
        if databases.file:
            raw: Any = connection.connection.driver_connection
            _attach_day(raw, databases.file)
            raw.execute("PRAGMA foreign_keys = OFF")
        try:
            yield connection
        finally:
            # Not back to the pool: the night must not find the day file attached.
            connection.invalidate()


def day_file(path: Path) -> Path:
    """The SQLite file of schema `day` beside the main one: access.db has access.day.db."""
    return path.with_name(f"{path.stem}.day{path.suffix}")


def _no_implicit_begin(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
