"""Rosters that are one file of students, in the words of each product, and how files are written."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.settings import District, load
from sync.formats import read_package
from sync.formats.dates import iso_date
from sync.formats.headers import folded
from sync.formats.style import style_of
from sync.package import open_package
from sync.roster import BadRosterError, Roster

TODAY = date(2026, 11, 20)
REAL = Path(__file__).parents[3] / "shared" / "rosters"

CLEVER = "School_id,Student_id,Student_number,Last_name,Middle_name,First_name,Grade,Gender,DOB,Race,Contact_name\n"
SDS = "SIS ID,School SIS ID,First Name,Last Name,Username,Password,Student Number,Grade,Status,Birthdate\n"


def district(**feed: Any) -> District:
    demo = load(Path("config")).district("demo")
    return demo.model_copy(update={"feed": demo.feed.model_copy(update=feed)})


def read(
    folder: Path, text: str | bytes, name: str = "students.csv", *, whole_folder: bool = False, **feed: Any
) -> Roster:
    """The roster of one file, or of the folder that it lies in."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with open_package(folder if whole_folder else folder / name) as package:
        return read_package(package, district(**feed), TODAY)


def only(roster: Roster) -> dict[str, str]:
    assert len(roster.frame) == 1
    return {str(name): str(cell) for name, cell in roster.frame.iloc[0].to_dict().items()}


def test_clever_rows_of_one_student_are_one_student(tmp_path: Path) -> None:
    """Clever repeats a student for each contact, and for each school; the school that is served counts."""
    rows = (
        "999,00a,0012345,Synthetica,,Testa,3,F,4/12/2017,W,One\n101,00a,0012345,Synthetica,,Testa,3,F,4/12/2017,W,Two\n"
    )
    roster = read(tmp_path, CLEVER + rows)
    assert roster.format == "Clever students"
    assert only(roster) == {
        "source_id": "00a",
        "student_number": "0012345",
        "school": "101",
        "grade": "03",
        "given_name": "Testa",
        "family_name": "Synthetica",
        "birth_date": "2017-04-12",
        "pin": "",
        "state_id": "",
        "exit": "",
        "role": "student",
    }


def test_sensitive_columns_are_dropped_at_the_door(tmp_path: Path) -> None:
    """Columns outside the agreement are named in the receipt and read no further."""
    roster = read(tmp_path, CLEVER + "101,a,12345,Synthetica,,Testa,3,F,4/12/2017,W,One\n")
    assert set(roster.columns["students.csv"].dropped) == {"Middle_name", "Gender", "Race", "Contact_name"}


def test_rows_that_contradict_each_other_are_rejected(tmp_path: Path) -> None:
    """Two rows of one id with two names are nobody's card."""
    rows = "101,a,12345,Synthetica,,Testa,3,F,4/12/2017,W,\n101,a,12345,Other,,Testa,3,F,4/12/2017,W,\n"
    roster = read(tmp_path, CLEVER + rows)
    assert len(roster.frame) == 0
    assert [reject.code for reject in roster.rejects] == ["id_duplicate", "id_duplicate"]


@pytest.mark.parametrize(
    "header",
    ["School_ID,Student_ID,Last_Name,First_Name,Grade,Dob", "school id,Student id,Last name,First name,Grade,DOB"],
)
def test_header_variants_of_clever_are_one(tmp_path: Path, header: str) -> None:
    """Case, blanks and underscores of a header say nothing."""
    assert (
        only(read(tmp_path, f"{header}\n101,7,Synthetica,Testa,Kindergarten,10/3/20\n"))["birth_date"] == "2020-10-03"
    )


def test_a_withdrawn_student_has_a_stated_exit(tmp_path: Path) -> None:
    """A status column's word that somebody has gone is kept with the row."""
    assert only(read(tmp_path, SDS + "1,101,Testa,Synthetica,u,p,12345,9,Inactive,4/2/2010\n"))["exit"] == "inactive"


def test_passwords_are_never_read(tmp_path: Path) -> None:
    """A password column is dropped, whatever it is called by the product."""
    roster = read(tmp_path, SDS + "1,101,Testa,Synthetica,u,S3cret,12345,9,Active,4/2/2010\n")
    assert "Password" in roster.columns["students.csv"].dropped
    assert "S3cret" not in roster.frame.to_string()


def test_apple_school_manager_with_backslashes_and_semicolons(tmp_path: Path) -> None:
    """Apple's files have backslashes before quotes, unlike any CSV standard."""
    text = 'person_id;person_number;first_name;last_name;grade_level;location_id\n5;12345;"Te\\"st\\"a";"A; B";2;101\n'
    found = only(read(tmp_path, text))
    assert (found["given_name"], found["family_name"], found["grade"]) == ('Te"st"a', "A; B", "02")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", ["\t", "|", ";", ","])
def test_every_delimiter_and_line_end(tmp_path: Path, delimiter: str, end: str) -> None:
    """The header row says what stands between cells; any line end will do."""
    rows = ["STUDENTS.Student_Number", "SchoolID", "Grade_Level", "Enroll_Status"], ["12345", "101", "-2", "0"]
    found = only(read(tmp_path, end.join(delimiter.join(row) for row in rows) + end, "export.txt"))
    assert (found["source_id"], found["school"], found["grade"], found["exit"]) == ("12345", "101", "PK", "")


def test_a_stray_quote_in_a_tab_file_swallows_nothing(tmp_path: Path) -> None:
    """Tab exports are unquoted, so a quote is a character like any other."""
    text = 'Student_Number\tSchoolID\tGrade\tLast_Name\n1\t101\t3\t"O\n2\t101\t3\tPlain\n'
    assert list(read(tmp_path, text).frame["family_name"]) == ['"O', "Plain"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_that_say_what_they_are(tmp_path: Path, encoding: str) -> None:
    """A byte order mark settles the encoding; without one it is UTF-8."""
    text = "Student_Number,SchoolID,Grade,Last_Name\n1,101,3,Séntètica\n"
    assert only(read(tmp_path, text.encode(encoding)))["family_name"] == "Séntètica"


def test_columns_that_the_district_names_come_first(tmp_path: Path) -> None:
    """What no alias knows, [feed] columns can name."""
    text = "Badge;Kid;Bldg;Yr\n0007;k1;101;4\n"
    found = only(
        read(tmp_path, text, columns={"student_number": "Badge", "source_id": "Kid", "school": "Bldg", "grade": "Yr"})
    )
    assert (found["source_id"], found["student_number"], found["grade"]) == ("k1", "0007", "04")


def test_a_file_without_students_says_what_it_has(tmp_path: Path) -> None:
    """A package of which nothing looks like students is one clear line."""
    with pytest.raises(BadRosterError, match="no file with an id, a school and a grade"):
        read(tmp_path, "a,b\n1,2\n")


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("2017-04-12", "2017-04-12"),
        ("20170412", "2017-04-12"),
        ("4/2/2017", "2017-04-02"),
        ("04/02/17", "2017-04-02"),
        ("04/02/99", "1999-04-02"),
        ("02-APR-2017", "2017-04-02"),
        ("2017-04-12T00:00:00.000Z", "2017-04-12"),
        ("4/2/2017 12:00:00 AM", "2017-04-02"),
        ("13/2/2017", ""),
        ("2017-02-30", ""),
        ("02-XXX-2017", ""),
        ("\u0664/2/2017", ""),
        ("", ""),
    ],
)
def test_birth_dates(cell: str, read: str) -> None:
    """Each spelling that systems export is one date; what is none is none."""
    assert iso_date(cell, TODAY) == read


@given(st.text(max_size=30))
def test_any_cell_is_a_date_or_not(cell: str) -> None:
    """No cell breaks the reading of dates."""
    found = iso_date(cell, TODAY)
    assert found in ("", found and date.fromisoformat(found).isoformat())


@given(st.binary(max_size=300))
def test_any_bytes_have_a_style(sample: bytes) -> None:
    """No bytes break the look at how a file is written."""
    assert style_of(sample).words


def test_folding_takes_the_table_away() -> None:
    """PowerSchool writes the table before the column."""
    assert [folded(name) for name in ("STUDENTS.Last_Name", "[39]Name", "Student id")] == [
        "lastname",
        "name",
        "studentid",
    ]


@pytest.mark.skipif(not REAL.exists(), reason="../shared/rosters is not here")
@pytest.mark.parametrize(
    ("path", "form", "students"),
    [("sds/v1-25-users", "Microsoft SDS v1 students", 22), ("sds/v2.1", "Microsoft SDS v2.1", 4)],
)
def test_real_sds_exports(path: str, form: str, students: int) -> None:
    """Microsoft's own samples read with all their students."""
    with open_package(REAL / path) as package:
        roster = read_package(package, district(), TODAY)
    assert (roster.format, len(roster.frame), roster.rejects) == (form, students, ())
