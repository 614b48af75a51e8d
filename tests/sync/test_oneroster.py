"""OneRoster packages: whose rows are students, what is refused whole, and what of it reaches the frame."""

from pathlib import Path

import pytest

from access_service.domain.access import Standing
from access_service.settings import District, load
from access_service.storage.engine import Databases
from sync.roster import COLUMNS, BadRosterError, RejectCode, Roster, WarningCode
from tests.sync.nights import Nights
from tests.sync.onerosters import (
    CONFIG,
    column,
    district,
    manifest,
    people,
    read,
    refusal,
    rejects,
    roster,
    warned,
)
from tests.sync.rosters import DEMOGRAPHICS, ORGS, ROLES, USERS_11, csv_bytes, files, pupils

PUPIL = pupils(1)[0]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_student_is_read_whole(version: str) -> None:
    """Each agreed cell arrives in its column, in both versions."""
    found = roster([PUPIL], version)
    assert found.format == f"OneRoster {version} bulk"
    assert found.frame.to_dict("records") == [
        {
            "source_id": "s-0000001",
            "student_number": "0000001",
            "school": "101",
            "grade": "03",
            "given_name": "Given1",
            "family_name": "Family1",
            "birth_date": "2017-02-02",
            "pin": "",
            "state_id": "",
            "exit": "",
            "role": "student",
        }
    ]
    assert (found.rows, found.not_students, found.rejects) == (1, 0, ())
    assert tuple(found.frame.columns) == COLUMNS


@pytest.mark.parametrize("name", ["Null", "NULL", "NA", "N/A", "None", "nan", "NaN", "null", "True", "inf", "-", "1e9"])
def test_names_that_look_like_nothing_survive(name: str) -> None:
    """A student may be called Null, in either name, and the number keeps its zeros."""
    found = roster([PUPIL.moved(given=name, family=name, number="0000007", source_id="007")])
    assert (column(found, "given_name"), column(found, "family_name")) == ([name], [name])
    assert (column(found, "student_number"), column(found, "source_id")) == (["0000007"], ["007"])


def test_every_cell_is_text() -> None:
    """Nothing in the frame is a number, a date or a missing value, not even a blank cell."""
    found = roster([PUPIL.moved(born="", given="", grade="?"), *pupils(3, first=2)])
    assert {type(cell) for name in COLUMNS for cell in column(found, name)} == {str}
    assert column(found, "grade")[0] == column(found, "birth_date")[0] == ""


def test_teachers_are_not_students() -> None:
    """Other roles are counted and not read; the role is known in any case."""
    others = [PUPIL.moved(source_id=f"t-{role}", role=role) for role in ("teacher", "aide", "parent", "ext:monk")]
    found = roster([PUPIL, PUPIL.moved(source_id="s-2", role="STUDENT"), *others])
    assert column(found, "source_id") == ["s-0000001", "s-2"]
    assert (found.rows, found.not_students, found.rejects) == (6, 4, ())


def test_a_roster_without_students_is_empty_and_no_error() -> None:
    """Only teachers: nobody, and the guard will have a word."""
    found = roster([PUPIL.moved(role="teacher")])
    assert len(found.frame) == 0 and found.not_students == 1
    assert tuple(found.frame.columns) == COLUMNS


def test_what_the_agreement_does_not_list_is_dropped_at_the_door() -> None:
    """Names and birth dates that were not agreed on never reach the frame, and the receipt says so."""
    fields = {"source_id", "student_number", "school", "grade"}
    agreed = district(agreement={"fields": fields}, rules={"pin": {"rule": "last"}})
    found = roster([PUPIL], agreed=agreed)
    assert set(found.frame.iloc[0]) == {"s-0000001", "0000001", "101", "03", "student", ""}
    assert {"givenName", "familyName", "email", "phone"} <= set(found.columns["users.csv"].dropped)
    assert "demographics.csv" not in found.columns


def test_the_receipt_says_what_came_and_what_was_used() -> None:
    """Columns received, used and dropped, file by file."""
    receipt = roster([PUPIL]).columns
    assert receipt["demographics.csv"].used == ("sourcedId", "birthDate", "status")
    assert receipt["demographics.csv"].dropped == ("dateLastModified", "sex")
    assert set(receipt["users.csv"].received) == set(USERS_11)


def test_the_feed_can_name_other_columns() -> None:
    """Where the badge number or the PIN is elsewhere, the district says where, and only that column is read."""
    columns = {"student_number": "userIds", "pin": "sms", "birth_date": "dateLastModified", "given_name": "middleName"}
    raw = district().model_dump()
    raw["agreement"]["fields"] = {*raw["agreement"]["fields"], "pin"}
    raw["feed"]["columns"] = columns
    extra = {"userIds": "4711", "sms": "8642", "middleName": "Mid"}
    found = read(
        files([PUPIL])
        | {
            "users.csv": people({"sourcedId": "s-1", "givenName": "Given", **extra}),
            "demographics.csv": csv_bytes(DEMOGRAPHICS, [{"sourcedId": "s-1", "dateLastModified": "2016-05-06"}]),
        },
        District.model_validate(raw),
    )
    (row,) = found.frame.to_dict("records")
    assert (row["student_number"], row["pin"], row["birth_date"]) == ("4711", "8642", "2016-05-06")
    assert row["given_name"] == "Mid"


@pytest.mark.parametrize("field", ["source_id", "school"])
def test_the_feed_cannot_rename_what_the_format_defines(field: str) -> None:
    """A setting that would be ignored is refused."""
    assert "OneRoster has its own column" in refusal(files([PUPIL]), district(feed={"columns": {field: "username"}}))


def test_a_configured_column_that_is_not_there_is_refused() -> None:
    """One line names the file and the column."""
    agreed = district(feed={"columns": {"student_number": "badge"}})
    assert refusal(files([PUPIL]), agreed).startswith("users.csv: no column 'badge'; it has")


# -- duplicates and ids ---------------------------------------------------------------------------------------------


def test_equal_rows_are_one_student() -> None:
    """A row that stands there twice counts once, and a warning says so."""
    found = roster([PUPIL, *pupils(3), PUPIL])
    assert column(found, "source_id") == ["s-0000001", "s-0000002", "s-0000003"]
    assert found.warnings[WarningCode.ROW_REPEATED] == 2
    assert found.rejects == ()


def test_rows_that_contradict_each_other_are_all_rejected() -> None:
    """Which of them is right nobody can tell; each is a reject with its line, and the id counts as present."""
    students = [*pupils(3), PUPIL.moved(grade="04"), PUPIL.moved(grade="05")]
    found = roster(students)
    assert column(found, "source_id") == ["s-0000002", "s-0000003"]
    assert rejects(found) == [("users.csv", line, RejectCode.ID_DUPLICATE, "s-0000001") for line in (2, 5, 6)]


def test_rows_that_differ_in_what_is_not_read_are_equal() -> None:
    """Another e-mail address does not make two students."""
    found = roster([PUPIL, PUPIL.moved()], users=people(*({"sourcedId": "s-1", "email": mail} for mail in "ab")))
    assert len(found.frame) == 1 and found.rejects == ()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(("source_id", "code"), [("", RejectCode.ID_MISSING), ("x" * 256, RejectCode.ID_TOO_LONG)])
def test_an_id_that_is_none_rejects_its_row(version: str, source_id: str, code: RejectCode) -> None:
    """Blank or too long: a reject with its line, and nobody's id."""
    students = [*pupils(2), PUPIL.moved(source_id=source_id), *pupils(2, first=5)]
    found = roster(students, version)
    assert column(found, "source_id") == [f"s-{n:07}" for n in (1, 2, 5, 6)]
    assert ("users.csv", 4, code, None) in rejects(found)


def test_the_longest_id_is_one() -> None:
    """At the limit of 255 characters an id is kept whole."""
    assert column(roster([PUPIL.moved(source_id="x" * 255)]), "source_id") == ["x" * 255]


def test_a_student_with_a_blank_id_in_12_is_a_reject_even_if_the_roles_have_the_id() -> None:
    """Whose row it is cannot be told, so nobody may be counted absent for it."""
    made = files(pupils(2), "1.2")
    made["users.csv"] = made["users.csv"].replace(b"s-0000002", b"")
    found = read(made)
    assert column(found, "source_id") == ["s-0000001"]
    assert rejects(found) == [("users.csv", 3, RejectCode.ID_MISSING, None)]


def test_a_role_of_nobody_is_a_reject() -> None:
    """A student's role without a user says that somebody is a student, and not who."""
    made = files(pupils(2), "1.2")
    made["roles.csv"] = made["roles.csv"].replace(b"bulk", b"").replace(b",s-0000002,", b",,")
    found = read(made)
    assert column(found, "source_id") == ["s-0000001"]
    assert rejects(found) == [("roles.csv", 3, RejectCode.ID_MISSING, None)]


def test_line_numbers_are_those_an_editor_shows() -> None:
    """After blank lines and cells of several lines, a reject still names the line it begins on."""
    made = files(pupils(5))["users.csv"].decode().split("\r\n")
    made[2] = made[2].replace("Given2", '"Gi\r\nven"')
    made.insert(4, "")
    made[6] += ",more"
    found = roster(pupils(5), users="\r\n".join(made).encode())
    assert rejects(found) == [
        ("users.csv", 3, RejectCode.LINE_BREAK, None),
        ("users.csv", 8, RejectCode.ROW_WIDTH, "s-0000005"),
    ]
    assert column(found, "source_id") == ["s-0000001", "s-0000003", "s-0000004"]


@pytest.mark.parametrize("file", ["demographics", "roles"])
def test_half_a_student_is_a_reject(file: str) -> None:
    """Who has a broken row in another file is present and unchanged: a lost birth date would take the PIN away."""
    made = files(pupils(3), "1.2")
    lines = made[f"{file}.csv"].split(b"\r\n")
    lines[2] += b",more"
    made[f"{file}.csv"] = b"\r\n".join(lines)
    found = read(made)
    assert column(found, "source_id") == ["s-0000001", "s-0000003"]
    assert rejects(found) == [(f"{file}.csv", 3, RejectCode.ROW_WIDTH, "s-0000002")]


# -- manifest -------------------------------------------------------------------------------------------------------


def test_a_package_without_manifest_is_read_with_a_warning() -> None:
    """The version follows from whether there are roles."""
    for version in ("1.1", "1.2"):
        made = files([PUPIL], version)
        del made["manifest.csv"]
        found = read(made)
        assert (found.format, len(found.frame)) == (f"OneRoster {version} bulk", 1)
        assert found.warnings[WarningCode.NO_MANIFEST] == 1


def test_files_we_do_not_read_may_be_anything() -> None:
    """Classes and enrolments are not our concern; one that is listed and missing is mentioned."""
    made = files([PUPIL]) | {"manifest.csv": manifest(file_classes="delta", file_enrollments="bulk")}
    made["classes.csv"] = b"\xff\x00 no CSV at all"
    found = read(made)
    assert (len(found.frame), warned(found)) == (1, {"manifest_contradicts": 1})


@pytest.mark.parametrize("file", ["users.csv", "orgs.csv"])
def test_a_package_without_users_or_orgs_is_refused(file: str) -> None:
    """One line says what is missing and what there is."""
    made = files([PUPIL])
    del made[file], made["manifest.csv"]
    assert refusal(made).startswith(f"no {file} in the package; it has demographics.csv")


def test_a_12_package_without_roles_is_refused() -> None:
    """In 1.2 the roles say who is a student: without them there would be none."""
    made = files([PUPIL], "1.2")
    del made["roles.csv"]
    made["manifest.csv"] = manifest(oneroster_version="1.2")
    assert refusal(made).startswith("no roles.csv in the package")


@pytest.mark.parametrize("file", ["users", "orgs", "manifest", "roles"])
def test_a_file_with_nothing_under_its_header_refuses_the_package(file: str) -> None:
    """An export that failed after its first line is no roster."""
    made = files([PUPIL], "1.2")
    made[f"{file}.csv"] = made[f"{file}.csv"].split(b"\r\n")[0] + b"\r\n"
    assert refusal(made).startswith(f"{file}.csv: no rows under the header")


# -- schools --------------------------------------------------------------------------------------------------------


def org(source_id: str, code: str, kind: str = "school") -> dict[str, str]:
    return {"sourcedId": source_id, "name": "A school", "type": kind, "identifier": code}


def test_an_org_is_known_by_its_identifier_or_by_its_own_id() -> None:
    """The school code is the identifier; where that is blank, or no such column came, the org's id."""
    orgs = [org("org-101", "101"), org("102", "")]
    students = [PUPIL, PUPIL.moved(source_id="s-2", school="x")]
    users = people({"sourcedId": "s-1"}, {"sourcedId": "s-2", "orgSourcedIds": "102"})
    assert column(roster(students, users=users, orgs=csv_bytes(ORGS, orgs)), "school") == ["101", "102"]
    bare = csv_bytes(("sourcedId", "type"), ({"sourcedId": each["sourcedId"], "type": "School"} for each in orgs))
    assert column(roster(students, users=users, orgs=bare), "school") == ["org-101", "102"]


@pytest.mark.parametrize(
    ("orgs", "school"),
    [
        ("org-101", "101"),
        ("org-999,org-201", "201"),
        ("org-201,org-101", "201"),
        (" org-999 , org-101 ", "101"),
        ("org-d,org-102", "102"),
        ("org-999", "999"),
        ("org-d", ""),
        ("org-unheard-of", ""),
        ("org-unheard-of,org-999", "999"),
        ("", ""),
    ],
)
def test_of_several_schools_the_first_that_is_served_counts(orgs: str, school: str) -> None:
    """A pilot's student who also goes elsewhere is the pilot's; what is no school in orgs.csv is not repeated."""
    assert column(roster([PUPIL], users=people({"sourcedId": "s-1", "orgSourcedIds": orgs})), "school") == [school]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"org-x,,,A school,school,777\r\n", "orgs.csv line 8: row_width"),
        (b"org-x,,,A school,sch\x07ool,777,\r\n", "orgs.csv line 8: control_character"),
        (b",,,A school,school,777,\r\n", "orgs.csv line 8: a school with no sourcedId"),
        (b"org-101,,,A school,school,777,\r\n", "orgs.csv line 8: a school with no sourcedId or another's"),
    ],
)
def test_a_school_that_cannot_be_read_refuses_the_package(bad: bytes, said: str) -> None:
    """It would look like a school whose students have all left."""
    made = files([PUPIL])
    assert refusal(made | {"orgs.csv": made["orgs.csv"] + bad}).startswith(said)


def test_an_org_that_stands_there_twice_alike_is_one() -> None:
    """A repeated row of orgs.csv contradicts nothing."""
    made = files([PUPIL])
    made["orgs.csv"] += made["orgs.csv"].split(b"\r\n")[1] + b"\r\n"
    assert column(read(made), "school") == ["101"]


# -- roles of 1.2 and exits -----------------------------------------------------------------------------------------


def role(user: str = "s-0000001", at: str = "org-101", **cells: str) -> dict[str, str]:
    return {"userSourcedId": user, "roleType": "primary", "role": "student", "orgSourcedId": at, **cells}


def of_roles(*rows: dict[str, str]) -> Roster:
    return roster([PUPIL], "1.2", roles=csv_bytes(ROLES, rows))


def test_the_primary_role_says_which_school() -> None:
    """Wherever it stands among the rows."""
    secondary, primary = role(at="org-101", roleType="secondary"), role(at="org-201", roleType="Primary")
    assert column(of_roles(secondary, primary), "school") == ["201"]
    assert column(of_roles(primary, secondary), "school") == ["201"]


def test_a_primary_school_that_is_not_served_gives_way_to_one_that_is() -> None:
    """The pilot's school counts though it is the second."""
    assert column(of_roles(role(at="org-999"), role(at="org-102", roleType="secondary")), "school") == ["102"]


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        ({"endDate": "2026-10-04"}, "role ended"),
        ({"endDate": "2026-10-05"}, "role ended"),
        ({"endDate": "2026-10-05T00:00:00.000Z"}, "role ended"),
        ({"endDate": "2026-10-06"}, ""),
        ({"endDate": "2027-06-01"}, ""),
        ({"endDate": ""}, ""),
        ({"endDate": "06/15/2027"}, ""),
        ({"endDate": "1.6.2026"}, ""),
        ({"status": "tobedeleted"}, "role ended"),
        ({"status": "ToBeDeleted"}, "role ended"),
        ({"status": "active"}, ""),
        ({"beginDate": "2027-01-01"}, ""),
    ],
)
def test_a_role_ends_on_its_date_or_by_its_status(cells: dict[str, str], left: str) -> None:
    """The end date is the first day that no longer counts; a date that nobody can read ends nothing."""
    found = of_roles(role(**cells))
    assert column(found, "exit") == [left]


def test_who_is_still_a_student_somewhere_has_not_left() -> None:
    """A role that ended beside one that goes on is a change of school."""
    found = of_roles(role(at="org-101", endDate="2026-09-01"), role(at="org-102"))
    assert (column(found, "exit"), column(found, "school")) == ([""], ["102"])


def test_who_has_no_role_or_another_is_no_student() -> None:
    """A user without a row in roles.csv, or with a teacher's, is counted among the others."""
    assert of_roles(role(role="teacher")).not_students == 1
    assert of_roles(role(user="somebody-else")).not_students == 1


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    ("status", "left"), [("tobedeleted", "tobedeleted"), ("TOBEDELETED", "tobedeleted"), ("active", "")]
)
def test_a_user_leaves_by_status_in_either_version(version: str, status: str, left: str) -> None:
    """tobedeleted is the district's word."""
    assert column(roster([PUPIL.moved(status=status)], version), "exit") == [left]


def test_a_disabled_account_is_no_exit() -> None:
    """enabledUser=false says that a login was switched off, and nothing about the school."""
    off = roster([PUPIL], users=people({"sourcedId": "s-1", "enabledUser": "false"}))
    assert column(off, "exit") == [""]


# -- birth dates and encodings --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["4/12/2017", "04-12-2017", "20170412", "12-Apr-2017", "2017-04-12T00:00:00.000Z"])
def test_a_birth_date_may_be_spelled_as_other_systems_do(cell: str) -> None:
    """The standard has one spelling; another is read and counted."""
    found = roster([PUPIL.moved(born=cell)])
    assert column(found, "birth_date") == ["2017-04-12"]
    assert warned(found) == {"value_spelling": 1}


@pytest.mark.parametrize("cell", ["13/12/2017", "2017-13-01", "2017-02-30", "April 12", "0000-00-00"])
def test_a_birth_date_that_is_none_makes_no_pin(cell: str) -> None:
    """No PIN is made of what is no date, and a warning counts it."""
    found = roster([PUPIL.moved(born=cell)])
    assert column(found, "birth_date") == [""]
    assert found.warnings == {WarningCode.BIRTH_DATE_UNREADABLE: 1, WarningCode.BIRTH_DATE_MISSING: 1}


def test_missing_birth_dates_are_counted_for_students_only() -> None:
    """A blank one, a student who is not in demographics.csv, and a teacher who is nobody's concern."""
    students = [*pupils(2), PUPIL.moved(source_id="t-1", role="teacher", born="")]
    demographics = csv_bytes(DEMOGRAPHICS, [{"sourcedId": "s-0000002", "birthDate": ""}])
    found = roster(students, demographics=demographics)
    assert column(found, "birth_date") == ["", ""]
    assert found.warnings[WarningCode.BIRTH_DATE_MISSING] == 2


def test_birth_dates_that_contradict_each_other_are_none() -> None:
    """Two dates for one student: no PIN is made of either, whatever their order."""
    rows = [{"sourcedId": "s-0000001", "birthDate": born} for born in ("2017-01-01", "2017-02-02", "2017-01-01")]
    for order in (rows, rows[1:], rows[:2]):
        assert column(roster([PUPIL], demographics=csv_bytes(DEMOGRAPHICS, order)), "birth_date") == [""]
    assert column(roster([PUPIL], demographics=csv_bytes(DEMOGRAPHICS, rows[::2])), "birth_date") == ["2017-01-01"]


def test_a_package_without_demographics_has_students_without_birth_dates() -> None:
    """They are identified and counted; no PIN is made."""
    made = files([PUPIL]) | {"manifest.csv": manifest(file_demographics="absent")}
    del made["demographics.csv"]
    found = read(made)
    assert column(found, "birth_date") == [""]
    assert found.warnings[WarningCode.BIRTH_DATE_MISSING] == 1


def test_a_fallback_encoding_is_used_only_where_it_is_configured() -> None:
    """cp1252 with the setting is read and warned about; without it, the file is refused in one line."""
    foreign = people({"sourcedId": "s-1", "familyName": "Nuñez-O\u2019Hara"}).decode().encode("cp1252")
    made = files([PUPIL]) | {"users.csv": foreign}
    assert refusal(made).startswith("users.csv: not UTF-8")
    assert "fallback_encoding" in refusal(made)
    found = read(made, district(feed={"fallback_encoding": "cp1252"}))
    assert column(found, "family_name") == ["Nuñez-O\u2019Hara"]
    assert found.warnings[WarningCode.FALLBACK_ENCODING] == 1


def test_utf_8_is_never_read_in_the_fallback_encoding() -> None:
    """The setting is for files that are not UTF-8; the others are read as what they are, mark or none."""
    agreed = district(feed={"fallback_encoding": "cp1252"})
    for mark in (b"", b"\xef\xbb\xbf"):
        users = mark + people({"sourcedId": "s-1", "familyName": "Nuñez"})
        found = roster([PUPIL], agreed=agreed, users=users)
        assert column(found, "family_name") == ["Nuñez"]
        assert WarningCode.FALLBACK_ENCODING not in found.warnings


@pytest.mark.parametrize("fallback", ["", "cp1252"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_refused_with_and_without_a_fallback(encoding: str, fallback: str) -> None:
    """One line, and nothing of it is taken for text."""
    users = files([PUPIL])["users.csv"].decode().encode(encoding)
    said = refusal(files([PUPIL]) | {"users.csv": users}, district(feed={"fallback_encoding": fallback}))
    assert said.startswith("users.csv: ")


def test_what_is_neither_utf_8_nor_the_fallback_is_refused() -> None:
    """cp1252 has bytes without a character too."""
    users = files([PUPIL])["users.csv"].replace(b"Given1", b"Giv\x81n")
    said = refusal(files([PUPIL]) | {"users.csv": users}, district(feed={"fallback_encoding": "cp1252"}))
    assert said == "users.csv: neither UTF-8 nor cp1252; export it as UTF-8"


# -- a file that was cut off ----------------------------------------------------------------------------------------


def test_a_users_file_cut_off_anywhere_is_noticed_or_whole_rows() -> None:
    """At every byte: an error, a reject, or nothing but whole rows of those who were there, each exactly as sent.

    Cut between two rows a CSV file is a shorter CSV file; there the zip's checksum, the guard and the days of grace
    stand before anybody's card.
    """
    made = files(pupils(6))
    whole = read(made).frame.to_dict("records")
    users = made["users.csv"]
    lines = users.split(b"\r\n")
    whole_rows = {b"\r\n".join(lines[:count]) for count in range(1, len(lines))}
    silent = 0
    for cut in range(len(users)):
        try:
            found = read(made | {"users.csv": users[:cut]})
        except BadRosterError:
            continue
        students = found.frame.to_dict("records")
        assert students == whole[: len(students)], cut
        if not found.rejects:
            silent += 1
            assert users[:cut].rstrip(b"\r\n") in whole_rows, cut
    assert silent == 3 * len(whole) - 1


def test_a_row_cut_off_in_its_last_cell_is_a_reject_where_it_lost_a_cell() -> None:
    """The last row of a file that ends in the middle has fewer cells than the header, and so is not used."""
    made = files(pupils(3))
    found = read(made | {"users.csv": made["users.csv"].removesuffix(b",03,\r\n")})
    assert column(found, "source_id") == ["s-0000001", "s-0000002"]
    assert rejects(found) == [("users.csv", 4, RejectCode.ROW_WIDTH, "s-0000003")]


def test_a_file_cut_between_rows_takes_nobodys_card(databases: Databases, tmp_path: Path) -> None:
    """Whoever is missing from a file that looks complete is absent, and is served."""
    nights = Nights(databases, tmp_path, dict(load(CONFIG).districts))
    nights.night(pupils(20))
    rows = files(pupils(20))["users.csv"].splitlines(keepends=True)
    report = nights.night(pupils(20), users=b"".join(rows[:16]))
    assert report.facts["counts"]["absent"] == 5 and report.facts["counts"]["leave"] == 0
    assert nights.find("20").standing is Standing.ABSENT
    assert nights.sign_in("20", "0921").authenticated
