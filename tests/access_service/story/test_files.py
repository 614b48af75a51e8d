"""What people can put in a slide, open in a spreadsheet, and print."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from access_service.settings import District, PaperSize
from access_service.storage import engine, schema
from access_service.storage.runs import Outcome
from access_service.story import edition, report, sheets
from access_service.story.pictures import Form, Picture, draw, pictures
from access_service.story.scope import Scope, scope
from access_service.story.telling import Figures
from tests.access_service import seed
from tests.access_service.story import settled
from tests.commands import Commands
from tests.place import Place
from tests.sync.rosters import pupils

NAMES = {"101": "Maple Elementary", "102": "=cmd() <script> $x$", "301": "Central High"}


def named() -> District:
    table = seed.district().model_dump()
    table["district"]["school_names"] = NAMES
    return District.model_validate(table)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    databases = engine.connect(f"sqlite:///{tmp_path_factory.mktemp('story') / 'access.db'}")
    schema.upgrade(databases)
    settled.store(databases, settled.students())
    settled.keep_nights(databases, ["applied"] * 9 + ["held", "failed", "same_students"])
    counted = edition.of_today(databases, named(), seed.NOON)
    databases.dispose()
    return counted


@pytest.fixture
def whole(figures: Figures) -> Scope:
    return scope(figures, named())


def test_the_report_is_two_pages_of_the_numbers(figures: Figures, whole: Scope) -> None:
    """Of a district with any number of schools and of a school, on either paper: the numbers, what they mean, what is
    hidden, nights, date; the largest schools, and how many more there are."""
    many = replace(whole, schools=[*whole.schools] * 60)
    for of, size, numbers in (
        (many, PaperSize.LETTER, ("637", "531", "424", "10 of 12", "Central High", "and 160 more")),
        (scope(figures, named(), "102"), PaperSize.A4, ("169", "141", "112", "< 10", "=cmd() <script> $x$")),
    ):
        paper = PdfReader(io.BytesIO(report.pdf(of, size)))
        assert len(paper.pages) == 2
        first, second = (page.extract_text() for page in paper.pages)
        assert all(number in first + second for number in numbers)
        assert "3 November 2026" in first and "3 November 2026" in second
        assert "What is hidden" in second and "Nights kept: 10 of 12" in second and "The PIN was wrong: 424" in second


def test_pictures_are_alike_each_time_and_tell_nothing_else(whole: Scope) -> None:
    """PNG of the promised size; SVG without script, date or program; names are no formulas of the library."""
    assert pictures(whole) == list(Picture)
    png = draw(whole, Picture.SCHOOLS, Form.PNG)
    assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (1600, 900)
    svg = draw(whole, Picture.GRADES, Form.SVG)
    assert svg == draw(whole, Picture.GRADES, Form.SVG)
    assert not re.search(rb"<(script|dc:date|dc:creator)|href=\"[^#]|Matplotlib", svg)


def test_tables_are_safe_and_hide_the_same(figures: Figures, whole: Scope) -> None:
    """No cell is a formula; a school's table is the district's lines of it; hidden is hidden."""
    lines = list(csv.reader(io.StringIO(sheets.students(whole, named()).decode())))
    school = list(csv.reader(io.StringIO(sheets.students(scope(figures, named(), "102"), named()).decode())))
    assert school[1:] == [line for line in lines if line[2] == "102"]
    assert lines[0] == list(sheets.COLUMNS)
    assert lines[-1][2:] == ["all", "all", "all", "637", "531", "424", "212", "212"]
    assert {line[3] for line in school[1:]} == {"'=cmd() <script> $x$"}
    assert [line[5] for line in school[1:]] == ["84", "hidden", "< 10", "169"]
    assert sheets.months(whole).decode().splitlines()[-1] == "2026-11,637,212,106"
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line)


def test_the_command_tells_and_writes(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """Without a page: the numbers, or files; a school that there is not is named with those that there are."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    with place.nights() as nights:
        assert nights.night(pupils(12)).outcome is Outcome.APPLIED
    told = place.day("story", "demo")
    assert "Students with access" in told.out and " 12\n" in told.out
    assert place.day("story", "demo", "--json").json["access"] == 12
    assert place.day("story", "demo", "--pdf", "out/a.pdf", "--csv", "out/a.csv", "--again").out == ""
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.pdf", "a.csv"}
    assert "story_again" in place.day("audit", "list").out
    assert "there are: 101" in place.day("story", "demo", "--school", "9").refused()
