"""The version of the schema: bring it up, and refuse to work on another."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from access_service.errors import StorageError
from access_service.storage.engine import Databases, create_files, database_errors, migrating


def upgrade(databases: Databases) -> None:
    """Create or upgrade the schema to this program's version. Safe to repeat."""
    create_files(databases)
    with database_errors(), migrating(databases) as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(databases: Databases) -> None:
    """StorageError unless the database is there and its schema is this program's version."""
    if databases.file and not databases.file.exists():
        raise StorageError(
            f"{databases.file}: no such file; mount or restore it (a new installation: run `access-service upgrade-db`)"
        )
    with database_errors(), databases.reader.connect() as connection:
        found = current(connection)
    head = _head()
    if found != head:
        raise StorageError(f"database schema is {found or 'empty'}, should be {head}: run `access-service upgrade-db`")


def current(connection: Connection) -> str | None:
    """The revision that a database is at, or None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def _head() -> str | None:
    # To know the last, Alembic runs every migration's module.
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
