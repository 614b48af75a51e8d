"""What OneRoster files may get wrong and still be read: each tolerance is counted, none of them silent."""

import csv
import io
import random
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.roster import RejectCode, Roster
from tests.sync.onerosters import cells, column, manifest, people, read, refusal, rejects, roster, rows, warned
from tests.sync.rosters import ORGS, ROLES, USERS_11, csv_bytes, files, pupils

PUPIL = pupils(1)[0]


def renamed(raw: bytes, **names: str) -> bytes:
    """A file with other headers."""
    header, _, rest = raw.decode().partition("\r\n")
    return (",".join(names.get(name, name) for name in header.split(",")) + "\r\n" + rest).encode()


# -- headers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [
        {"sourcedId": "sourcedID"},
        {"sourcedId": "SourcedId"},
        {"sourcedId": "sourced id"},
        {"sourcedId": "SOURCED_ID"},
        {"givenName": "\ufeffgivenName"},
        {"sourcedId": "sourced\u200bId"},
        {"givenName": "given\xa0Name", "familyName": " familyname "},
        {"givenName": "first name", "familyName": "Last_Name"},
        {"orgSourcedIds": "orgSourcedId"},
        {"grades": "grade", "identifier": "Identifer"},
    ],
)
def test_a_header_may_be_misspelled(names: Mapping[str, str]) -> None:
    """Case, blanks, underscores, what nobody sees, and the words that exporters have; once for each file."""
    found = roster([PUPIL], users=renamed(files([PUPIL])["users.csv"], **names))
    assert rows(found) == rows(roster([PUPIL]))
    assert warned(found) == {"header_spelling": 1}


def test_a_byte_order_mark_is_no_misspelling() -> None:
    """Importers must tolerate it."""
    found = roster([PUPIL], users=b"\xef\xbb\xbf" + files([PUPIL])["users.csv"])
    assert warned(found) == {}


@pytest.mark.parametrize("name", ["dob", "DOB", "birthdate", "Date of Birth"])
def test_a_birth_date_may_have_other_headers(name: str) -> None:
    """In demographics.csv."""
    found = roster([PUPIL], demographics=renamed(files([PUPIL])["demographics.csv"], birthDate=name))
    assert (column(found, "birth_date"), warned(found)) == (["2017-02-02"], {"header_spelling": 1})


def test_two_headers_that_mean_one_column_are_refused() -> None:
    """Which of them is right cannot be told; the exact spelling settles it."""
    made = files([PUPIL])["users.csv"]
    twice = renamed(made, sourcedId="SourcedID", username="sourced_id")
    assert refusal(files([PUPIL]) | {"users.csv": twice}) == "users.csv: column 'sourcedId' is there twice; remove one"
    settled = roster([PUPIL], users=renamed(made, username="sourced_id"))
    assert rows(settled) == rows(roster([PUPIL]))


def test_columns_may_stand_in_any_order() -> None:
    """By name, never by position."""
    lines = list(csv.DictReader(io.StringIO(files([PUPIL])["users.csv"].decode(), newline="")))
    found = roster([PUPIL], users=csv_bytes(USERS_11[::-1], lines))
    assert (rows(found), warned(found)) == (rows(roster([PUPIL])), {"header_order": 1})


def test_columns_of_nobodys_are_counted_and_metadata_is_not() -> None:
    """An extension is called metadata.*; anything else is a mistake, and never read either way."""
    extra = {"metadata.grade": "12", "Metadata.homeroom": "7"}
    usual = {"sourcedId": "s-1", "orgSourcedIds": "org-101", "role": "student", "identifier": "1", "grades": "03"}
    names = {"givenName": "A", "familyName": "B"}
    for more, expected in ((extra, {}), (extra | {"lunch": "yes", "bus": "4"}, {"column_unknown": 1})):
        users = csv_bytes([*USERS_11, *more], [usual | names | more])
        found = roster([PUPIL], users=users)
        assert (column(found, "grade"), warned(found)) == (["03"], {"birth_date_missing": 1} | expected)


BULK = {version: files(pupils(4), version) for version in ("1.1", "1.2")}
NOISE = st.sampled_from(["", " ", "_", "\u200b", "\xa0"])


@given(st.sampled_from(["1.1", "1.2"]), st.randoms(use_true_random=False), NOISE)
def test_no_header_that_is_merely_ugly_changes_the_frame(version: str, chance: random.Random, noise: str) -> None:
    """Case, order and blanks of every header, all at once."""
    made = {name: _ugly(raw, chance, noise) for name, raw in BULK[version].items()}
    assert rows(read(made)) == rows(read(BULK[version]))


def _ugly(raw: bytes, chance: random.Random, noise: str) -> bytes:
    table = list(zip(*csv.reader(io.StringIO(raw.decode(), newline="")), strict=True))
    chance.shuffle(table)
    spelled = [("".join(chance.choice((c.upper(), c.lower())) + noise for c in name), *rest) for name, *rest in table]
    text = io.StringIO()
    csv.writer(text).writerows(zip(*spelled, strict=True))
    return text.getvalue().encode()


# -- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "counted"),
    [("student", 0), ("Student", 1), ("STUDENT ", 1), ("Pupil", 1), ("students", 1), ("Learner", 1)],
)
def test_a_student_by_any_name(role: str, counted: int) -> None:
    """Each cell that is not as in the standard is counted."""
    found = roster([PUPIL.moved(role=role), PUPIL.moved(source_id="s-2", role=role)])
    assert column(found, "source_id") == ["s-0000001", "s-2"]
    assert warned(found) == ({"value_spelling": 2 * counted} if counted else {})


@pytest.mark.parametrize(
    "role",
    [
        *("administrator aide guardian parent proctor relative teacher counselor districtAdministrator").split(),
        *("principal siteAdministrator systemAdministrator staff faculty admin Parent TEACHER").split(),
        *("district administrator", "Assistant Principal", "ext:student", "EXT:monk"),
    ],
)
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_adults_of_every_kind_are_not_students(role: str, version: str) -> None:
    """All of the standard's, the words that exporters have, and a district's own."""
    found = roster([PUPIL, PUPIL.moved(source_id="t-1", role=role, born="")], version)
    assert (column(found, "source_id"), found.not_students, found.rejects) == (["s-0000001"], 1, ())


@pytest.mark.parametrize("role", ["", "wizard", "NULL"])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_role_that_nobody_knows_is_a_reject(role: str, version: str) -> None:
    """It may be a student's; its id counts as present."""
    found = roster([PUPIL, PUPIL.moved(source_id="s-2", role=role)], version)
    file = {"1.1": "users.csv", "1.2": "roles.csv"}[version]
    assert column(found, "source_id") == ["s-0000001"]
    assert rejects(found) == [(file, 3, RejectCode.ROLE_UNKNOWN, "s-2")]
    (reject,) = found.rejects
    assert (reject.column, reject.cells["role"]) == ("role", role)
    assert "s-2" in reject.cells.values() and "username" not in reject.cells


def test_a_role_that_nobody_knows_takes_nothing_from_a_plain_one() -> None:
    """In roles.csv somebody can have both."""
    usual = {"userSourcedId": "s-0000001", "roleType": "primary", "orgSourcedId": "org-101"}
    found = roster([PUPIL], "1.2", roles=csv_bytes(ROLES, [usual | {"role": r} for r in ("student", "wizard")]))
    assert column(found, "source_id") == ["s-0000001"]
    assert rejects(found) == [("roles.csv", 3, RejectCode.ROLE_UNKNOWN, "s-0000001")]


@pytest.mark.parametrize(
    ("status", "left", "counted"),
    [
        ("active", "", {}),
        ("tobedeleted", "tobedeleted", {}),
        ("To Be Deleted", "tobedeleted", {"value_spelling": 1}),
        ("inactive", "inactive", {}),
        ("whatever", "", {}),
    ],
)
def test_a_status_in_a_bulk_file_is_counted(status: str, left: str, counted: dict[str, int]) -> None:
    """It should be blank; who is to be deleted, or inactive as in 1.0, has gone all the same."""
    found = roster([PUPIL.moved(status=status), *pupils(1, first=2)])
    assert (column(found, "exit"), warned(found)) == ([left, ""], {"status_in_bulk": 1} | counted)


@pytest.mark.parametrize("null", ["NULL", "null", "Null"])
def test_null_is_a_blank_cell_but_not_a_name(null: str) -> None:
    """What a database writes for nothing; somebody's name stays."""
    usual = {"sourcedId": "s-1", "givenName": null, "familyName": null, "identifier": null, "status": null}
    found = roster([PUPIL], users=people(usual, {"sourcedId": null, "givenName": "X"}))
    assert rows(found) == [
        {"source_id": "s-1", "school": "101", "grade": "03", "given_name": null, "family_name": null}
    ]
    assert rejects(found) == [("users.csv", 3, RejectCode.ID_MISSING, None)]
    assert warned(found) == {"null_cell": 3, "birth_date_missing": 1}


def test_an_id_in_quotes_is_kept_as_it_is() -> None:
    """Braces, slashes, leading zeros and inner quotes belong to it."""
    odd = ['{0A"b}', "000", "a/b@c.d", "=1+1"]
    found = roster([PUPIL.moved(source_id=each, number=each) for each in odd])
    assert column(found, "source_id") == column(found, "student_number") == odd


# -- orgs -----------------------------------------------------------------------------------------------------------


def at(org: str, **changed: str) -> Roster:
    """A student at an org of orgs.csv with these cells."""
    listed = {"sourcedId": "org-7", "name": "A place", "type": "school", "identifier": "7", **changed}
    other = {"sourcedId": "org-1", "name": "Another", "type": "school", "identifier": "1"}
    born = people({"sourcedId": "s-0000001", "orgSourcedIds": org})
    return roster([PUPIL], users=born, orgs=csv_bytes(ORGS, [listed, other]))


@pytest.mark.parametrize(
    ("kind", "school", "counted"),
    [
        ("school", "7", {}),
        ("School", "7", {"value_spelling": 1}),
        ("campus", "7", {"org_type_unknown": 1}),
        ("", "7", {"org_type_unknown": 1}),
        ("ext:annex", "7", {"org_type_unknown": 1}),
        ("district", "", {}),
        ("LEA", "", {"value_spelling": 1}),
        ("department", "", {}),
    ],
)
def test_what_a_student_goes_to_is_a_school(kind: str, school: str, counted: dict[str, int]) -> None:
    """But for what is known to be something else."""
    found = at("org-7", type=kind)
    assert (column(found, "school"), warned(found)) == ([school], counted)


@pytest.mark.parametrize(
    ("orgs", "school", "counted"),
    [
        ("org-8", "", {"org_unknown": 1}),
        ("org-8,org-9", "", {"org_unknown": 1}),
        ("org-8,org-7", "7", {}),
        ("org-8,,", "", {"org_unknown": 1}),
        ("", "", {}),
    ],
)
def test_a_school_that_nobody_listed_is_counted(orgs: str, school: str, counted: dict[str, int]) -> None:
    """Once for a student who has no school for it."""
    found = at(orgs)
    assert (column(found, "school"), warned(found)) == ([school], counted)


# -- roles by date and place ----------------------------------------------------------------------------------------


def of_roles(*roles: Mapping[str, str], primary: str = "") -> Roster:
    usual = {"userSourcedId": "s-0000001", "roleType": "secondary", "role": "student", "orgSourcedId": "org-101"}
    pupil = PUPIL.moved(extra={"primaryOrgSourcedId": primary})
    return roster([pupil], "1.2", roles=csv_bytes(ROLES, [usual | dict(each) for each in roles]))


def test_a_role_that_is_yet_to_begin_makes_a_student() -> None:
    """Enrolled for January: the card may be there before they are."""
    found = of_roles({"beginDate": "2027-01-07"})
    assert (column(found, "school"), column(found, "exit")) == (["101"], [""])


def test_the_school_of_today_comes_before_the_next_one() -> None:
    """Even where the next one is the primary."""
    today, soon = {"orgSourcedId": "org-102"}, {"beginDate": "2027-01-07", "roleType": "primary"}
    for roles in ([today, soon], [soon, today]):
        assert column(of_roles(*roles), "school") == ["102"]
    begun = soon | {"beginDate": "2026-10-05T00:00:00.000Z"}
    assert column(of_roles(today, begun), "school") == ["101"]


@pytest.mark.parametrize(
    ("primary", "school"), [("org-102", "102"), ("", "101"), ("org-201", "101"), ("org-d", "101"), ("org-x", "101")]
)
def test_the_primary_org_of_the_user_comes_before_the_primary_role(primary: str, school: str) -> None:
    """Where it is one of their schools; a place that roles.csv does not name may be where they came from."""
    roles = {"roleType": "primary"}, {"orgSourcedId": "org-102"}
    assert column(of_roles(*roles, primary=primary), "school") == [school]


def test_the_primary_org_alone_serves_who_has_roles_at_the_district() -> None:
    """Some exporters have every student's role there."""
    assert column(of_roles({"orgSourcedId": "org-d"}, primary="org-102"), "school") == ["102"]


def test_a_school_that_is_served_comes_before_the_primary() -> None:
    """As in the list of 1.1."""
    assert column(of_roles({"orgSourcedId": "org-999"}, {}, primary="org-999"), "school") == ["101"]


def test_an_end_may_be_written_as_other_systems_do() -> None:
    """And is counted."""
    found = of_roles({"endDate": "9/1/2026"})
    assert (column(found, "exit"), warned(found)) == (["role ended"], {"value_spelling": 1})


# -- what a reject keeps --------------------------------------------------------------------------------------------


def test_a_reject_keeps_the_agreed_cells_of_its_row() -> None:
    """As sent, by their names in the file; and which column is at fault."""
    long, same = "x" * 2000, {"sourcedId": "s-4"}
    users = people({"sourcedId": "s-1", "grades": "0\x073"}, {"sourcedId": "s-2", "givenName": long}, {"sourcedId": ""})
    users += people(same, {**same, "grades": "04"}).partition(b"\r\n")[2] + b"s-6,too,short\r\n"
    found = roster([PUPIL], users=users)
    in_order = sorted(found.rejects, key=lambda each: each.line)
    kept = [(each.code.value, each.column, each.cells.get("grades")) for each in in_order]
    assert kept == [
        ("control_character", "grades", "0\x073"),
        ("field_too_long", "givenName", "03"),
        ("id_missing", "sourcedId", "03"),
        ("id_duplicate", "sourcedId", "03"),
        ("id_duplicate", "sourcedId", "04"),
        ("row_width", "", None),
    ]
    assert len(in_order[1].cells["givenName"]) == 1001
    assert not {"username", "email", "password"} & {name for each in found.rejects for name in each.cells}


def test_a_reject_names_the_column_as_the_file_does() -> None:
    """Misspelled or not: it is what the school's IT will look for."""
    row = {"Sourced ID": "s-1", "Role": "wizard", "orgSourcedIds": "org-101", "identifier": "1", "grades": "03"}
    found = roster([PUPIL], users=cells([row | {"givenName": "A", "familyName": "B"}]))
    (reject,) = found.rejects
    assert (reject.column, reject.cells["Sourced ID"]) == ("Role", "s-1")


def test_a_12_package_may_be_wrong_in_everything_at_once() -> None:
    """Names of files, headers, words and the manifest; the students are all there."""
    made = files(pupils(3), "1.2")
    users = renamed(made["users.csv"], sourcedId="SourcedID", givenName="First Name", grades="Grade")
    roles = renamed(made["roles.csv"], userSourcedId="user_sourced_id").replace(b",student,", b",STUDENT,")
    said = manifest(oneroster_version="1.2.1", file_users="Bulk", file_roles="BULK")
    odd = {"My_Users.csv".lower(): users, "roles-1.csv": roles, "manifest.csv": said}
    odd |= {"orgs.csv": made["orgs.csv"], "demographics.csv": made["demographics.csv"]}
    found = read(odd)
    assert rows(found) == rows(read(made))
    assert warned(found) == {"header_spelling": 2, "value_spelling": 5}
