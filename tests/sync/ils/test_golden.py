"""Each format writes every kind of change as it was reviewed, and its page shows what it writes."""

import re
import tomllib
from pathlib import Path

import pytest

from access_service.ils import FormatName
from access_service.settings.service import Service
from tests.sync.ils.golden import PAGES, ils_of, stored, tables, with_files, written


@pytest.mark.parametrize("name", with_files())
def test_every_change_is_written_as_it_was_reviewed(name: FormatName) -> None:
    """Byte for byte; where this is meant to change: python -m tests.sync.ils.golden, and review."""
    assert written(name) == stored(name)


@pytest.mark.parametrize("name", with_files())
def test_no_file_begins_with_a_mark_of_its_encoding(name: FormatName) -> None:
    """Loaders take it for a part of the first header."""
    assert not [file for file, content in stored(name).items() if content.startswith(b"\xef\xbb\xbf")]


@pytest.mark.parametrize("name", with_files())
def test_the_page_shows_a_load(name: FormatName) -> None:
    """At least the file of new accounts, and every file that the page shows is the one that is written."""
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"`([\w.-]+)`:\n\n```[a-z]*\n(.*?)^```", page, re.DOTALL | re.MULTILINE))
    template = ils_of(name).csv
    encoding = template.encoding if template else "utf-8"
    golden = {file: content.decode(encoding).replace("\r\n", "\n") for file, content in stored(name).items()}
    assert any("create" in file for file in shown)
    assert shown == {file: golden.get(file) for file in shown}


@pytest.mark.parametrize("page", sorted({*PAGES.glob("*.md")} - {PAGES / "extract.md"}), ids=lambda page: page.name)
def test_the_tables_of_a_page_load(page: Path) -> None:
    """Each is right as service.toml."""
    for table in tables(page):
        Service.model_validate(tomllib.loads(table))
