"""Every storage test runs on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory

import hypothesis
import pytest

from access_service.storage import engine
from tests.commands import Commands
from tests.place import copy_of, empty_database
from tests.postgres import PostgresServer

MEMORY, ROOM = Path("/dev/shm"), 2 * 1024**3  # noqa: S108 - its owner's alone, as every temporary folder

# A busy machine is no failure.
patience = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=patience)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL from a wheel, for the whole session."""
    # A new database is three hundred files: in memory, where that has the room, ten times as fast as on a busy disk.
    roomy = MEMORY.is_dir() and disk_usage(MEMORY).free > ROOM
    # Not among pytest's folders: root's server runs as another user, who may not pass through those.
    folders = TemporaryDirectory(prefix="postgres-", dir=MEMORY if roomy else None)
    with folders as folder, PostgresServer(Path(folder)) as server:
        server.hurry()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind, of this program's schema, without a row."""
    if request.param == "sqlite":
        yield copy_of(request.getfixturevalue("empty"), tmp_path)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.upgraded_database()
        yield url
        server.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind that was never upgraded."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'access.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def databases(database_url: str) -> Iterator[engine.Databases]:
    """Engines over an empty database of this program's schema."""
    opened = engine.connect(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """The two commands, ready to be run in an installation of a test's own."""
    with Commands() as started:
        yield started


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database of this program's schema, to copy."""
    return empty_database(tmp_path_factory.mktemp("empty"))


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up keys for every test, and none of the machine's own configuration."""
    monkeypatch.setenv("ACCESS_PEPPER", "5e" * 32)
    monkeypatch.setenv("SYNC_KEY", "7a" * 32)
    for name in ("ACCESS_CONFIG", "DATABASE_URL", "HTTP_PORT", "SIP2_PORT"):
        monkeypatch.delenv(name, raising=False)
