"""The pages for staff, over databases of both kinds."""

from pathlib import Path

import pytest

from access_service.settings import Settings, load
from access_service.storage.engine import Databases
from access_service.web.app import create_app
from tests.access_service import seed
from tests.access_service.admin.visiting import Installed, Pages


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


@pytest.fixture
def installed(databases: Databases, tmp_path: Path) -> Installed:
    """The pages over an empty database of each kind, started from files that a test can change."""
    folder = tmp_path / "config"
    (folder / "districts").mkdir(parents=True)
    (folder / "service.toml").write_text('audit_heads = "audit-heads.jsonl"\n', encoding="utf-8")
    table = (seed.CONFIG / "districts" / "demo.toml").read_text(encoding="utf-8")
    oak = table.replace('"demo"', '"oak"').replace("Maple County", "Oak").replace('"29', '"39')
    for code, text in (("demo", table), ("oak", oak)):
        (folder / "districts" / f"{code}.toml").write_text(text, encoding="utf-8")
    usage = seed.usage_counter(databases)
    app = create_app(load(folder), databases, seed.VAULT, usage, seed.at_noon, folder)
    return Installed(app, databases, folder)
