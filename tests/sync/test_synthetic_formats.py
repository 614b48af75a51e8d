"""Every format that the synthetic district can be written in."""

import csv
import tracemalloc
import zipfile
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from access_service.errors import OperatorError
from access_service.settings import Feed
from sync.synthetic.district import SyntheticDistrict, adults, students
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.homes import opted_out
from sync.synthetic.writing import write_roster
from tests.sync.synthetic import DEMO, File, known, read, unzipped, written

TODAY = date(2026, 11, 22)
DISTRICT = SyntheticDistrict(TODAY, size=650, seed=3, night=5)

# Formats without a column for it.
NO_NUMBER = {Format.SDS_V2_1, Format.SDS_V2}
NO_BIRTH_DATE = {Format.APPLE, Format.SDS_V2}
POSITIONS = DEMO.model_copy(
    update={
        "feed": Feed.model_validate(
            DEMO.feed.model_dump()
            | {
                "header": False,
                "columns": {
                    "source_id": "1",
                    "student_number": "2",
                    "school": "3",
                    "grade": "4",
                    "family_name": "5",
                    "given_name": "6",
                    "birth_date": "7",
                },
            }
        )
    }
)
DELTAS = {Format.ONEROSTER_1_1_DELTA, Format.ONEROSTER_1_2_DELTA}


@pytest.mark.parametrize("form", Format)
def test_a_format_reads_as_exactly_its_students(form: Format, tmp_path: Path) -> None:
    """Nobody is missing, nobody is added, and every field is the one that was written."""
    path = written(tmp_path, DISTRICT, form)
    roster = read(path, DISTRICT, POSITIONS if form is Format.FLAT_HEADERLESS else DEMO)
    assert not roster.rejects and roster.partial is (form in DELTAS)
    expected = known(DISTRICT, form)
    assert len(roster.frame) == len(expected) and set(roster.frame["source_id"]) == expected.keys()
    for row in roster.frame.to_dict("records"):
        person = expected[row["source_id"]]
        assert (row["given_name"], row["family_name"], row["grade"]) == (*person[3:5], person.grade)
        assert row["student_number"] == (person.source_id if form in NO_NUMBER else person.number)
        said = {"", person.birth_date} if form in DELTAS else {"" if form in NO_BIRTH_DATE else person.birth_date}
        assert row["birth_date"] in said
        assert row["school"] == person.school
        assert bool(row["exit"]) == (person.status not in ("", "active"))


@pytest.mark.parametrize("form", Format)
def test_the_same_arguments_give_the_same_bytes(form: Format, tmp_path: Path) -> None:
    """Another seed gives others; nothing is left beside the file."""
    first = written(tmp_path, DISTRICT, form, name="a.zip").read_bytes()
    assert written(tmp_path, DISTRICT, form, name="b.zip").read_bytes() == first
    assert written(tmp_path, replace(DISTRICT, seed=4), form, name="c.zip").read_bytes() != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "b.zip", "c.zip"]


@pytest.mark.parametrize("form", Format)
def test_a_folder_a_zip_and_a_single_file_hold_the_same(form: Format, tmp_path: Path) -> None:
    """One set of files, packed or not; a format of one file may also be that file."""
    written(tmp_path, DISTRICT, form, name="loose")
    packed = unzipped(written(tmp_path, DISTRICT, form))
    assert {file.name: file.read_bytes() for file in (tmp_path / "loose").iterdir()} == {
        name: file.data for name, file in packed.items()
    }
    sheets = FORMS[form].sheets
    single = tmp_path / f"one{Path(sheets[0].name).suffix}"
    if len(sheets) == 1:
        write_roster(single, DISTRICT, form)
        assert single.read_bytes() == packed[sheets[0].name].data
    else:
        with pytest.raises(OperatorError, match=r"name a \.zip, a folder"):
            write_roster(single, DISTRICT, form)
        assert not single.exists()


def test_every_row_has_the_width_of_its_header(tmp_path: Path) -> None:
    """In every file of every format that is a text of commas."""
    for form in set(Format) - {Format.POWERSCHOOL, Format.APPLE, Format.XLSX, Format.FLAT_PIPE, Format.FLAT_SEMICOLON}:
        for name, file in unzipped(written(tmp_path, DISTRICT, form)).items():
            assert len(set(map(len, file.rows))) == 1, (form, name)


def test_one_roster_1_0_has_seven_files_and_no_manifest(tmp_path: Path) -> None:
    """Its users.csv has userId, agents and grade, its demographics.csv userSourcedId, and every status is filled."""
    files = unzipped(written(tmp_path, DISTRICT, Format.ONEROSTER_1_0))
    assert sorted(files) == [
        *("academicSessions.csv", "classes.csv", "courses.csv", "demographics.csv", "enrollments.csv", "orgs.csv"),
        "users.csv",
    ]
    users = files["users.csv"]
    assert {"userId", "agents", "grade"} < set(users.rows[0]) and not {"enabledUser", "userIds"} & set(users.rows[0])
    pupils = {
        identifier: grade
        for identifier, grade, role in zip(
            users.cells("sourcedId"), users.cells("grade"), users.cells("role"), strict=True
        )
        if role == "student"
    }
    assert pupils == {person.source_id: person.grade for person in students(DISTRICT)}
    assert set(users.cells("status")) == {"active"}
    assert files["demographics.csv"].rows[0][:4] == ["userSourcedId", "status", "dateLastModified", "birthdate"]


@pytest.mark.parametrize("form", [Format.ONEROSTER_1_1_DELTA, Format.ONEROSTER_1_2_DELTA])
def test_deltas_add_up_to_the_roster(form: Format, tmp_path: Path) -> None:
    """The first delta and those of each night after it, across a summer, make the students of the last night."""
    first = SyntheticDistrict(date(2027, 6, 20), size=650)
    enrolled: dict[str, tuple[str, str]] = {}
    for night in range(15):
        tonight = replace(first, night=night, today=first.today + timedelta(days=night))
        files = unzipped(written(tmp_path, tonight, form))
        modes = dict(files["manifest.csv"].rows)
        assert modes["file.orgs"] == "bulk"
        assert modes["file.users"] == ("delta" if "users.csv" in files else "absent")
        for row in files["users.csv"].rows[1:] if "users.csv" in files else ():
            cells = dict(zip(files["users.csv"].rows[0], row, strict=True))
            assert cells["dateLastModified"] and cells["status"] in ("active", "tobedeleted")
            if cells["status"] == "tobedeleted":
                del enrolled[cells["sourcedId"]]
            else:
                enrolled[cells["sourcedId"]] = (cells["grades"], cells["familyName"])
    grown = {person.source_id for person in adults(first)}
    assert {who: facts for who, facts in enrolled.items() if who not in grown} == {
        person.source_id: (person.grade, person.family_name) for person in students(tonight)
    }


def test_a_quiet_night_is_a_delta_without_users(tmp_path: Path) -> None:
    """A file without a row is not allowed, so it is absent."""
    quiet = SyntheticDistrict(TODAY, size=1, night=1)
    files = unzipped(written(tmp_path, quiet, Format.ONEROSTER_1_1_DELTA))
    assert sorted(files) == ["manifest.csv", "orgs.csv"]
    assert dict(files["manifest.csv"].rows)["file.users"] == "absent"


def test_a_delta_of_one_night_is_what_changed(tmp_path: Path) -> None:
    """Who came, moved or was renamed is active, who left is to be deleted, nobody else is named."""
    now = {person.source_id: person for person in students(DISTRICT)}
    before = {
        person.source_id: person for person in students(replace(DISTRICT, night=4, today=TODAY - timedelta(days=1)))
    }
    files = unzipped(written(tmp_path, DISTRICT, Format.ONEROSTER_1_1_DELTA))
    said = dict(zip(files["users.csv"].cells("sourcedId"), files["users.csv"].cells("status"), strict=True))
    assert said == {
        **dict.fromkeys(before.keys() - now.keys(), "tobedeleted"),
        **{who: "active" for who, person in now.items() if before.get(who) != person},
    }
    assert {"active", "tobedeleted"} == set(said.values())


def test_clever_repeats_students_for_contacts_and_schools(tmp_path: Path) -> None:
    """Five files; one to five rows a student, alike but for contact, address and school; every reference resolves."""
    files = unzipped(written(tmp_path, replace(DISTRICT, size=5000), Format.CLEVER))
    assert sorted(files) == ["enrollments.csv", "schools.csv", "sections.csv", "students.csv", "teachers.csv"]
    pupils = files["students.csv"]
    ids, schools = pupils.cells("Student_id"), pupils.cells("School_id")
    assert set(Counter(ids).values()) == {1, 2, 3, 4, 5}
    homes = Counter(who for who, _ in set(zip(ids, pupils.cells("Student_street"), strict=True)))
    assert 200 < sum(1 for count in homes.values() if count == 2) < 700
    assert max(Counter(who for who, _ in set(zip(ids, schools, strict=True))).values()) == 2
    assert len(set(zip(ids, pupils.cells("Last_name"), pupils.cells("DOB"), strict=True))) == 5000
    assert set(files["enrollments.csv"].cells("Section_id")) <= set(files["sections.csv"].cells("Section_id"))
    assert set(files["sections.csv"].cells("Teacher_id")) <= set(files["teachers.csv"].cells("Teacher_id"))
    assert set(schools) <= set(files["schools.csv"].cells("School_id"))


def test_sds_v2_is_two_files(tmp_path: Path) -> None:
    """Schools, roles and grades are in users.csv, and there is no roles.csv."""
    files = unzipped(written(tmp_path, DISTRICT, Format.SDS_V2))
    assert sorted(files) == ["orgs.csv", "users.csv"]
    users = files["users.csv"]
    assert users.rows[0] == "sourcedId,orgSourcedIds,givenName,familyName,username,password,role,grade".split(",")
    found = {row[0]: row[1:4] for row in users.rows[1:] if row[6] == "Student"}
    assert found == {p.source_id: [p.school, p.given_name, p.family_name] for p in students(DISTRICT)}


def test_powerschool_writes_tabs_cr_and_prefixes(tmp_path: Path) -> None:
    """No quote guards anything, and who left last night is still there with a status of 2 or 3."""
    data = unzipped(written(tmp_path, DISTRICT, Format.POWERSCHOOL))["students.txt"].data
    assert b"\n" not in data and b"STUDENTS.DCID\tSTUDENTS.Student_Number\t" in data
    lines = [line.split("\t") for line in data.decode().split("\r")[:-1]]
    assert {len(line) for line in lines} == {17}
    status = Counter(line[4] for line in lines[1:])
    assert status["0"] == DISTRICT.size and 0 < status["2"] + status["3"] < 10
    assert any('"' in cell and not cell.startswith('"') for line in lines for cell in line)


def test_apple_puts_a_backslash_before_quotes(tmp_path: Path) -> None:
    """LF ends a line."""
    data = unzipped(written(tmp_path, DISTRICT, Format.APPLE))["students.csv"].data
    assert b"\r" not in data and b'"William \\"Bo\\""' in data


def test_aeries_keys_by_number_and_is_empty_in_july(tmp_path: Path) -> None:
    """Staff have TCH_ before theirs; without a class in July students are left out."""
    users = unzipped(written(tmp_path, DISTRICT, Format.AERIES))["users.csv"]
    assert {p.number for p in students(DISTRICT)} <= set(users.cells("sourcedId"))
    ids_of_staff = (
        who for who, role in zip(users.cells("sourcedId"), users.cells("role"), strict=True) if role == "teacher"
    )
    assert all(who.startswith("TCH_") for who in ids_of_staff)
    summer = replace(DISTRICT, today=date(2027, 7, 5))
    assert "student" not in unzipped(written(tmp_path, summer, Format.AERIES))["users.csv"].cells("role")


@pytest.mark.parametrize("form", [Format.INFINITE_CAMPUS, Format.AERIES])
def test_exports_with_classes_refer_to_what_is_there(form: Format, tmp_path: Path) -> None:
    """Every enrollment names a class and a user of the package, every class a course and a session."""
    files = unzipped(written(tmp_path, DISTRICT, form))
    assert set(files["enrollments.csv"].cells("userSourcedId")) <= set(files["users.csv"].cells("sourcedId"))
    assert set(files["enrollments.csv"].cells("classSourcedId")) <= set(files["classes.csv"].cells("sourcedId"))
    assert set(files["classes.csv"].cells("courseSourcedId")) <= set(files["courses.csv"].cells("sourcedId"))
    assert set(files["classes.csv"].cells("termSourcedIds")) == set(files["academicSessions.csv"].cells("sourcedId"))


def test_flat_files_differ_in_how_they_are_written(tmp_path: Path) -> None:
    """The same rows with commas, semicolons, pipes, without a header, and in a workbook."""
    flat = unzipped(written(tmp_path, DISTRICT, Format.FLAT))["students.csv"]
    semicolons = unzipped(written(tmp_path, DISTRICT, Format.FLAT_SEMICOLON))["students.csv"]
    assert File(semicolons.data, ";").rows == flat.rows
    pipes = unzipped(written(tmp_path, DISTRICT, Format.FLAT_PIPE))["students.csv"]
    assert [line.split("|") for line in pipes.text.split("\r\n")[:-1]] == flat.rows
    headerless = unzipped(written(tmp_path, DISTRICT, Format.FLAT_HEADERLESS))["students.csv"]
    assert headerless.rows == flat.rows[1:]
    write_roster(tmp_path / "students.xlsx", DISTRICT, Format.XLSX)
    assert _sheet(tmp_path / "students.xlsx") == flat.rows


def _sheet(path: Path) -> list[list[str]]:
    spreadsheet = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            ElementTree.fromstring(parts.read(name))  # noqa: S314 made by ourselves
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    return [["".join(cell.itertext()) for cell in row] for row in sheet.iter(f"{spreadsheet}row")]


def test_a_family_with_two_homes_has_two_rows(tmp_path: Path) -> None:
    """They differ in the address and the guardian, and in nothing that a card is made of."""
    flat = unzipped(written(tmp_path, DISTRICT, Format.FLAT))["students.csv"]
    twice = [who for who, count in Counter(flat.cells("SIS ID")).items() if count == 2]
    assert 20 < len(twice) < 120
    rows = [[row for row in flat.rows if row[0] == who] for who in twice]
    assert all(one[:7] == other[:7] and one[7:9] != other[7:9] for one, other in rows)


def test_some_families_say_no_and_stay_said_no(tmp_path: Path) -> None:
    """LIBRARY_OPT_OUT is Y for a few from some night on."""
    nights = []
    for night in (0, 15, 40):
        flat = unzipped(written(tmp_path, replace(DISTRICT, night=night), Format.FLAT))["students.csv"]
        pairs = zip(flat.cells("SIS ID"), flat.cells("LIBRARY_OPT_OUT"), strict=True)
        nights.append({who for who, said in pairs if said == "Y"})
    stayed = {person.source_id for person in students(replace(DISTRICT, night=40))}
    assert nights[0] & stayed <= nights[1] and nights[1] & stayed <= nights[2] and len(nights[2]) > len(nights[0])
    assert nights[2] == {p.source_id for p in students(replace(DISTRICT, night=40)) if opted_out(p, 40)}


@pytest.mark.parametrize("form", [Format.ONEROSTER_1_2, Format.ONEROSTER_1_1_DELTA])
def test_size_does_not_matter_to_memory(form: Format, tmp_path: Path) -> None:
    """What is held at once is a batch of people and a chunk of a file, a small part of what is written."""
    tracemalloc.start()
    path = written(tmp_path, replace(DISTRICT, size=20_000, night=0), form)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    with zipfile.ZipFile(path) as package:
        assert peak < 4.5 * 2**20 < sum(entry.file_size for entry in package.infolist())


def test_names_that_break_readers_survive_every_format(tmp_path: Path) -> None:
    """Commas, quotes and every script come out of the CSV as they went in."""
    pupils = {person.source_id: (person.family_name, person.given_name) for person in students(DISTRICT)}
    path = written(tmp_path, DISTRICT, Format.FLAT, name="flat")
    with (path / "students.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert {row["SIS ID"]: (row["Last Name"], row["First Name"]) for row in rows} == pupils
    assert {"Jones, Jr.", "Null"} <= {row["Last Name"] for row in rows}
