"""Flat files as they are: titles, footers, stray delimiters, spreadsheets' damage. No column ever shifts."""

import csv
import io
import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sync.roster import BadRosterError, Roster
from tests.sync.test_flat import only, read
from tests.sync.workbooks import Cell, workbook

HEADER = "Student_Number,SchoolID,Grade,Last_Name"
ONE, TWO = "0012345,101,3,Synthetica", "0012346,102,4,Other"


def told(roster: Roster) -> tuple[list[str], dict[str, int], list[tuple[int, str]]]:
    """The numbers read, what was tolerated, and what was rejected."""
    warnings = {code.value: times for code, times in roster.warnings.items() if times}
    rejects = [(reject.line, reject.code.value) for reject in roster.rejects]
    return list(roster.frame["student_number"]), warnings, rejects


BOTH = ["0012345", "0012346"]
ODDITIES: dict[str, tuple[str, list[str], dict[str, int], list[tuple[int, str]]]] = {
    "a title above the header": (
        f"Report: All students\n{HEADER}\n{ONE}\n{TWO}\n",
        BOTH,
        {"lines_above_header": 1},
        [],
    ),
    "five lines above it": (f"A\n\nB, c\nD\n\n{HEADER}\n{ONE}\n{TWO}\n", BOTH, {"lines_above_header": 1}, []),
    "a blank line above it": (f"\n{HEADER}\n{ONE}\n{TWO}\n", BOTH, {"lines_above_header": 1}, []),
    "a bad row below a title": (f"A\n{HEADER}\n{ONE}\nx\n{TWO}\n", BOTH, {"lines_above_header": 1}, [(4, "row_width")]),
    "a delimiter after every row": (f"{HEADER}\n{ONE},\n{TWO},\n", [], {}, [(2, "row_width"), (3, "row_width")]),
    "after header and rows": (f"{HEADER},\n{ONE},\n{TWO},\n", BOTH, {}, []),
    "a total": (f"{HEADER}\n{ONE}\n{TWO}\nTotal: 2\n", BOTH, {"footer": 1}, []),
    "what SQL*Plus says": (f"{HEADER}\n{ONE}\n{TWO}\n\n2 rows selected.\n", BOTH, {"footer": 1}, []),
    "what sqlcmd says": (f"{HEADER}\n{ONE}\n{TWO}\n\n(2 rows affected)\n\n", BOTH, {"footer": 1}, []),
    "an end of file": (f"{HEADER}\n{ONE}\n{TWO}\nEOF\n", BOTH, {"footer": 1}, []),
    "a trailer": (f"{HEADER}\n{ONE}\n{TWO}\nTRAILER,2\n", BOTH, {"footer": 1}, []),
    "a footer of full width": (f"{HEADER}\n{ONE}\n{TWO}\nTotal: 2,,,\n", BOTH, {"footer": 1}, []),
    "a footer with rows after it": (f"{HEADER}\n{ONE}\nTotal: 1\n{TWO}\n", BOTH, {}, [(3, "row_width")]),
    "a last row cut off": (f"{HEADER}\n{ONE}\n{TWO}\n00123", BOTH, {}, [(4, "row_width")]),
    "a header twice, unused": (f"{HEADER},x,x\n{ONE},1,2\n{TWO},1,2\n", BOTH, {"header_repeated": 1}, []),
    "columns without a name": (f"{HEADER},,\n{ONE},,\n{TWO},,\n", BOTH, {}, []),
    "rows of nothing": (f"{HEADER}\n{ONE}\n,,,\n{TWO}\n,,,\n", BOTH, {"row_blank": 2}, []),
    "text kept from Excel": (f'{HEADER}\n="0012345",101,3,A\n"=""0012346""",102,4,B\n', BOTH, {"excel_text": 2}, []),
    "ids cut short": (
        f"{HEADER}\n{ONE}\n1.23E+11,101,3,A\n1.23E+11,101,4,B\n",
        BOTH[:1],
        {},
        [(3, "id_damaged"), (4, "id_damaged")],
    ),
    "an id that looks alike": (f"{HEADER}\n1E5,101,3,A\n12E+3X,101,4,B\n", ["1E5", "12E+3X"], {}, []),
    "a comma in a quoted name": ('"ID, local";"Student ID";School;Grade\n"a, b";0012345;101;3\n', BOTH[:1], {}, []),
    "decimal commas": ("Student ID;School;Grade;GPA\n0012345;101;3;3,5\n0012346;101;3;2,5\n", BOTH, {}, []),
    "quoted tabs": ('"Student ID"\t"School"\t"Grade"\n"0012345"\t"101"\t"3"\n', BOTH[:1], {}, []),
    "a pipe in quotes": ('Student ID|School|Grade|Name\n0012345|101|3|"a|b"\n0012346|1|3|c\n', BOTH, {}, []),
    "mixed line ends": (f"{HEADER}\r\n{ONE}\r{TWO}\n", BOTH, {}, []),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_each_oddity_is_read_for_what_it_is(tmp_path: Path, oddity: str) -> None:
    """What can be told for certain is tolerated and counted; everything else stays a reject."""
    text, numbers, warnings, rejects = ODDITIES[oddity]
    assert told(read(tmp_path, text)) == (numbers, warnings, rejects)


def test_a_delimiter_after_some_rows_only_shifts_nothing(tmp_path: Path) -> None:
    """Then nobody can tell which cell is which: the rows of another width are rejects."""
    roster = read(tmp_path, f"{HEADER}\n{ONE},\n{TWO}\n")
    assert told(roster) == (["0012346"], {}, [(2, "row_width")])


def test_a_footer_is_no_row_and_suspends_nothing(tmp_path: Path) -> None:
    """A reject without an id would keep everybody from leaving, every night."""
    roster = read(tmp_path, f"{HEADER}\n{ONE}\n\n(1 rows affected)\n")
    assert (roster.rows, roster.rejects) == (1, ())


def test_a_damaged_number_leaves_its_student_where_they_are(tmp_path: Path) -> None:
    """The row's own id is readable, so that nobody goes absent; a damaged id is nobody's."""
    roster = read(tmp_path, "SIS ID,Student Number,School,Grade\n7,1.23E+11,101,3\n1,12345,101,3\n")
    assert [reject.source_id for reject in roster.rejects] == ["7"]
    roster = read(tmp_path, "SIS ID,Student Number,School,Grade\n1.23E+11,12345,101,3\n1,12346,101,3\n")
    assert [(reject.source_id, reject.school) for reject in roster.rejects] == [(None, "101")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            f"{HEADER}\n{ONE}\n".encode("utf-16-le"),
            "NUL bytes; UTF-16 without its mark, or damaged: export it as UTF-8",
        ),
        (f"{HEADER}\n{ONE}\n\0".encode(), "NUL bytes; UTF-16 without its mark, or damaged: export it as UTF-8"),
        (b"Student_Number\n1\n", "one column only; comma, tab, pipe or semicolon should stand between cells"),
        (b"Student_Number SchoolID Grade\n1 101 3\n", "one column only"),
        (f"{HEADER},Student_Number\n{ONE},1\n".encode(), "column 'Student_Number' is there twice"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, content: bytes, said: str) -> None:
    """The file's name and what to do."""
    with pytest.raises(BadRosterError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(f"students.csv: {said}")


def is_utf_8(content: bytes) -> bool:
    try:
        return bool(content.decode())
    except UnicodeDecodeError:
        return False


ANY = st.characters(codec="cp1252", exclude_categories=["Cc"])
CELLS = st.text(ANY | st.sampled_from(",;|' "), max_size=8).map(lambda text: f"N{text}".strip())
WRITTEN = st.tuples(
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.sampled_from(["", "All students\n"]),
)


@given(st.lists(CELLS, min_size=1, max_size=5), WRITTEN)
def test_however_it_is_written_it_is_the_same_roster(
    names: list[str], written: tuple[str, str, bool, str, str]
) -> None:
    """Delimiter, line ends, quotes, encoding, mark and title change nothing of what is read."""
    delimiter, end, quoted, encoding, title = written
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL if quoted else 0)
    writer.writerow(["Student ID", "School", "Grade", "Last Name"])
    rows = [[str(number), "101", "3", name.replace('"', "'")] for number, name in enumerate(names)]
    writer.writerows(rows)
    content = (title.replace("\n", end) + text.getvalue()).encode(encoding)
    # Bytes that are UTF-8 as well are read as such: nobody could tell.
    assume(encoding != "cp1252" or content.isascii() or not is_utf_8(content))
    with tempfile.TemporaryDirectory() as folder:
        roster = read(Path(folder), content, fallback_encoding="cp1252")
    assert roster.frame[["source_id", "family_name"]].to_numpy().tolist() == [[row[0], row[3]] for row in rows]
    assert roster.rejects == ()


BOOK: list[list[Cell]] = [
    ["Student ID", "SIS ID", "School", "Grade", "Last Name", "DOB", "GPA"],
    ["0012345", 77, 101, 3, "Synthetica", date(2017, 4, 12), 3.5],
    ["0012346", 78, 101, "KG", "Other", "4/13/2017", None],
]


def test_a_workbook_is_read_like_any_file(tmp_path: Path) -> None:
    """Columns of ids that hold numbers are counted, each once; dates and grades are read either way."""
    roster = read(tmp_path, workbook(tmp_path / "a.xlsx", BOOK).read_bytes(), "students.xlsx")
    assert told(roster) == (BOTH, {"number_cell": 2}, [])
    assert roster.frame[["source_id", "school", "grade", "birth_date"]].to_numpy().tolist() == [
        ["77", "101", "03", "2017-04-12"],
        ["78", "101", "KG", "2017-04-13"],
    ]
    assert roster.columns["students.xlsx"].dropped == ("GPA",)


def test_a_workbook_with_a_title_a_footer_and_another_sheet(tmp_path: Path) -> None:
    """Lines are the sheet's rows, and the first sheet that is a roster counts."""
    rows: list[list[Cell]] = [["All students"], [None], *BOOK, ["", 79, 101, 3, "Nobody", None, None], ["Total: 3"]]
    rows.insert(3, ["1", 1.5e16, 101, 3, "Cut", None, None])
    book = workbook(tmp_path / "a.xlsx", [["Read me", "first"]], rows, BOOK)
    roster = read(tmp_path, book.read_bytes(), "students.xlsx")
    assert list(roster.columns) == ["students.xlsx sheet 2"]
    numbers, warnings, rejects = told(roster)
    assert numbers == [*BOTH, ""]
    assert warnings == {"number_cell": 2, "lines_above_header": 1, "footer": 1, "birth_date_missing": 1}
    assert rejects == [(4, "id_damaged")]


def test_a_birth_date_alone_makes_no_row(tmp_path: Path) -> None:
    """A row that says anything at all is a row, and without an id a reject."""
    roster = read(tmp_path, "Student ID,School,Grade,DOB\n1,101,3,\n,,,4/12/2017\n")
    assert only(roster)["source_id"] == "1"
    assert [reject.code for reject in roster.rejects] == ["id_missing"]
