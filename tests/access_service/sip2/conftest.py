"""SIP2 is about what is on the wire: one kind of database will do, copied rather than made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_service.storage import engine
from access_service.storage.engine import Databases, day_file


@pytest.fixture
def database_url(empty: Path, tmp_path: Path) -> str:
    path = tmp_path / "access.db"
    for source, target in ((empty, path), (day_file(empty), day_file(path))):
        shutil.copy(source, target)
    return f"sqlite:///{path}"


@pytest.fixture
def databases(database_url: str) -> Iterator[Databases]:
    opened = engine.connect(database_url)
    yield opened
    opened.dispose()
