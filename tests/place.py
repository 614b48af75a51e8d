"""An installation in a folder of its own: configuration, database, and the commands to run in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from access_service.settings import load
from access_service.storage import engine, schema
from access_service.storage.engine import day_file, snapshot
from tests.commands import ROOT, Commands, Ended, Running
from tests.sync.nights import Nights

PEPPER, SYNC_KEY = "5e" * 32, "7a" * 32
# What a night changes; the ledger of runs and the counter of ids also know of nights that changed nothing.
TABLES = ("patrons", "identifiers", "seen", "district_state", "changes", "exclusions")


def empty_database(folder: Path) -> Path:
    """An empty SQLite database of this program's schema, to copy: that takes a hundredth of the time."""
    path = folder / "access.db"
    opened = engine.connect(f"sqlite:///{path}")
    schema.upgrade(opened)
    opened.dispose()
    return path


def copy_of(empty: Path, folder: Path) -> str:
    """The URL of a copy of an empty database."""
    path = folder / "access.db"
    for source, target in ((empty, path), (day_file(empty), day_file(path))):
        shutil.copy(source, target)
    return f"sqlite:///{path}"


@dataclass
class Place:
    """`environment` is all that a command sees of the machine's."""

    folder: Path
    commands: Commands
    database_url: str
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        shutil.copytree(ROOT / "config", self.config)
        self.environment = {
            "ACCESS_CONFIG": str(self.config),
            "ACCESS_PEPPER": PEPPER,
            "SYNC_KEY": SYNC_KEY,
            "DATABASE_URL": self.database_url,
            "PYTHONPATH": str(ROOT),
        }

    @classmethod
    def on_sqlite(cls, folder: Path, commands: Commands, empty: Path) -> "Place":
        """A place with a copy of `empty` as its database."""
        return cls(folder, commands, copy_of(empty, folder))

    @property
    def config(self) -> Path:
        return self.folder / "config"

    def edit(self, old: str, new: str, file: str = "districts/demo.toml") -> None:
        """Change one place of a configuration file."""
        path = self.config / file
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def start(self, module: str, *arguments: str | Path, **options: Any) -> Running:
        return self.commands.start(module, *arguments, environment=self.environment, folder=self.folder, **options)

    def sync(self, *arguments: str | Path, **options: Any) -> Ended:
        """`roster-sync ARGUMENTS` to its end."""
        return self.start("sync", *arguments, **options).wait()

    def day(self, *arguments: str | Path, **options: Any) -> Ended:
        """`access-service ARGUMENTS` to its end."""
        return self.start("access_service", *arguments, **options).wait()

    @contextmanager
    def nights(self, now: datetime | None = None) -> Iterator[Nights]:
        """Nights run in this process, over the same database and configuration, from `now` on."""
        databases = engine.connect(self.database_url)
        secrets = pytest.MonkeyPatch()
        for name in ("ACCESS_PEPPER", "SYNC_KEY"):
            secrets.setenv(name, self.environment[name])
        try:
            yield Nights(databases, self.folder, dict(load(self.config).districts), now or datetime.now(UTC))
        finally:
            secrets.undo()
            databases.dispose()

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that a night changes."""
        databases = engine.connect(self.database_url)
        try:
            with snapshot(databases) as connection:
                return {
                    name: sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}")), key=repr)  # noqa: S608
                    for name in TABLES
                }
        finally:
            databases.dispose()
