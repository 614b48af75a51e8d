"""One at a time, on this host and on all others."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from access_service.errors import OperatorError
from access_service.storage.engine import Databases
from sync.spool import spool_errors


class BusyError(OperatorError):
    """Somebody else is at it."""


@contextmanager
def alone(databases: Databases, spool: Path, name: str, busy: str) -> Iterator[Connection]:
    """Let nobody else in by this name while the block lasts; BusyError with the text `busy` where somebody is.

    On one host a file lock, over PostgreSQL also an advisory lock, for other hosts: it lasts as long as the session of
    the connection given.
    """
    with spool_errors(spool):
        spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(spool / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(busy) from None
        with databases.reader.connect() as connection:
            if databases.reader.dialect.name == "postgresql":
                asked = text("SELECT pg_try_advisory_lock(hashtext(:name))")
                if not connection.execute(asked, _lock(name)).scalar_one():
                    raise BusyError(busy)
            try:
                yield connection
            finally:
                _let_go(connection, name)
    finally:
        os.close(descriptor)


def _lock(name: str) -> dict[str, str]:
    return {"name": f"roster-sync {name}"}


def _let_go(connection: Connection, name: str) -> None:
    """The server ends a session some time after its client has gone: the next one must not find its lock."""
    if connection.dialect.name == "postgresql":
        with suppress(SQLAlchemyError):
            connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), _lock(name))
    connection.invalidate()
