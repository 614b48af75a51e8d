"""OneRoster delta: what a package says that holds only what changed, mode by file."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.roster import RejectCode, Roster
from tests.sync.onerosters import as_delta, cells, manifest, read, refusal, rejects, rows, warned
from tests.sync.rosters import Pupil, files, pupils

KNOWN = {"org-101": "101", "org-102": "102", "org-999": "999"}
Rows = Sequence[Mapping[str, str]]


def user(number: int = 1, **changed: str) -> dict[str, str]:
    usual = {"orgSourcedIds": "org-101", "role": "student", "identifier": f"{number:07}", "grades": "03"}
    return {"sourcedId": f"s-{number}", **usual, **changed}


def row(number: int = 1, **changed: str) -> dict[str, str]:
    return {"source_id": f"s-{number}", "student_number": f"{number:07}", "school": "101", "grade": "03", **changed}


def delta(*users: Mapping[str, str], **others: bytes) -> Roster:
    """A 1.1 package with a delta of users.csv and what is given of other files, as deltas too."""
    made = {"users.csv": as_delta("users", users)} | {f"{name}.csv": raw for name, raw in others.items()}
    modes = {
        f"file_{kind}": "delta" if f"{kind}.csv" in made else "absent" for kind in ("users", "orgs", "demographics")
    }
    return read(made | {"manifest.csv": manifest(**modes)}, orgs=KNOWN)


# -- users ----------------------------------------------------------------------------------------------------------


def test_a_delta_says_what_changed_and_no_more() -> None:
    """An active row is a student as sent, a deleted one has gone; the schools are those of the last roster."""
    found = delta(user(1), user(2, status="tobedeleted"), user(3, role="teacher"))
    assert rows(found) == [row(1), row(2, exit="tobedeleted")]
    assert (found.format, found.partial, found.orgs) == ("OneRoster 1.1 delta", True, KNOWN)
    assert (found.rows, found.not_students, found.rejects, warned(found)) == (3, 1, (), {})


def test_a_blank_cell_of_a_delta_says_nothing() -> None:
    """It stays blank in the frame, and no birth date is missed."""
    found = delta(user(1, identifier="", grades="", orgSourcedIds=""))
    assert (rows(found), warned(found)) == ([{"source_id": "s-1"}], {})


def test_a_deleted_row_may_have_nothing_but_its_id() -> None:
    """Vendors blank the rest of it, the role too."""
    found = delta({"sourcedId": "s-1", "status": "tobedeleted"})
    assert (rows(found), found.rejects) == ([{"source_id": "s-1", "exit": "tobedeleted"}], ())


@pytest.mark.parametrize("status", ["", "perhaps"])
def test_a_row_without_a_status_is_active(status: str) -> None:
    """And counted."""
    found = delta(user(1, status=status))
    assert (rows(found), warned(found)) == ([row(1)], {"status_unreadable": 1})


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_rows_the_one_modified_last_counts(turned: bool) -> None:
    """Whatever their order, and in whatever zone."""
    older = user(1, grades="02", dateLastModified="2026-10-04T23:30:00+02:00")
    newer = user(1, grades="04", dateLastModified="2026-10-04T22:00:00Z")
    found = delta(*([newer, older] if turned else [older, newer]), user(2))
    assert rows(found) == [row(1, grade="04"), row(2)]
    assert warned(found) == {"row_repeated": 1}


def test_rows_that_contradict_each_other_are_rejected_where_no_date_decides() -> None:
    """With a date that nobody can read, or with the same one."""
    found = delta(user(1), user(1, grades="04", dateLastModified="lately"), user(2), user(2, grades="05"), user(3))
    assert rows(found) == [row(3)]
    codes = [RejectCode.ID_DUPLICATE] * 4
    ids = ["s-1", "s-1", "s-2", "s-2"]
    assert rejects(found) == [("users.csv", n, c, i) for n, c, i in zip((2, 3, 4, 5), codes, ids, strict=True)]
    assert found.rejects[1].cells["dateLastModified"] == "lately" and found.rejects[1].column == "sourcedId"


def test_a_delta_with_no_rows_has_nothing_to_say() -> None:
    """The standard forbids it; nobody can leave by it."""
    found = delta()
    assert (rows(found), found.partial, warned(found)) == ([], True, {"empty_file": 1})


# -- orgs -----------------------------------------------------------------------------------------------------------


def test_schools_of_a_delta_add_to_those_of_the_last_roster() -> None:
    """A new one, and one with another code; a deleted one keeps its code for whoever still names it."""
    orgs = [
        {"sourcedId": "org-7", "type": "school", "identifier": "7"},
        {"sourcedId": "org-102", "type": "school", "identifier": "112"},
        {"sourcedId": "org-101", "type": "school", "identifier": "101", "status": "tobedeleted"},
    ]
    found = delta(
        user(1), user(2, orgSourcedIds="org-7"), user(3, orgSourcedIds="org-102"), orgs=as_delta("orgs", orgs)
    )
    assert rows(found) == [row(1), row(2, school="7"), row(3, school="112")]
    assert found.orgs == KNOWN | {"org-7": "7", "org-102": "112"}


def test_a_deleted_school_may_have_nothing_but_its_id() -> None:
    """It keeps its code, and one whose identifier is blank does too."""
    orgs = [{"sourcedId": "org-101", "status": "tobedeleted"}, {"sourcedId": "org-102"}]
    found = delta(user(1), user(2, orgSourcedIds="org-102"), orgs=as_delta("orgs", orgs))
    assert (rows(found), found.orgs, warned(found)) == ([row(1), row(2, school="102")], KNOWN, {})


def test_schools_in_bulk_beside_a_delta_are_all_there_are() -> None:
    """Mode by file: what is no more in orgs.csv is forgotten."""
    made = files([]) | {"users.csv": as_delta("users", [user(1)])}
    del made["demographics.csv"]
    said = manifest(file_users="delta", file_demographics="absent")
    found = read(made | {"manifest.csv": said}, orgs={"org-7": "7"})
    assert (rows(found), found.partial, "org-7" in found.orgs) == ([row(1)], True, False)


def test_a_school_that_a_delta_does_not_know_leaves_the_cell_blank() -> None:
    """And is counted."""
    found = delta(user(1, orgSourcedIds="org-8"))
    assert rows(found) == [{name: cell for name, cell in row(1).items() if name != "school"}]
    assert warned(found) == {"org_unknown": 1}


# -- demographics ---------------------------------------------------------------------------------------------------


def test_a_birth_date_alone_is_a_row() -> None:
    """Of somebody whose row in users.csv did not change; a deleted one says nothing."""
    born = [
        {"sourcedId": "s-1", "birthDate": "2017-02-02"},
        {"sourcedId": "s-9", "birthDate": "2016-03-03"},
        {"sourcedId": "s-8", "birthDate": "2016-03-03", "status": "tobedeleted"},
        {"sourcedId": "t-1", "birthDate": "1980-03-03"},
    ]
    teacher = user(0, sourcedId="t-1", role="teacher")
    found = delta(user(1), teacher, demographics=as_delta("demographics", born))
    assert rows(found) == [row(1, birth_date="2017-02-02"), {"source_id": "s-9", "birth_date": "2016-03-03"}]


def test_birth_dates_that_are_a_delta_make_the_roster_partial() -> None:
    """Beside all users: whose birth date did not change would else lose it."""
    made = files(pupils(2))
    made["demographics.csv"] = as_delta("demographics", [{"sourcedId": "s-0000001", "birthDate": "2017-01-01"}])
    found = read(made | {"manifest.csv": manifest(file_demographics="delta")})
    assert found.partial
    assert found.frame["birth_date"].tolist() == ["2017-01-01", ""]


# -- roles of 1.2 ---------------------------------------------------------------------------------------------------


def role(number: int = 1, at: str = "org-101", **changed: str) -> dict[str, str]:
    usual = {"roleType": "primary", "role": "student", "orgSourcedId": at}
    return {"sourcedId": f"r-{number}-{at}", "userSourcedId": f"s-{number}", **usual, **changed}


def delta_12(users: Rows, roles: Rows, bulk: str = "") -> Roster:
    """A 1.2 package of deltas, but for the file that is `bulk`."""
    made = {"users": users, "roles": roles}
    kinds = {"users": "users12", "roles": "roles"}
    packed = {f"{name}.csv": as_delta(kinds[name], each) for name, each in made.items() if each}
    modes = {f"file_{name}": ("bulk" if name == bulk else "delta") if each else "absent" for name, each in made.items()}
    said = manifest(oneroster_version="1.2", file_orgs="absent", file_demographics="absent", **modes)
    return read(packed | {"manifest.csv": said}, orgs=KNOWN)


USER = {"sourcedId": "s-1", "identifier": "0000001", "grades": "03"}
UNPLACED = {"source_id": "s-1", "student_number": "0000001", "grade": "03"}


def test_users_and_roles_of_a_delta_go_together() -> None:
    """A newcomer has a row in both, somebody who moved one in roles.csv, somebody renamed one in users.csv."""
    users = [USER, {"sourcedId": "s-3", "givenName": "New"}, {"sourcedId": "t-1", "givenName": "Teacher"}]
    roles = [role(1), role(2, "org-102"), role(0, userSourcedId="t-1", role="teacher"), role(9, role="aide")]
    found = delta_12(users, roles)
    assert rows(found) == [row(1), {"source_id": "s-2", "school": "102"}, {"source_id": "s-3", "given_name": "New"}]
    assert (found.partial, found.not_students, warned(found)) == (True, 1, {})


@pytest.mark.parametrize("over", [{"status": "tobedeleted"}, {"endDate": "2026-10-01"}])
def test_a_role_that_ended_in_a_delta_takes_nobodys_card(over: Mapping[str, str]) -> None:
    """A role at another school may go on, and is not repeated; the next bulk tells."""
    for users in ([], [USER]):
        found = delta_12(users, [role(1, **over)])
        assert (rows(found), warned(found)) == ([UNPLACED] if users else [], {"role_ended_in_delta": 1})


def test_a_role_that_ended_beside_a_new_one_is_a_move() -> None:
    """Nothing is left open."""
    found = delta_12([], [role(1, status="tobedeleted"), role(1, "org-102")])
    assert (rows(found), warned(found)) == ([{"source_id": "s-1", "school": "102"}], {})


def test_roles_are_told_apart_by_their_own_id() -> None:
    """Two roles of one user are two rows, whenever they were modified; of one role's rows the later counts."""
    older, newer = {"dateLastModified": "2026-10-01T00:00:00Z"}, {"dateLastModified": "2026-10-03T00:00:00Z"}
    found = delta_12([], [role(1, **older), role(1, "org-102", roleType="secondary", **newer)])
    assert rows(found) == [{"source_id": "s-1", "school": "101"}]
    found = delta_12([], [role(1, status="tobedeleted", **newer), role(1, **older), role(1, "org-102", **older)])
    assert (rows(found), warned(found)) == ([{"source_id": "s-1", "school": "102"}], {"row_repeated": 1})


def test_a_deleted_role_may_have_nothing_but_its_id() -> None:
    """Whose it was cannot be told, so nothing follows, and nobody's absence is suspended."""
    found = delta_12([USER], [{"sourcedId": "r-1", "status": "tobedeleted"}])
    assert (rows(found), found.rejects) == ([UNPLACED], ())


def test_a_second_school_alone_does_not_move_anybody() -> None:
    """The first is not repeated; where users.csv names the primary one, that is it."""
    second = role(1, "org-102", roleType="secondary")
    assert rows(delta_12([USER], [second])) == [UNPLACED]
    assert rows(delta_12([{**USER, "primaryOrgSourcedId": "org-101"}], [second])) == [row(1)]
    assert rows(delta_12([USER], [second, role(1)])) == [row(1)]


def test_users_alone_leave_the_school_open() -> None:
    """roles.csv is absent: nobody's role changed."""
    gone = {**USER, "sourcedId": "s-2", "status": "tobedeleted"}
    assert rows(delta_12([USER, gone], [])) == [UNPLACED, {**UNPLACED, "source_id": "s-2", "exit": "tobedeleted"}]


def test_all_roles_beside_changed_users_are_complete() -> None:
    """Who has none is no student, whose ended has left; a deleted user needs none."""
    users = [USER, {"sourcedId": "t-1"}, {"sourcedId": "t-2"}, {"sourcedId": "s-4", "status": "tobedeleted"}]
    roles = [role(1), role(2, "org-102"), role(3, endDate="2026-10-01"), role(0, userSourcedId="t-1", role="teacher")]
    found = delta_12(users, roles, bulk="roles")
    assert rows(found) == [
        row(1),
        {"source_id": "s-2", "school": "102"},
        {"source_id": "s-3", "exit": "role ended"},
        {"source_id": "s-4", "exit": "tobedeleted"},
    ]
    assert (found.partial, found.not_students) == (True, 2)


def test_changed_roles_beside_all_users_conclude_nothing() -> None:
    """A user without a row in roles.csv is as before, and nobody is absent."""
    found = delta_12([USER, {"sourcedId": "s-2", "grades": "04"}], [role(1)], bulk="users")
    assert (rows(found), found.partial) == ([row(1), {"source_id": "s-2", "grade": "04"}], True)


def test_roles_of_a_delta_that_are_listed_and_missing_refuse_it() -> None:
    """As in bulk."""
    said = manifest(oneroster_version="1.2", file_users="delta", file_roles="delta", file_orgs="absent")
    made = {"users.csv": as_delta("users12", [USER]), "manifest.csv": said}
    assert refusal(made) == "manifest.csv: file.roles is 'delta', but roles.csv is not in the package; export it again"


def test_a_row_rejected_in_users_is_not_made_up_from_other_files() -> None:
    """Half of what a delta says of somebody is nothing."""
    broken = as_delta("users12", [USER]) + b"s-2,active,too short\r\n"
    made = {"users.csv": broken, "roles.csv": as_delta("roles", [role(1), role(2)])}
    said = manifest(
        oneroster_version="1.2", file_users="delta", file_roles="delta", file_orgs="absent", file_demographics="absent"
    )
    found = read(made | {"manifest.csv": said}, orgs=KNOWN)
    assert (rows(found), rejects(found)) == ([row(1)], [("users.csv", 3, RejectCode.ROW_WIDTH, "s-2")])


def test_a_partial_replay_of_a_bulk_row_is_no_bulk_roster() -> None:
    """Whatever its cells say."""
    found = read({"users.csv": cells([user(1, status="active")])}, orgs=KNOWN, replayed=True)
    assert (found.partial, rows(found), found.format) == (True, [row(1)], "OneRoster 1.0 or 1.1 delta")


# -- any subset -----------------------------------------------------------------------------------------------------

EVERYONE: list[Pupil] = pupils(12)


@given(st.sets(st.integers(0, 11), min_size=1), st.sampled_from(["1.1", "1.2"]))
def test_a_delta_of_some_is_exactly_their_rows(chosen: set[int], version: str) -> None:
    """Each row as the bulk package has it, and no other."""
    some = [EVERYONE[index].moved(status="active") for index in sorted(chosen)]
    made = files(some, version)
    roles = {"file_roles": "delta"} if version == "1.2" else {}
    said = manifest(
        oneroster_version=version, file_users="delta", file_demographics="delta", file_orgs="absent", **roles
    )
    del made["orgs.csv"]
    whole = read(files(EVERYONE, version))
    expected = [each for index, each in enumerate(rows(whole)) if index in chosen]
    found = read(made | {"manifest.csv": said}, orgs=whole.orgs)
    assert rows(found) == expected and found.partial
