"""The catalogue of exporters that are read: each writes its own files, and the same three students come of them.

Headers are as each product writes them; the people are made up.
"""

import csv
import io
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from access_service.errors import OperatorError
from access_service.examples import check_examples
from access_service.settings import District
from sync.district_file import as_district
from sync.inspection import as_text, inspect, trying
from sync.reading import NOBODYS, read_roster
from tests.sync.rosters import DEMOGRAPHICS, ORGS, ROLES, USERS_11, USERS_12

TODAY = date(2026, 11, 22)
SEEN = ["source_id", "student_number", "school", "grade", "birth_date"]
MAPLE, OAK, SENIOR = (
    ("1001", "500001", "101", "03", "2017-04-12"),
    ("1002", "500002", "102", "KG", "2020-11-30"),
    ("1003", "500003", "101", "12", "2009-02-28"),
)
ALL = (MAPLE, OAK, SENIOR)
# Where one number is all there is.
BY_NUMBER = tuple((number, number, *rest) for _, number, *rest in ALL)
WITHOUT_DATES = tuple((*student[:4], "") for student in ALL)


def quoted(text: str) -> str:
    """The same table with every cell in quotes, as most exporters on Windows write it."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(csv.reader(text.splitlines()))
    return out.getvalue()


def table(header: str, *rows: str) -> str:
    return "\n".join((header, *rows, ""))


def columns(names: tuple[str, ...] | list[str], *rows: Mapping[str, str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def manifest(version: str, **modes: str) -> str:
    listed = {"users": "bulk", "orgs": "bulk", "demographics": "bulk"} | modes
    said = {"manifest.version": "1.0", "oneroster.version": version} | {f"file.{n}": m for n, m in listed.items()}
    return table("propertyName,value", *(f"{name},{value}" for name, value in said.items()))


def users(**cells: str) -> list[dict[str, str]]:
    """The three in users.csv of 1.1; in a cell stand {id} {number} {school} {grade}."""
    usual = {
        "sourcedId": "{id}",
        "enabledUser": "true",
        "orgSourcedIds": "s{school}",
        "role": "student",
        "username": "pupil{id}",
        "givenName": "Testa",
        "familyName": "Synthetica",
        "identifier": "{number}",
        "grades": "{grade}",
    } | cells
    found = [dict(zip(("id", "number", "school", "grade"), student, strict=False)) for student in ALL]
    return [{name: filled(cell, student) for name, cell in usual.items()} for student in found]


def filled(cell: str, student: Mapping[str, str]) -> str:
    for name, value in student.items():
        cell = cell.replace(f"{{{name}}}", value)
    return cell


ADULTS = (
    {"sourcedId": "TCH_7", "orgSourcedIds": "s101,s102", "role": "teacher", "identifier": "7"},
    {"sourcedId": "g1", "orgSourcedIds": "s101", "role": "guardian", "agentSourcedIds": "1001"},
)
PLACES = columns(
    ORGS,
    {"sourcedId": "d", "name": "Synthetic USD", "type": "district"},
    {"sourcedId": "s101", "name": "Maple", "type": "school", "identifier": "101", "parentSourcedId": "d"},
    {"sourcedId": "s102", "name": "Oak", "type": "school", "identifier": "102", "parentSourcedId": "d"},
)
BIRTHS = columns(DEMOGRAPHICS, *({"sourcedId": source_id, "birthDate": born} for source_id, *_, born in ALL))
USERS = columns(USERS_11, *users(), *ADULTS)
ONEROSTER = {"manifest.csv": manifest("1.1"), "users.csv": USERS, "orgs.csv": PLACES, "demographics.csv": BIRTHS}
USERS_OF_12 = columns(USERS_12, *({n: c for n, c in user.items() if n in USERS_12} for user in users()))
ROLES_OF_12 = columns(
    ROLES,
    *(
        {"sourcedId": f"r{i}", "userSourcedId": i, "roleType": "primary", "role": "student", "orgSourcedId": f"s{s}"}
        for i, _, s, *_ in ALL
    ),
)
CLEVER = "School_id,Student_id,Student_number,Last_name,First_name,Grade,Gender,DOB,Student_email,Contact_name"
CLEVER_ROWS = (
    "101,1001,500001,Synthetica,Testa,3,F,4/12/2017,,One",
    "101,1001,500001,Synthetica,Testa,3,F,4/12/2017,,Two",
    "102,1002,500002,Synthetica,Testb,Kindergarten,M,11/30/2020,,",
    "101,1003,500003,Synthetica,Testc,12,F,02/28/2009,,",
)
POWERSCHOOL = table(
    "Student_Number\tLast_Name\tFirst_Name\tGrade_Level\tSchoolID\tDOB\tHome_Room\tEnroll_Status",
    '500001\tSynthetica\tTesta "T"\t3\t101\t04/12/2017\t12\t0',
    "500002\tSynthetica\tTestb\t0\t102\t11/30/2020\t\t0",
    "500003\tO'Synth\tTestc\t12\t101\t02/28/2009\t\t0",
).replace("\n", "\r")
SDS_21 = {
    "orgs.csv": table("sourcedId,name,type,parentSourcedId", "101,Maple,school,", "102,Oak,school,"),
    "users.csv": table("sourcedId,username,givenName,familyName,password", *(f"{s[0]},u,T,S," for s in ALL)),
    "roles.csv": table(
        "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate",
        *(f"{s[0]},{s[2]},student,,{s[3]},true,," for s in ALL),
    ),
    "demographics.csv": table("userSourcedId,sex,birthDate", *(f"{s[0]},f,{s[4]}" for s in ALL)),
}


@dataclass(frozen=True)
class Export:
    """`files` in a zip, or in a folder, or one of them alone; what it should be called, and who is in it."""

    format: str
    files: Mapping[str, str]
    found: tuple[tuple[str, ...], ...] = ALL
    sent: str = "zip"


def one(name: str, text: str, found: tuple[tuple[str, ...], ...] = ALL, known_as: str = "flat file") -> Export:
    return Export(known_as, {name: text}, found, "file")


def rows(cells: str, *, grades: tuple[str, str, str] = ("03", "KG", "12"), slashes: bool = True) -> list[str]:
    """A row for each of the three; {id} {number} {school} {grade} {born} stand in it."""
    dates = ("04/12/2017", "11/30/2020", "02/28/2009") if slashes else tuple(student[4] for student in ALL)
    return [
        filled(cells, {"id": i, "number": n, "school": s, "grade": grade, "born": born})
        for (i, n, s, *_), grade, born in zip(ALL, grades, dates, strict=True)
    ]


EXPORTS = {
    "OneRoster 1.1, ClassLink": Export(
        "OneRoster 1.1 bulk",
        {
            **{name: quoted(text) for name, text in ONEROSTER.items()},
            "users.csv": quoted(
                columns(
                    [*USERS_11, "metadata.homeroom"],
                    *users(userIds="{FED:{id}}", orgSourcedIds="s{school},s999"),
                    *ADULTS,
                )
            ),
        },
    ),
    "OneRoster 1.1, Infinite Campus, loose files": Export("OneRoster 1.1 bulk", ONEROSTER, sent="folder"),
    "OneRoster 1.1, zipped on a Mac": Export(
        "OneRoster 1.1 bulk",
        {f"Export/Roster/{name.upper()}": text for name, text in ONEROSTER.items()}
        | {"__MACOSX/Export/Roster/._USERS.CSV": "\0\5", "Export/Roster/.DS_Store": "\0"},
    ),
    "OneRoster 1.1, dated file names, no manifest": Export(
        "OneRoster 1.1 bulk",
        {
            f"{name.removesuffix('.csv')}_20261101.csv": text
            for name, text in ONEROSTER.items()
            if name != "manifest.csv"
        },
    ),
    "OneRoster 1.1, a comma after each row": Export(
        "OneRoster 1.1 bulk", {**ONEROSTER, "users.csv": USERS.replace("\r\n", ",\r\n")}
    ),
    "OneRoster 1.1, out of an API": Export(
        "OneRoster 1.1 bulk",
        {**ONEROSTER, "users.csv": columns(USERS_11, *users(grades='["{grade}"]', orgSourcedIds='["s{school}"]'))},
    ),
    "OneRoster 1.1, quotes inside a list": Export(
        "OneRoster 1.1 bulk",
        {**ONEROSTER, "users.csv": columns(USERS_11, *users(orgSourcedIds='"s{school}", "s999"', grades=" {grade} "))},
    ),
    "OneRoster 1.1, a row for each school": Export(
        "OneRoster 1.1 bulk",
        {**ONEROSTER, "users.csv": columns(USERS_11, *users(), *users(orgSourcedIds="s101"))},
    ),
    "OneRoster 1.1, dates in words": Export(
        "OneRoster 1.1 bulk",
        {
            **ONEROSTER,
            "demographics.csv": table(
                "sourcedId,birthDate", '1001,"Apr 12, 2017"', "1002,30 November 2020", "1003,2009/02/28"
            ),
        },
    ),
    "OneRoster 1.1, dates with a time zone": Export(
        "OneRoster 1.1 bulk",
        {
            **ONEROSTER,
            "demographics.csv": table("sourcedId,birthDate", *(f"{s[0]},{s[4]}T00:00:00-05:00" for s in ALL)),
        },
    ),
    "OneRoster 1.1, demographics with a header alone": Export(
        "OneRoster 1.1 bulk", {**ONEROSTER, "demographics.csv": ",".join(DEMOGRAPHICS)}, WITHOUT_DATES
    ),
    "OneRoster 1.1, no org identifiers": Export(
        "OneRoster 1.1 bulk",
        {**ONEROSTER, "orgs.csv": table("sourcedId,name,type", "d,D,District", "s101,Maple,School", "s102,Oak,SCHOOL")},
        tuple((i, n, f"s{s}", *rest) for i, n, s, *rest in ALL),
    ),
    "OneRoster 1.0, Genesis": Export(
        "OneRoster 1.0 or 1.1 bulk",
        {
            "users.csv": table(
                "sourcedId,status,dateLastModified,orgSourcedIds,role,username,userId,givenName,familyName,identifier,grade",
                *rows("{id},active,2026-10-01,s{school},student,u,{id},T,S,{number},{grade}"),
                "T7,active,2026-10-01,s101,teacher,t,T7,T,S,7,",
            ),
            "orgs.csv": table(
                "sourcedId,status,dateLastModified,name,type,identifier",
                "s101,,,Maple,school,101",
                "s102,,,Oak,school,102",
            ),
            "demographics.csv": table("userSourcedId,birthdate,sex", *(f"{s[0]},{s[4]},F" for s in ALL)),
        },
    ),
    "OneRoster 1.2": Export(
        "OneRoster 1.2 bulk",
        {
            "manifest.csv": manifest("1.2", roles="bulk"),
            "users.csv": USERS_OF_12,
            "roles.csv": ROLES_OF_12,
            "orgs.csv": PLACES,
            "demographics.csv": BIRTHS,
        },
    ),
    "OneRoster 1.2.1 delta": Export(
        "OneRoster 1.2.1 delta",
        {
            "manifest.csv": manifest("1.2.1", users="delta", roles="delta", demographics="delta"),
            "users.csv": USERS_OF_12,
            "roles.csv": ROLES_OF_12,
            "orgs.csv": PLACES,
            "demographics.csv": BIRTHS,
        },
    ),
    "Clever, all files": Export(
        "Clever students",
        {
            "students.csv": table(CLEVER, *CLEVER_ROWS),
            "teachers.csv": table("School_id,Teacher_id,Teacher_number,First_name,Last_name", "101,T7,7,T,S"),
            "schools.csv": table("School_id,School_name,School_number,Low_grade", "101,Maple,101,K"),
            "enrollments.csv": table("School_id,Section_id,Student_id", "101,x,1001"),
        },
        sent="folder",
    ),
    "Clever, blanks in headers": Export(
        "Clever students", {"Students.csv": table(CLEVER.replace("_id", " ID").replace("_", " "), *CLEVER_ROWS)}
    ),
    "Clever, spooled out of a database": one(
        "students.csv", table(CLEVER, *CLEVER_ROWS, "", "4 rows selected."), known_as="Clever students"
    ),
    "Microsoft SDS v1": Export(
        "Microsoft SDS v1 students",
        {
            "Student.csv": table(
                "SIS ID,School SIS ID,Username,First Name,Last Name,Student Number,Grade,Status,Birthdate",
                *rows("{id},{school},u,T,S,{number},{grade},Active,{born}"),
            ),
            "Teacher.csv": table("SIS ID,School SIS ID,Username,First Name,Last Name,Teacher Number", "T7,101,t,T,S,7"),
            "StudentEnrollment.csv": table("Section SIS ID,SIS ID", "1,1001"),
        },
        sent="folder",
    ),
    "Microsoft SDS v2": Export(
        "Microsoft SDS v2 users",
        {
            "users.csv": table(
                "sourcedId,orgSourcedIds,username,givenName,familyName,password,email,grade,role",
                *rows('{number},"{school},999",u,T,S,,,{grade},student'),
                "T7,101,t,T,S,,,,teacher",
            ),
            "orgs.csv": table("sourcedId,name,type,parentSourcedId", "101,Maple,school,"),
        },
        tuple((*student[:4], "") for student in BY_NUMBER),
    ),
    "Microsoft SDS v2.1": Export("Microsoft SDS v2.1", SDS_21, tuple((s[0], s[0], *s[2:]) for s in ALL)),
    "Microsoft SDS v2.1, capitals": Export(
        "Microsoft SDS v2.1",
        {
            name: quoted(text.replace("sourcedId", "SourcedId").replace("userS", "UserS"))
            for name, text in SDS_21.items()
        },
        tuple((s[0], s[0], *s[2:]) for s in ALL),
    ),
    "Apple School Manager": Export(
        "Apple School Manager students",
        {
            "students.csv": table(
                "person_id,person_number,first_name,middle_name,last_name,grade_level,email_address,sis_username,"
                "password_policy,location_id,location_id_2",
                *rows('{id},{number},T,,"O\\"Synth",{grade},,,4,{school},', grades=("3", "K", "12")),
            ),
            "staff.csv": table("person_id,person_number,first_name,last_name,location_id", "T7,7,T,S,101"),
            "locations.csv": table("location_id,location_name", "101,Maple"),
        },
        WITHOUT_DATES,
    ),
    "PowerSchool quick export": one("student.export.text", POWERSCHOOL, BY_NUMBER),
    "PowerSchool quick export, as .tsv": one("students.tsv", POWERSCHOOL, BY_NUMBER),
    "PowerSchool data export manager": one(
        "export.csv",
        quoted(
            table(
                "STUDENTS.ID,STUDENTS.STUDENT_NUMBER,STUDENTS.FIRST_NAME,STUDENTS.LAST_NAME,STUDENTS.GRADE_LEVEL,"
                "STUDENTS.SCHOOLID,SCHOOLS.NAME,STUDENTS.DOB",
                *rows(
                    "{id},{number},T,S,{grade},{school},Maple,{born} 00:00:00.0", grades=("3", "0", "12"), slashes=False
                ),
            )
        ),
    ),
    "Infinite Campus ad hoc": one(
        "adhoc.csv",
        table(
            "student.personID,student.studentNumber,student.lastName,student.grade,student.birthdate,sch.number,sch.name",
            *rows("{id},{number},S,{grade},{born},{school},Maple"),
        ),
    ),
    "Infinite Campus data extract": one(
        "census.txt",
        table(
            "studentNumber|lastName|firstName|grade|schoolNumber|birthDate|startDate|endDate",
            *rows("{number}|S|T|{grade}|{school}|{born}|08/15/2026|"),
        ),
        BY_NUMBER,
    ),
    "Aeries query": one(
        "query.csv",
        table(
            "Student ID,Student #,School,Grade,Last Name,First Name,Birthdate",
            *rows("{number},1,{school},{grade},S,T,{born}"),
        ),
        BY_NUMBER,
    ),
    "Aeries tables": one(
        "stu.csv",
        table(
            "STU.ID,STU.SN,STU.SC,STU.GR,STU.LN,STU.FN,STU.BD",
            *rows("{number},1,{school},{grade},S,T,{born}", grades=("3", "0", "12")),
        ),
        BY_NUMBER,
        "Aeries students",
    ),
    "Skyward": one(
        "sky.txt",
        table(
            "NAME-ID|OTHER-ID|ENTITY-ID|SCHOOL-ID|GRADE|LAST-NAME|FIRST-NAME|BIRTHDATE|STUDENT-STATUS",
            *rows("{id}|{number}|{school}|{school}|{grade}|S|T|{born}|A"),
        ),
    ),
    "Skyward Qmlativ": one(
        "sky.csv",
        table(
            "Student.NameID,Student.StudentNumber,Student.LastName,StudentEntityYear.Entity.Code,"
            "StudentGradeYear.GradeCode,Student.BirthDate",
            *rows("{id},{number},S,{school},{grade},{born}"),
        ),
    ),
    "Synergy": one(
        "synergy.csv",
        table(
            "SIS_NUMBER,STUDENT_GU,SCHOOL_CODE,GRADE,LAST_NAME,FIRST_NAME,BIRTH_DATE,LEAVE_DATE",
            *rows("{number},{id},{school},{grade},S,T,{born},", slashes=False),
        ),
    ),
    "Ed-Fi": one(
        "edfi.csv",
        table(
            "StudentUniqueId,SchoolId,EntryGradeLevelDescriptor,FirstName,LastSurname,BirthDate,ExitWithdrawDate",
            *rows(
                "{number},{school},uri://ed-fi.org/GradeLevelDescriptor#{grade},T,S,{born},",
                grades=("Third grade", "Kindergarten", "Twelfth grade"),
                slashes=False,
            ),
        ),
        BY_NUMBER,
    ),
    "Schoology": one(
        "users.csv",
        table(
            "School,School ID,Unique User ID,First Name,Last Name,Role,Grade,Email",
            *rows("Maple,{school},{number},T,S,Student,{grade},"),
            "Maple,101,T7,T,S,Teacher,,",
        ),
        tuple((*student[:4], "") for student in BY_NUMBER),
    ),
    "Tyler": one(
        "tyler.csv",
        table(
            "Student ID,State ID,Last Name,First Name,Current School Code,Current Grade Level,Birth Date,Status",
            *rows("{number},1,S,T,{school},{grade},{born},Enrolled"),
        ),
        BY_NUMBER,
    ),
    "eSchoolPlus": one(
        "esp.csv",
        quoted(
            table(
                "STUDENT_ID,FIRST_NAME,LAST_NAME,HOME_ROOM,GRADE_LEVEL,BIRTH_DATE,SCHOOL_ID",
                *rows("{number},T,S,,{grade},{born},{school}"),
            )
        ),
        BY_NUMBER,
    ),
    "TxEIS": one(
        "tx.csv",
        table(
            "Campus ID,Student Local ID,Student Last Name,Student First Name,Student DOB,Student Grade",
            *rows("{school},{number},S,T,{born},{grade}", slashes=False),
        ),
        BY_NUMBER,
    ),
    "a template with notes in its header": one(
        "template.csv",
        table(
            "Student ID (required),School/Campus,School/Campus ID,Grade,Forename,Date of Birth (MM/DD/YYYY)",
            *rows("{number},Maple,{school},{grade},T,{born}"),
        ),
        BY_NUMBER,
    ),
    "home-made, with a title and a total": one(
        "list.csv",
        table(
            "Synthetic USD,,,,,",
            "Generated 11/01/2026,,,,,",
            "Student #,Student Name,School #,Gr.,DOB,HR",
            *rows('{number},"Synthetica, Testa",{school},{grade},{born},', grades=("3", "K", "12")),
            "Total,3,,,,",
        ),
        BY_NUMBER,
    ),
    "home-made, teachers beside students": Export(
        "flat file",
        {
            "students.csv": table("Student ID,Name,School,Grade", *rows("{number},S,{school},{grade}")),
            "teachers.csv": table("Student ID,Name,School,Grade", "T7,S,101,"),
        },
        tuple((*student[:4], "") for student in BY_NUMBER),
        "folder",
    ),
}


def written(folder: Path, export: Export) -> Path:
    """The export as it arrives."""
    if export.sent == "zip":
        with zipfile.ZipFile(folder / "roster.zip", "w") as archive:
            for name, text in export.files.items():
                archive.writestr(name, text)
        return folder / "roster.zip"
    for name, text in export.files.items():
        (folder / name).write_bytes(text.encode())
    return folder / next(iter(export.files)) if export.sent == "file" else folder


@pytest.mark.parametrize("exporter", EXPORTS)
def test_an_exporter_is_read(tmp_path: Path, exporter: str) -> None:
    """All of its students with nothing rejected, and a district file that loads."""
    export = EXPORTS[exporter]
    path = written(tmp_path, export)
    roster = read_roster(path, today=TODAY)
    assert roster.format == export.format
    assert sorted(roster.frame[SEEN].itertuples(index=False, name=None)) == sorted(export.found)
    assert not roster.rejects
    district = District.model_validate(tomllib.loads(as_district(inspect(path, NOBODYS, TODAY), path.name)))
    check_examples(district)
    assert set(district.rules.schools) == {student[2] for student in export.found}


UNCLEAR = {
    "users.csv without a number": (
        {"orgs.csv": PLACES, "users.csv": columns(USERS_11, *users()).replace("identifier", "metadata.nothing")},
        "users.csv: no column 'identifier'; it has 'sourcedId',",
        "[feed.columns] student_number can name another",
    ),
    "Student.csv of three columns": (
        {
            "Student.csv": table("SIS ID,School SIS ID,Username", "1001,101,u"),
            "School.csv": table("SIS ID,Name", "101,Maple"),
        },
        "student.csv: no file with an id, a school and a grade for each student, for no column here is known to be the "
        "grade; name it in [feed.columns]; there are 'SIS ID', 'School SIS ID', 'Username'",
        "",
    ),
    "one school's list": (
        {"list.csv": table("StudentID,LastName,GradeLevel", "1001,Synthetica,3")},
        "known to be the school; name it in [feed.columns], or everybody's school in [feed] school;",
        "",
    ),
}


@pytest.mark.parametrize("sent", UNCLEAR)
def test_a_refusal_says_what_is_missing_and_what_is_there(tmp_path: Path, sent: str) -> None:
    """One line with the columns to choose from, and nobody's data."""
    files, first, last = UNCLEAR[sent]
    with pytest.raises(OperatorError) as caught:
        read_roster(written(tmp_path, Export("", files, sent="folder")), today=TODAY)
    line = str(caught.value)
    assert first in line and last in line and "\n" not in line
    assert not any(personal in line for personal in ("1001", "Synthetica", "Maple"))


def test_rows_without_a_header_are_repeated_in_no_refusal(tmp_path: Path) -> None:
    """users.csv without its header, and a list without one beside a file that has one."""
    bare = {"users.csv": "1001,Synthetica,Qanary\n", "orgs.csv": PLACES}
    beside = {
        "list.csv": "1001,Qanary,Synthetica\n",
        "schools.csv": table("School ID,School Name,Grade", "101,Maple,K"),
    }
    for number, files in enumerate((bare, beside)):
        (tmp_path / str(number)).mkdir()
        with pytest.raises(OperatorError) as caught:
            read_roster(written(tmp_path / str(number), Export("", files, sent="folder")), today=TODAY)
        assert "Qanary" not in str(caught.value) and "Synthetica" not in str(caught.value)


def test_columns_that_could_stand_in_for_a_blank_number_are_named(tmp_path: Path) -> None:
    """By their shape; with the one that is chosen the district file has the numbers."""
    people = users(identifier="", username="{number}", email="pupil{id}@example.org", password="9{id}")
    path = written(tmp_path, Export("", {**ONEROSTER, "users.csv": columns(USERS_11, *people)}))
    found = inspect(path, NOBODYS, TODAY)
    assert found.stand_ins == {"username": "999999", "sourcedId": "9999"}
    page = "\n".join(as_text(found))
    assert 'student_number is mostly blank; username is not (999999): --feed "columns.student_number=username"' in page
    assert "500001" not in page
    toml = as_district(found, path.name)
    assert '# student_number = "username"   # 999999\n' in toml
    uncommented = toml.replace('# student_number = "username"', 'student_number = "username"')
    feed = District.model_validate(tomllib.loads(uncommented)).feed
    assert read_roster(path, feed={"columns": feed.columns}, today=TODAY).frame["student_number"].tolist() == [
        number for _, number, *_ in ALL
    ]


def test_keys_that_were_tried_are_in_the_district_file(tmp_path: Path) -> None:
    """A list that nobody knows becomes a district in a few tries, and what it says is told again."""
    text = table("Key,Surname,Year", *rows("{number},S,Y{grade}"), "9,S,??")
    path = written(tmp_path, one("list.csv", text))
    keys = ["columns.source_id=Key", "columns.student_number=Key", "columns.grade=Year", "school=101"]
    tried = trying(NOBODYS, [*keys, "values.grade.Y03=03", "values.grade.YKG=K", "values.grade.Y12=12"])
    toml = as_district(inspect(path, tried, TODAY), path.name)
    feed = District.model_validate(tomllib.loads(toml)).feed
    assert (feed.columns, feed.values, feed.school) == (tried.feed.columns, tried.feed.values, "101")
    for key in ("nonsense=1", "header=perhaps", "header.x=1", "columns.password=Key"):
        with pytest.raises(OperatorError, match=r"docs/configuration\.md"):
            trying(NOBODYS, [key])


def test_a_delta_or_nobody_makes_a_district_file_too(tmp_path: Path) -> None:
    """Of a school that is not named, or of no student at all, the file still loads."""
    staff = {"users.csv": columns(USERS_11, *ADULTS), "orgs.csv": PLACES}
    unplaced = {"users.csv": columns(USERS_11, *users(orgSourcedIds="s{id}", grades="??")), "orgs.csv": PLACES}
    for number, files in enumerate((staff, unplaced)):
        (tmp_path / str(number)).mkdir()
        path = written(tmp_path / str(number), Export("", files))
        check_examples(District.model_validate(tomllib.loads(as_district(inspect(path, NOBODYS, TODAY), path.name))))


def test_the_pattern_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    """Not of the folder's own name, however many files in it are read."""
    path = written(tmp_path, Export("", {"students.txt": table(CLEVER, *CLEVER_ROWS)}, sent="folder"))
    feed = District.model_validate(tomllib.loads(as_district(inspect(path, NOBODYS, TODAY), "2026-11"))).feed
    assert (feed.package, feed.pattern) == ("files", "*.txt")
