import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from access_service.errors import StorageError
from access_service.storage import engine, schema
from access_service.storage.tables import metadata


def test_upgrade_head_equals_tables(blank_url: str) -> None:
    """The migrations build exactly the schema that the code describes."""
    databases = engine.connect(blank_url)
    schema.upgrade(databases)
    with engine.migrating(databases) as connection:
        context = MigrationContext.configure(connection, opts={"include_schemas": True})
        assert compare_metadata(context, metadata) == []
    databases.dispose()


def test_upgrade_twice_is_upgrade_once(databases: engine.Databases) -> None:
    """Running upgrade-db again does nothing and harms nothing."""
    schema.upgrade(databases)
    schema.check(databases)


def test_an_empty_database_is_refused(blank_url: str) -> None:
    """A database that was never upgraded is named, with the command that mends it."""
    databases = engine.connect(blank_url)
    with pytest.raises(StorageError, match="upgrade-db"):
        schema.check(databases)
    databases.dispose()
