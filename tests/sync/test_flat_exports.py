"""Flat files as each product writes them: which column is which, who has gone, what a grade is called."""

from pathlib import Path

import pytest

from sync.roster import BadRosterError, WarningCode
from tests.sync.test_flat import CLEVER, only, read

NAMED = ("source_id", "student_number", "school", "grade", "given_name", "family_name", "birth_date", "exit")

# What a product's header is -> a row under it, and what is read from it.
EXPORTS = {
    "PowerSchool with tables": (
        "STUDENTS.ID\t[1]Student_Number\tSTUDENTS.SchoolID\tSTUDENTS.Grade_Level\t[39]Name\tSTUDENTS.First_Name\t"
        "STUDENTS.Last_Name\tSTUDENTS.DOB\tSTUDENTS.Enroll_Status",
        "811\t0012345\t101\t0\tMaple ES\tTesta\tSynthetica\t04/12/2017\t0",
        ("811", "0012345", "101", "KG", "Testa", "Synthetica", "2017-04-12", ""),
    ),
    "PowerSchool, LastFirst": (
        "Student_Number,SchoolID,Grade_Level,LastFirst,DOB,Enroll_Status,EntryDate,ExitDate",
        '0012345,101,3,"Synthetica, Testa M",4/12/2017,2,8/1/2026,11/1/2026',
        ("0012345", "0012345", "101", "03", "Testa M", "Synthetica", "2017-04-12", "2"),
    ),
    "Infinite Campus": (
        "personID,studentNumber,schoolNumber,grade,firstName,lastName,birthDate,serviceType,endDate,endStatus",
        "77,0012345,101,KG,Testa,Synthetica,04/12/2017,P,06/15/2027,",
        ("77", "0012345", "101", "KG", "Testa", "Synthetica", "2017-04-12", ""),
    ),
    "Aeries": (
        "STU.ID,STU.SC,STU.GR,STU.BD,STU.LN,STU.FN,STU.TG",
        "99400001,101,3,4/12/2017,Synthetica,Testa,I",
        ("99400001", "99400001", "101", "03", "Testa", "Synthetica", "2017-04-12", "i"),
    ),
    "Skyward": (
        "Name ID|Other ID|Alphakey|Entity|Grade|Last Name|First Name|Birth Date|Status",
        "5511|0012345|SYNTHTES000|101|03|Synthetica|Testa|04/12/2017|A",
        ("5511", "0012345", "101", "03", "Testa", "Synthetica", "2017-04-12", ""),
    ),
    "Synergy": (
        "SIS_NUMBER,ORGANIZATION_NAME,GRADE,LAST_NAME,FIRST_NAME,BIRTH_DATE,GENDER",
        "0012345,Maple Elementary,03,Synthetica,Testa,2017-04-12,F",
        ("0012345", "0012345", "Maple Elementary", "03", "Testa", "Synthetica", "2017-04-12", ""),
    ),
    "Tyler": (
        "Student Id,Building,Grade,Last Name,First Name,Date of Birth",
        "12345,101,3,Synthetica,Testa,04/12/2017",
        ("12345", "12345", "101", "03", "Testa", "Synthetica", "2017-04-12", ""),
    ),
    "Follett's library layout": (
        "Barcode,SiteShortName,DistrictID,LastName,FirstName,PatronType,Status,GradeLevel,BirthDate",
        "0012345,101,77,Synthetica,Testa,Student,A,3,04/12/17",
        ("77", "0012345", "101", "03", "Testa", "Synthetica", "2017-04-12", ""),
    ),
    "home-made": (
        "Student ID,Barcode,Full Name,School Code,Grade Level,Birthday",
        'k1,0012345,"Synthetica, Testa",101,3rd,12-Apr-2017',
        ("k1", "0012345", "101", "03", "Testa", "Synthetica", "2017-04-12", ""),
    ),
    "Microsoft SDS v1": (
        "SIS ID,School SIS ID,First Name,Last Name,Username,Password,Student Number,Grade,Status,Birthdate",
        "1,101,Testa,Synthetica,u,p,12345,9,Active,4/2/2010",
        ("1", "12345", "101", "09", "Testa", "Synthetica", "2010-04-02", ""),
    ),
}


@pytest.mark.parametrize("product", EXPORTS)
def test_the_export_of_each_product_is_read(tmp_path: Path, product: str) -> None:
    """Each header finds its field, and nothing that is not agreed is read."""
    header, row, expected = EXPORTS[product]
    found = only(read(tmp_path, f"{header}\n{row}\n"))
    assert tuple(found[name] for name in NAMED) == expected


def test_a_name_without_a_comma_is_a_family_name(tmp_path: Path) -> None:
    """Which part is which nobody can tell, and a name is there twice in no column."""
    found = only(read(tmp_path, "Student ID,Name,School,Grade\n1,Testa Synthetica,101,3\n"))
    assert (found["given_name"], found["family_name"]) == ("", "Testa Synthetica")


def test_two_columns_that_could_be_the_id_are_not_chosen_between(tmp_path: Path) -> None:
    """The district names the right one, table and all."""
    text = "STUDENTS.ID,CC.ID,SchoolID,Grade,Student_Number\n1,2,101,3,12345\n"
    with pytest.raises(BadRosterError, match="2 columns could be 'source_id'; name the right one"):
        read(tmp_path, text)
    assert only(read(tmp_path, text, columns={"source_id": "STUDENTS.ID"}))["source_id"] == "1"


@pytest.mark.parametrize(
    ("header", "cell", "left", "unknown"),
    [
        ("Status", "Active", "", 0),
        ("Status", "enrolled", "", 0),
        ("Status", "Pre-Registered", "", 0),
        ("Status", "Y", "", 0),
        ("Status", "", "", 0),
        ("Status", "NULL", "", 0),
        ("Status", "Withdrawn", "withdrawn", 0),
        ("Status", "No Show", "no show", 0),
        ("Status", "1", "", 1),
        ("Status", "On leave of absence", "", 1),
        ("Enroll_Status", "0", "", 0),
        ("Enroll_Status", "-1", "", 0),
        ("Enroll_Status", "1", "1", 0),
        ("Enroll_Status", "3", "3", 0),
        ("ExitDate", "11/19/2026", "exit date passed", 0),
        ("ExitDate", "11/20/2026", "", 0),
        ("WithdrawDate", "6/15/2027", "", 0),
        ("End Date", "soon", "", 0),
    ],
)
def test_who_has_gone(tmp_path: Path, header: str, cell: str, left: str, unknown: int) -> None:
    """A word that nobody knows sends nobody away, and is counted; a date of tomorrow is no exit."""
    roster = read(tmp_path, f"Student_Number,SchoolID,Grade,{header}\n1,101,3,{cell}\n")
    assert (only(roster)["exit"], roster.warnings[WarningCode.STATUS_UNKNOWN]) == (left, unknown)


def test_an_active_status_comes_before_an_exit_date(tmp_path: Path) -> None:
    """PowerSchool's exit date is the end of the school year: in July it has passed for all who come back."""
    text = "Student_Number,SchoolID,Grade,Enroll_Status,ExitDate\n1,101,3,0,6/15/2026\n2,101,3,,6/15/2026\n"
    assert list(read(tmp_path, text).frame["exit"]) == ["", "exit date passed"]


def test_a_district_says_what_its_words_mean(tmp_path: Path) -> None:
    """Grades, schools, statuses and roles, as sent; everything else keeps its meaning."""
    values = {
        "grade": {"-1": "TK"},
        "school": {"Maple ES": "101"},
        "status": {"On leave": "active", "Z": "inactive"},
        "role": {"Pupil": "student", "Helper": "aide"},
    }
    text = (
        "ID,Student_Number,School,Grade,Status,Role\n"
        "1,1,Maple ES,-1,On leave,Pupil\n2,2,101,3,Z,Student\n3,3,101,,,Teacher\n4,4,101,,,Helper\n"
    )
    roster = read(tmp_path, text, values=values)
    rows = roster.frame[["source_id", "school", "grade", "exit"]].to_numpy().tolist()
    assert rows == [["1", "101", "TK", ""], ["2", "101", "03", "inactive"]]
    assert (roster.not_students, roster.warnings[WarningCode.STATUS_UNKNOWN]) == (2, 0)


def test_nothing_in_words_is_nothing_but_a_name_is_a_name(tmp_path: Path) -> None:
    """Databases write NULL, and people are called so."""
    text = "Student_Number,SchoolID,Grade,DOB,First_Name,Last_Name\n1,NULL,n/a,#N/A,Null,NULL\n"
    found = read(tmp_path, text)
    row = only(found)
    assert (row["school"], row["grade"], row["birth_date"]) == ("", "", "")
    assert (row["given_name"], row["family_name"]) == ("Null", "NULL")
    assert dict(found.warnings) == {"birth_date_missing": 1}


@pytest.mark.parametrize("born", ["1/1/1900", "1901-01-01", "12/31/9999", "11/21/2026", "1/1/1970", "12/31/1969"])
def test_a_birth_date_that_stands_for_none_is_missing(tmp_path: Path, born: str) -> None:
    """Everybody with it would have the same PIN."""
    roster = read(tmp_path, f"Student_Number,SchoolID,Grade,DOB\n1,101,3,{born}\n")
    assert (only(roster)["birth_date"], dict(roster.warnings)) == ("", {"birth_date_placeholder": 1})


@pytest.mark.parametrize("born", ["2001-01-01", "1975-06-30", "2026-11-20"])
def test_grown_ups_and_infants_have_birthdays(tmp_path: Path, born: str) -> None:
    """Adult education and infant programs are in the same roster."""
    assert only(read(tmp_path, f"Student_Number,SchoolID,Grade,DOB\n1,101,3,{born}\n"))["birth_date"] == born


def test_a_district_of_one_school(tmp_path: Path) -> None:
    """Where no column has the school, the district's file says it; where one has, the column counts."""
    with pytest.raises(BadRosterError, match="no file with an id, a school and a grade"):
        read(tmp_path, "Student ID,Grade\n1,3\n")
    assert only(read(tmp_path, "Student ID,Grade\n1,3\n", school="101"))["school"] == "101"
    assert only(read(tmp_path, "Student ID,Grade,School\n1,3,102\n", school="101"))["school"] == "102"


def test_a_file_without_a_header_is_read_by_position(tmp_path: Path) -> None:
    """The first line is a student like any other."""
    columns = {"source_id": "1", "student_number": "1", "school": "4", "grade": "3", "family_name": "2"}
    roster = read(tmp_path, "0012345|Synthetica|3|101\n0012346|Other|4|101\n", header=False, columns=columns)
    assert list(roster.frame["student_number"]) == ["0012345", "0012346"]
    assert list(roster.frame["grade"]) == ["03", "04"]
    assert roster.columns["students.csv"].dropped == ()


def test_a_file_without_a_header_is_never_guessed_at(tmp_path: Path) -> None:
    """One line says what to set, and shows nothing of the file."""
    with pytest.raises(BadRosterError) as caught:
        read(tmp_path, "0012345,Qanary,3,101\n")
    assert str(caught.value) == (
        "students.csv: no file with an id, a school and a grade for each student, for no header was recognised; "
        "name the columns in [feed.columns], and where there is no header set [feed] header = false"
    )
    with pytest.raises(BadRosterError, match="should give the positions of source_id"):
        read(tmp_path, "0012345,Qanary,3,101\n", header=False, columns={"source_id": "1", "school": "9"})


SDS_V2 = "sourcedId,orgSourcedIds,givenName,familyName,username,password,role,grade\n"


def test_microsoft_sds_v2(tmp_path: Path) -> None:
    """A users.csv that is no OneRoster: role and grade are in it, and everybody who is no student stays out."""
    (tmp_path / "orgs.csv").write_text("sourcedId,name,type,parentSourcedId\n999,A,school,\n101,B,school,\n")
    (tmp_path / "enrollments.csv").write_text("classSourcedId,userSourcedId,role\nc,1,student\n")
    rows = (
        '1,"999,101",Testa,Synthetica,t@x,p,Student,6\n2,101,Testo,Synthetica,u@x,p,student,PS1\n'
        "3,101,T,S,v@x,p,teacher,6\n4,101,T,S,w@x,p,nurse,\n"
    )
    roster = read(tmp_path, SDS_V2 + rows, "users.csv", whole_folder=True)
    assert (roster.format, roster.not_students) == ("Microsoft SDS v2 users", 2)
    wanted = roster.frame[["source_id", "student_number", "school", "grade"]].to_numpy().tolist()
    assert wanted == [["1", "1", "101", "06"], ["2", "2", "101", "PS"]]


def test_a_whole_clever_upload(tmp_path: Path) -> None:
    """Of five files students.csv is the one."""
    others = {
        "schools": "School_id,School_name,School_number\n101,Maple,7\n",
        "teachers": "School_id,Teacher_id,Teacher_number,Last_name,First_name\n101,t,1,A,B\n",
        "staff": "School_id,Staff_id,First_name,Last_name,Role\n101,s,A,B,Admin\n",
        "sections": "School_id,Section_id,Teacher_id,Name,Grade,Course_name\n101,x,t,Math,3,Math\n",
        "enrollments": "School_id,Section_id,Student_id\n101,x,7\n",
    }
    for name, text in others.items():
        (tmp_path / f"{name}.csv").write_text(text)
    roster = read(tmp_path, CLEVER + "101,7,12345,Synthetica,,Testa,3,F,4/12/2017,W,\n", whole_folder=True)
    assert (roster.format, only(roster)["school"], list(roster.columns)) == ("Clever students", "101", ["students.csv"])
