"""The pages for staff, over databases of both kinds."""

from pathlib import Path

import pytest

from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages


@pytest.fixture
def pages(databases: Databases, tmp_path: Path) -> Pages:
    """The pages over an empty database of each kind; districts "demo" and "oak"."""
    configured = seed.settings(seed.district(), seed.district("oak", "39{student_number}"))
    service = configured.service.model_copy(update={"audit_heads": tmp_path / "audit-heads.jsonl"})
    app = seed.app(databases, configured.model_copy(update={"service": service}))
    app.testing = True
    return Pages(app, databases)
