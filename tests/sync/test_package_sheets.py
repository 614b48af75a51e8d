"""Workbooks are read as the text they could have been, and none takes the night down."""

import os
import shutil
import zipfile
from datetime import date
from pathlib import Path

import pytest

from sync.package import open_package
from sync.package.workbook import as_text
from tests.sync.packages import contents, refusal
from tests.sync.workbooks import Cell, shared_xml, sheet_xml, workbook

ROWS = [["Student ID", "School", "Grade"], ["0012345", "101", "3"]]
TEXT = b"Student ID,School,Grade\n0012345,101,3\n"


def test_a_workbook_is_read_alone_in_a_folder_and_in_a_zip(tmp_path: Path) -> None:
    """Wherever a .csv may be."""
    book = workbook(tmp_path / "Students.XLSX", ROWS)
    folder = tmp_path / "folder"
    folder.mkdir()
    shutil.copy(book, folder)
    with zipfile.ZipFile(tmp_path / "roster.zip", "w") as archive:
        archive.write(book, "roster/Students.XLSX")
    for path in (book, folder, tmp_path / "roster.zip"):
        assert contents(path) == {"students.xlsx": TEXT}


def test_what_excel_leaves_beside_an_open_file_is_passed_over(tmp_path: Path) -> None:
    """Its lock file has the same ending and is no workbook."""
    workbook(tmp_path / "students.xlsx", ROWS)
    (tmp_path / "~$students.xlsx").write_bytes(b"\x04Someone")
    assert contents(tmp_path) == {"students.xlsx": TEXT}


def test_every_sheet_with_cells_is_a_file(tmp_path: Path) -> None:
    """An empty first sheet does not hide the second."""
    book = workbook(tmp_path / "a.xlsx", [], ROWS, [["Notes"]])
    assert contents(book) == {"a.xlsx": TEXT, "a.xlsx sheet 2": b"Notes\n"}


def test_lines_are_the_rows_of_the_sheet(tmp_path: Path) -> None:
    """Rows above the table, blank ones and line breaks in cells move nothing."""
    rows: list[list[Cell]] = [["a", "b"], [None, None], ["", ""], ["two\nlines", 'say "x", y']]
    assert contents(workbook(tmp_path / "a.xlsx", rows, first_row=3))["a.xlsx"] == (
        b'\n\na,b\n\n\ntwo lines,"say ""x"", y"\n'
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12345.0, "12345"),
        (0.5, "0.5"),
        (-2, "-2"),
        (123456789012345.0, "123456789012345"),
        (1234567890123456.0, "1.23E+15"),
        (True, "TRUE"),
        (date(2017, 4, 12), "2017-04-12"),
        ("007", "007"),
        ("\u00e9\u674e", "\u00e9\u674e"),
    ],
)
def test_cells_are_text(cell: str | float, text: str, tmp_path: Path) -> None:
    """Numbers without ".0", dates in ISO, values of formulas; a number that lost digits shows it."""
    assert contents(workbook(tmp_path / "a.xlsx", [["x", cell]]))["a.xlsx"] == f"x,{text}\n".encode()
    assert as_text(cell) == text


def test_columns_with_numbers_are_named(tmp_path: Path) -> None:
    """Which columns hold numbers is known, for they may have lost zeros."""
    with open_package(workbook(tmp_path / "a.xlsx", [["a", "b", "c"], ["1", 1, True], ["1", 2.5, "x"]])) as package:
        assert package.number_columns("a.xlsx") == {1}


def test_an_old_or_encrypted_workbook_says_what_to_do(tmp_path: Path) -> None:
    """Both are the same kind of file inside."""
    for name in ("a.xlsx", "a.xls"):
        (tmp_path / name).write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
        assert refusal(tmp_path / name) == (
            f"{name}: an old or encrypted workbook; save it as .xlsx without a password, or as CSV"
        )


def test_a_damaged_workbook_is_one_line(tmp_path: Path) -> None:
    """Cut short, no zip at all, or a zip of something else."""
    whole = workbook(tmp_path / "a.xlsx", ROWS).read_bytes()
    other = tmp_path / "b.xlsx"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("letter.txt", "Dear library")
    for content in (whole[: len(whole) // 2], b"", b"Student ID,School\n", other.read_bytes(), os.urandom(5000)):
        (tmp_path / "a.xlsx").write_bytes(content)
        said = refusal(tmp_path / "a.xlsx")
        assert said.startswith("a.xlsx: ") and "damaged" in said and "\n" not in said


def test_a_broken_sheet_is_one_line(tmp_path: Path) -> None:
    """The zip is whole, and what is in it is not."""
    broken = workbook(tmp_path / "a.xlsx", ROWS, parts={"xl/worksheets/sheet1.xml": "<worksheet><sheetData><row"})
    assert "a.xlsx: damaged, or no workbook; save it again" in refusal(broken)


def test_a_workbook_that_is_a_bomb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    """The rules of zips hold for it too."""
    bomb = workbook(tmp_path / "a.xlsx", ROWS, parts={"xl/worksheets/sheet1.xml": " " * 30_000_000})
    assert "squeezed into" in refusal(bomb)


def test_a_cell_far_outside_the_table_costs_no_memory_of_ours(tmp_path: Path) -> None:
    """Two cells, seventeen billion between them: the reader of workbooks would take them all into memory."""
    far = sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    book = workbook(tmp_path / "a.xlsx", ROWS, parts={"xl/worksheets/sheet1.xml": far})
    assert "a.xlsx: too many cells, or one far outside the table" in refusal(book)


def test_more_text_than_allowed_is_refused(tmp_path: Path) -> None:
    """One long text, kept once and shown in many cells: what comes out has a limit too."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 100))
    parts = {"xl/sharedStrings.xml": shared_xml("x" * 3000), "xl/worksheets/sheet1.xml": sheet_xml(cells)}
    book = workbook(tmp_path / "a.xlsx", ROWS, parts=parts)
    assert len(contents(book)["a.xlsx"]) == 99 * 3001
    assert "a.xlsx: too many cells" in refusal(book, 100_000)
