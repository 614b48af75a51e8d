from pathlib import Path

import pytest

from tests.place import copy_of


@pytest.fixture
def database_url(empty: Path, tmp_path: Path) -> str:
    """SIP2 is about what is on the wire: one kind of database will do."""
    return copy_of(empty, tmp_path)
