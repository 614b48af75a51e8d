"""The pages for staff, over databases of both kinds."""

from pathlib import Path

import pytest

from access_service.settings import Settings
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    """Districts "demo" and "oak"."""
    two = seed.settings(seed.district(), seed.district("oak", "39{student_number}"))
    service = two.service.model_copy(update={"audit_heads": tmp_path / "audit-heads.jsonl"})
    return two.model_copy(update={"service": service})


@pytest.fixture
def pages(databases: Databases, configured: Settings) -> Pages:
    """The pages over an empty database of each kind."""
    return Pages(seed.app(databases, configured), databases)
