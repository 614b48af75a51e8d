"""Educators: teachers and other staff, served by rules of their own where the agreement has them."""

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.domain.access import Standing
from access_service.domain.mapping import Exclusion
from access_service.domain.patron import Patron
from access_service.domain.student import Role
from access_service.errors import OperatorError
from access_service.explain import Explainer
from access_service.opt_outs import Kind
from access_service.opting_out import Given, Office
from access_service.pin_vault import PinVault
from access_service.settings import District, load
from access_service.storage import quarantine
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import job, rekey
from sync.guard import Finding
from sync.inspection import as_text, inspect
from sync.order import auditor
from sync.plan import had_the_id
from sync.quarantine import Seal
from sync.quarantine.replay import build
from sync.reading import NOBODYS, read_roster
from sync.roster import Roster, WarningCode, fingerprints
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.formats import Format
from tests.sync import synthetic
from tests.sync.nights import START, Nights
from tests.sync.onerosters import as_delta, column, manifest, read, rejects, rows
from tests.sync.rosters import ROLES, USERS_12, Pupil, csv_bytes, files, package, pupils

KEY = bytes.fromhex("7a" * 32)

RULES: Mapping[str, Any] = {
    "staff_number": {"pad_to": 6, "pattern": "[0-9]{6}"},
    "library_number": "55{staff_number}",
    "patron_type": "EDU",
    "profile": "educator",
    "pin": {"rule": "last"},
    "expiry": {"pivot": "06-30", "expires": "10-31"},
}


def served(**rules: Any) -> District:
    """The demo district with educators."""
    raw = load(Path("config")).district("demo").model_dump()
    raw["rules"]["educators"] = {**RULES, **rules}
    return District.model_validate(raw)


def staff(count: int = 1, first: int = 1, **changed: Any) -> list[Pupil]:
    """Teachers with numbers from `first` on, who have neither grade nor birth date."""
    return [
        Pupil(f"t-{n}", f"{n:06}", role="teacher", grade="", born="", given=f"Tea{n}", family=f"Cher{n}", **changed)
        for n in range(first, first + count)
    ]


def educators(found: Roster) -> list[dict[str, str]]:
    return [row for row in rows(found) if row.get("role") == "educator"]


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, {"demo": served()})


# -- what is read ---------------------------------------------------------------------------------------------------

ONE = {"source_id": "t-1", "student_number": "000001", "school": "101", "role": "educator"}
NAMED = {"given_name": "Tea1", "family_name": "Cher1"}


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_oneroster_has_educators(version: str) -> None:
    """A teacher is a row without grade and birth date; without the rules they are nobody's, as before."""
    packed = files([*pupils(2), staff()[0].moved(born="1980-01-02")], version)
    found = read(packed, served())
    assert educators(found) == [{**ONE, **NAMED}]
    assert (found.educators, len(found.students), found.not_students) == (1, 2, 0)
    assert found.warnings[WarningCode.BIRTH_DATE_MISSING] == 0
    others = read(packed)
    assert (len(others.frame), others.educators, others.not_students) == (2, 0, 1)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    ("role", "count"),
    [
        *((role, 1) for role in ("aide", "proctor", "counselor", "principal", "Staff", "siteAdministrator")),
        *((role, 0) for role in ("parent", "guardian", "relative", "volunteer", "ext:monk")),
    ],
)
def test_who_works_at_a_school_is_an_educator(role: str, count: int, version: str) -> None:
    """Family and volunteers are not, nor what a district made up."""
    found = read(files([*pupils(1), staff()[0].moved(role=role)], version), served())
    assert (found.educators, found.not_students) == (count, 1 - count)


def test_a_district_says_what_its_words_mean() -> None:
    """student, educator, other: for any word in the role column, in OneRoster and in a flat file."""
    agreed = served()
    words = {"ext:coach": "educator", "aide": "other", "ext:kid": "student"}
    said = agreed.model_copy(update={"feed": agreed.feed.model_copy(update={"values": {"role": words}})})
    roles = ("ext:coach", "aide", "ext:kid")
    one = [*pupils(1), *(Pupil(f"x-{n}", f"{n:07}", role=role) for n, role in enumerate(roles))]
    lines = (f"x-{n},{n:07},101,03,{role}" for n, role in enumerate(roles))
    flat = "\n".join(["id,student number,school,grade,role", "s-1,1,101,03,Student", *lines, ""]).encode()
    for found in (read(files(one), said), read({"everybody.csv": flat}, said)):
        assert (found.educators, len(found.students), found.not_students) == (1, 2, 1)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_who_is_a_student_too_stays_one(version: str) -> None:
    """One id in both roles: a student, neither rejected nor an educator, and counted."""
    both = pupils(1)[0]
    found = read(files([both, both.moved(role="teacher", grade=""), *pupils(1, first=2)], version), served())
    if version == "1.2":
        users = files([both, *pupils(1, first=2)], version)["users.csv"]
        packed = files([both, both.moved(role="teacher"), *pupils(1, first=2)], version) | {"users.csv": users}
        found = read(packed, served())
    assert (column(found, "role"), found.educators, rejects(found)) == (["student"] * 2, 0, [])
    assert found.warnings[WarningCode.ALSO_A_STUDENT] == 1


def test_an_educator_at_several_schools_is_one() -> None:
    """At home at the first school that is served, the primary one before the others; they may be others than for
    students."""
    agreed = served(schools={"102": "RIVER", "999": "OFFICE"})
    listed = Pupil("t-1", "1", role="teacher", grade="UG", extra={"orgSourcedIds": "org-d,org-101,org-102,org-999"})
    assert column(read(files([*pupils(1), listed]), agreed), "school") == ["101", "102"]
    assert column(read(files([*pupils(1), listed]), served()), "school") == ["101", "101"]
    two = [{"userSourcedId": "t-1", "role": "teacher", "roleType": kind, "orgSourcedId": f"org-{code}"}
           for kind, code in (("secondary", "102"), ("primary", "999"), ("secondary", "101"))]  # fmt: skip
    student = {"userSourcedId": "s-0000001", "role": "student", "orgSourcedId": "org-101"}
    packed = files([*pupils(1), Pupil("t-1", "1")], "1.2") | {"roles.csv": csv_bytes(ROLES, [student, *two])}
    assert column(read(packed, agreed), "school") == ["101", "999"]
    several = [staff()[0].moved(school=school) for school in ("301", "102")]
    assert column(read(files([*pupils(1), *several]), agreed), "school") == ["101", "102"]


def test_a_role_that_ended_is_a_stated_exit() -> None:
    """Of an educator as of a student; who was a student and is an educator now is one."""
    packed = files([*pupils(1), *staff(2, role_end="2026-10-01")], "1.2")
    assert [row["exit"] for row in educators(read(packed, served()))] == ["role ended"] * 2
    now = [{"userSourcedId": "t-1", "role": "teacher", "orgSourcedId": "org-101"},
           {"userSourcedId": "t-1", "role": "student", "orgSourcedId": "org-101", "endDate": "2026-06-30"},
           {"userSourcedId": "s-0000001", "role": "student", "orgSourcedId": "org-101"}]  # fmt: skip
    found = read(files([*pupils(1), *staff()], "1.2") | {"roles.csv": csv_bytes(ROLES, now)}, served())
    assert educators(found) == [{**ONE, **NAMED}]


CLEVER = {
    "students.csv": "School_id,Student_id,Student_number,Last_name,First_name,Grade\n101,s-1,1,S,T,3\n",
    "teachers.csv": "School_id,Teacher_id,Teacher_number,Last_name,First_name,Title\n"
    "999,t-1,000001,Cher1,Tea1,Teacher\n101,t-1,000001,Cher1,Tea1,Teacher\n101,s-1,7,S,T,Teacher\n",
    "staff.csv": "School_id,Staff_id,First_name,Last_name,Role\n101,t-1,Tea1,Cher1,Admin\n101,a-1,A,B,Tech Lead\n",
    "sections.csv": "School_id,Section_id,Teacher_id,Name,Grade\n101,x,t-1,Math,3\n",
}
SDS_1 = {
    "student.csv": "SIS ID,School SIS ID,First Name,Last Name,Student Number,Grade\ns-1,101,T,S,1,3\n",
    "teacher.csv": "SIS ID,School SIS ID,First Name,Last Name,Teacher Number,Status\nt-1,101,Tea1,Cher1,000001,A\n",
}
SDS_2 = {
    "users.csv": "sourcedId,orgSourcedIds,givenName,familyName,username,password,role,grade\n"
    's-1,101,T,S,s@x,,Student,3\n000001,"999,101",Tea1,Cher1,t@x,,Teacher,\np-1,101,P,Q,p@x,,Parent,\n',
}
SDS_21 = {
    "users.csv": "sourcedId,username,givenName,familyName\ns-1,s@x,T,S\n000001,t@x,Tea1,Cher1\np-1,p@x,P,Q\n",
    "roles.csv": "userSourcedId,orgSourcedId,role,sessionSourcedId,grade,isPrimary,roleStartDate,roleEndDate\n"
    "s-1,101,student,y,3,true,,\n000001,999,teacher,y,UG,false,,\n000001,101,teacher,y,,true,,\np-1,101,parent,y,,,,\n",
}
FLAT = {
    "everybody.csv": "ID,Student Number,School,Grade,First Name,Last Name,Patron Type,DOB\ns-1,1,101,3,T,S,Student,\n"
    "t-1,000001,101,,Tea1,Cher1,Faculty,1980-01-02\nt-1,000001,102,,Tea1,Cher1,Faculty,1980-01-02\nx,2,101,,P,Q,Parent,\n"
}


@pytest.mark.parametrize(
    ("packed", "number_as_id", "more", "others"),
    [(CLEVER, False, 1, 0), (SDS_1, False, 0, 0), (SDS_2, True, 0, 1), (SDS_21, True, 0, 1), (FLAT, False, 0, 1)],
    ids=["Clever", "SDS v1", "SDS v2", "SDS v2.1", "flat"],
)
def test_other_formats_have_educators_too(
    packed: Mapping[str, str], number_as_id: bool, more: int, others: int
) -> None:
    """From a file of their own, or by a column; an educator on several rows is one, at a school that is served."""
    content = {name: text.encode() for name, text in packed.items()}
    found = read(content, served())
    one = {**ONE, **NAMED} | ({"source_id": "000001"} if number_as_id else {})
    assert one in educators(found)
    assert (found.educators, len(found.students), found.not_students, rejects(found)) == (1 + more, 1, others, [])
    assert set(found.frame[found.frame["role"] == "educator"][["grade", "birth_date"]].stack()) == {""}
    assert read(content).educators == 0


@pytest.mark.parametrize("form", [Format.ONEROSTER_1_1, Format.ONEROSTER_1_2, Format.CLEVER, Format.SDS_V1,
                                  Format.SDS_V2, Format.SDS_V2_1])  # fmt: skip
def test_the_teachers_of_a_synthetic_district_are_educators(form: Format, tmp_path: Path) -> None:
    """Fifty for a thousand students, guardians left out."""
    district = SyntheticDistrict(size=1000, today=START.date())
    found = synthetic.read(synthetic.written(tmp_path, district, form), district, served())
    assert (found.educators, len(found.students), len(found.rejects)) == (50, 1000, 0)


def test_a_file_of_staff_without_a_row_refuses_nobody() -> None:
    """The students are read all the same, and it is counted."""
    content = {name: text.encode() for name, text in CLEVER.items()}
    content |= {name: content[name].split(b"\n")[0] + b"\n" for name in ("teachers.csv", "staff.csv")}
    found = read(content, served())
    assert (found.educators, len(found.students), found.warnings[WarningCode.EMPTY_FILE]) == (0, 1, 2)


def test_the_fingerprint_of_a_student_is_what_it_was() -> None:
    """An upgrade makes nobody another; the same cells as an educator's are somebody else's."""
    frame = read(files(pupils(1))).frame
    (student,) = fingerprints(frame, b"k")
    assert student.hex() == "0b66b6152b12f4e051508531445e1070"
    assert fingerprints(frame.assign(role=""), b"k") == [student] != fingerprints(frame.assign(role="educator"), b"k")


# -- nights ---------------------------------------------------------------------------------------------------------


def _id(nights: Nights, number: str) -> int:
    record = nights.find(number).record
    assert record
    return record.patron_id


def card(nights: Nights, number: str) -> Patron:
    record = nights.find(number).record
    assert record
    return record.patron


def test_an_educator_gets_a_card_of_the_own_rules(nights: Nights) -> None:
    """Number, type, profile, expiry and PIN are theirs; there is no grade."""
    report = nights.night([*pupils(3), *staff(2)])
    assert report.facts["counts"]["create"] == 5 and (report.facts["students"], report.facts["educators"]) == (3, 2)
    made = card(nights, "55000002")
    assert (made.role, made.library_number, made.patron_type, made.profile) == (
        Role.EDUCATOR,
        "55000002",
        "EDU",
        "educator",
    )
    assert (made.grade, made.branch, f"{made.expires:%m-%d}") == ("", "MAPLE", "10-31")
    assert nights.sign_in("55000002", "0002").authenticated
    assert card(nights, "290000002").role is Role.STUDENT
    assert nights.night([*staff(2), *pupils(3)]).outcome is Outcome.SAME_STUDENTS


def test_one_number_of_a_student_and_an_educator_is_ambiguous(nights: Nights) -> None:
    """Neither loses the card: the bare number opens nothing, whatever the PIN, and each whole number its own."""
    nights.night([*pupils(3), *staff(3)])
    for pin in ("0202", "0001"):
        assert nights.sign_in("1", pin).standing is Standing.AMBIGUOUS
    assert nights.sign_in("290000001", "0202").authenticated and nights.sign_in("55000001", "0001").authenticated
    assert not nights.sign_in("290000001", "0001").authenticated


def test_a_staff_file_that_did_not_come_does_not_hide_among_students(nights: Nights) -> None:
    """Four educators of 104 patrons are few of all, and all of them: their removal waits, until a person lets it go."""
    everybody = [*pupils(100), *staff(4)]
    nights.night(everybody)
    for _ in range(2):
        held = nights.night([*pupils(99), pupils(1, first=100)[0].moved(grade="04")])
        assert held.outcome is Outcome.HELD_IN_PART and [each.finding for each in held.reasons] == [Finding.REMOVALS]
        assert "none of 4 educators" in held.reasons[0].text
    assert nights.find("55000001").standing is Standing.ACTIVE
    assert nights.night(everybody).outcome is Outcome.APPLIED


def test_educators_are_a_group(nights: Nights) -> None:
    """Thirteen of forty gone is too many of a group, though few of all; blank grades are no drift."""
    nights.night([*pupils(400), *staff(40)])
    held = nights.night([*pupils(400), *staff(27)])
    assert held.outcome is Outcome.HELD_IN_PART
    assert [each.text for each in held.reasons] == [
        "13 removals of 40 patrons among educators; at most 10 go unattended"
    ]
    assert nights.night([*pupils(400), *staff(60)]).outcome is Outcome.APPLIED


def test_an_agreement_without_educators_any_more_lets_them_go_through_the_guard(nights: Nights) -> None:
    """The table taken out: they are not read any more, and all of them missing is for a person to see."""
    nights.night([*pupils(5), *staff(3)])
    nights.configure(rules={"educators": None})
    held = nights.night([*pupils(5), *staff(3)])
    assert held.outcome is Outcome.HELD_IN_PART and "none of 3 educators" in held.reasons[0].text


def test_an_id_that_changes_its_role_gets_no_other_card(nights: Nights) -> None:
    """A student's id on a teacher's row, and the other way: it may be another person. Each card stays as it is."""
    nights.night([*pupils(3), *staff(1)])
    turned = [*pupils(2), pupils(1, first=3)[0].moved(role="teacher", number="000033"),
              staff()[0].moved(role="student", number="0000077", grade="03")]  # fmt: skip
    report = nights.night(turned)
    assert report.facts["exclusions"] == {Exclusion.ROLE_CHANGED: 2}
    assert card(nights, "290000003").role is Role.STUDENT and card(nights, "55000001").role is Role.EDUCATOR
    student = nights.find("290000003").record
    assert student and report.facts["excluded_from"] == {
        f"role_changed: {had_the_id(one)}": 1 for one in (student.patron_id, _id(nights, "55000001"))
    }
    rekey.recycle(nights.job(nights.folder, "demo"), [student.patron_id], "a graduate who teaches now")
    nights.now += timedelta(hours=1)
    nights.night([*turned, *pupils(1, first=9)])
    assert (card(nights, "55000033").role, _id(nights, "290000003")) == (Role.EDUCATOR, student.patron_id)
    assert report.facts["counts"]["leave"] == 0 and nights.find("3").standing is Standing.ABSENT


def test_an_educator_who_leaves_is_no_student_who_leaves(nights: Nights) -> None:
    """A stated exit ends the card at once, and a return brings it back as it was."""
    nights.night([*pupils(3), *staff(2)])
    nights.night([*pupils(3), staff()[0], staff(1, first=2)[0].moved(status="tobedeleted")])
    assert nights.find("55000002").standing is Standing.LEFT
    nights.night([*pupils(3), *staff(2)])
    assert nights.sign_in("55000002", "0002").authenticated


def test_undo_and_its_undo(nights: Nights) -> None:
    """New staff numbers, new educators and leavers are put back, and put forth again."""
    nights.night([*pupils(3), *staff(3)])
    before = nights.everything()
    run = nights.night([*pupils(3), staff()[0].moved(number="000091", school="102"),
                        staff(1, first=2)[0].moved(status="tobedeleted"), *staff(2, first=3)])  # fmt: skip
    assert card(nights, "91").branch == "RIVER" and card(nights, "55000001").student_number == "000091"
    after = nights.everything()
    undone = nights.undo(run.run_id)
    assert undone.facts["counts"]["put_back"] == 2 and undone.facts["counts"]["withdraw"] == 1
    assert nights.find("91").standing is Standing.UNKNOWN
    assert nights.find("55000002").standing is Standing.ACTIVE and nights.find("55000004").standing is Standing.LEFT
    changing = {"district_state", "changes", "exclusions"}
    assert nights.everything()["seen"] == before["seen"]
    nights.undo(undone.run_id)
    again = nights.everything()
    assert {name: again[name] for name in again if name not in changing} == {
        name: after[name] for name in after if name not in changing
    }


def test_a_delta_knows_an_educator_again(nights: Nights) -> None:
    """In 1.1 by the role; in 1.2, where the role is not repeated, by what is stored. Their grade stays none."""
    nights.night([*pupils(3), *staff(2)])
    modes: dict[str, str | None] = {"file_users": "delta", "file_orgs": "absent", "file_demographics": "absent"}
    one = {"sourcedId": "t-1", "orgSourcedIds": "org-102", "role": "teacher", "identifier": "000001"}
    nights.now = nights.now.replace(hour=9)
    run = nights.again(_delta(nights, {"users": as_delta("users", [one])}, modes))
    assert run.outcome is Outcome.APPLIED and card(nights, "55000001").branch == "RIVER"
    two = {"sourcedId": "t-2", "identifier": "000222", "grades": "UG", "givenName": "Tea2", "familyName": "Cher2"}
    newer = {"users": csv_bytes(USERS_12, [{"status": "active", **two}])}
    run = nights.again(_delta(nights, newer, modes | {"oneroster_version": "1.2"}))
    assert run.outcome is Outcome.APPLIED
    assert (card(nights, "222").role, card(nights, "222").library_number, card(nights, "222").grade) == (
        Role.EDUCATOR,
        "55000002",
        "",
    )


def test_a_row_of_staff_that_cannot_be_used_is_kept_and_replayed_alone(nights: Nights) -> None:
    """From a file of their own; meanwhile nobody is missing, and the educator keeps the card as it is."""
    folder = nights.folder / "clever"
    folder.mkdir()
    for name, text in CLEVER.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert nights.again(folder).facts["counts"]["create"] == 2
    teachers = folder / "teachers.csv"
    teachers.write_text(teachers.read_text(encoding="utf-8").replace("000001", "T-1"), encoding="utf-8")
    report = nights.again(folder)
    assert report.facts["exclusions"] == {"number_pattern": 2} and report.facts["counts"]["absent"] == 0
    assert nights.find("55000001").standing is Standing.ACTIVE
    with nights.databases.reader.connect() as connection:
        entries = [(each, Seal(KEY).open(each)) for each in quarantine.of_district(connection, "demo")]
    assert {entry.file for entry, _ in entries} == {"teachers.csv", "staff.csv"}
    nights.configure(rules={"educators": {**RULES, "staff_number": {"pattern": "[0-9A-Za-z-]+"}}})
    nights.now += timedelta(hours=1)
    again = job.run(replace(nights.job(folder), file=None, replay=build(entries)))
    assert again.facts["counts"]["update"] == 1 and card(nights, "55000001").student_number == "T-1"
    assert card(nights, "55a-1").library_number == "55a-1"


def test_an_educator_is_explained(nights: Nights) -> None:
    """By role in place of the grade, and by the educators' own rules; a bare number that is two people's too."""
    nights.night([*pupils(1), *staff(2)])
    with nights.databases.reader.connect() as connection:
        explainer = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now)
        said = "; ".join(explainer.explain("55000002").lines)
        both = explainer.explain("1")
        nights.configure(rules={"educators": None})
        gone = "; ".join(Explainer(connection, nights.districts, explainer.vault, nights.now).explain("55000002").lines)
    assert "found by its library number and staff number: patron" in said and "school 101, educator" in said
    assert "(template 55{staff_number}), staff 000002" in said and "profile educator because of role educator" in said
    assert "has this educator" in said and "cards end on 10-31" in said and "PIN issued by the rule last 4" in said
    assert both.standing is Standing.AMBIGUOUS and {line.rsplit(", ", 1)[1] for line in both.lines[1:]} == {
        "grade 03",
        "educator",
    }
    assert "no [rules.educators] any more" in gone


def test_new_source_ids_are_matched_in_a_role(nights: Nights) -> None:
    """A student and an educator with one number each get their own new id."""
    nights.night([*pupils(3), *staff(3)])
    one, other = _id(nights, "290000002"), _id(nights, "55000002")
    renamed = [person.moved(source_id=f"new-{person.source_id}") for person in (*pupils(3), *staff(3))]
    file = nights.roster(renamed)
    _, found = rekey.rekey(nights.job(file), "a new system")
    assert found.counts["matched"] == 6
    nights.now += timedelta(hours=1)
    nights.again(file)
    assert (_id(nights, "290000002"), card(nights, "290000002").source_id) == (one, "new-s-0000002")
    assert (_id(nights, "55000002"), card(nights, "55000002").source_id) == (other, "new-t-2")


def test_an_educator_who_opts_out_takes_no_student_along(nights: Nights) -> None:
    """With one bare number of the two: that is asked about, and the whole number or --kind tells."""
    nights.night([*pupils(3), *staff(3)])
    office = Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])
    with pytest.raises(OperatorError, match="several"):
        office.add([Given("2")], "")
    given = [Given("2", Kind.STAFF_NUMBER), Given("290000003"), Given("000004", Kind.STAFF_NUMBER)]
    assert office.add(given, "").new == 3
    nights.night([*pupils(4), *staff(4)])
    found = {number: nights.find(number).standing for number in ("290000002", "290000003", "290000004", "55000003")}
    assert found == dict.fromkeys(found, Standing.ACTIVE) | {"290000003": Standing.UNKNOWN}
    assert {nights.find(number).standing for number in ("55000002", "55000004")} == {Standing.UNKNOWN}
    office.add([Given("2", Kind.STUDENT_NUMBER)], "")
    with pytest.raises(OperatorError, match="say which with --kind"):
        office.remove(Given("2"), "")
    office.remove(Given("2", Kind.STAFF_NUMBER), "")
    nights.night([*pupils(4), *staff(4)])
    assert nights.find("55000002").standing is Standing.ACTIVE and nights.find("290000002").standing is Standing.UNKNOWN


def test_a_blank_in_an_opt_out_column_says_nothing_of_staff() -> None:
    """Of a student it opts out, as the district's file has it; a filled one counts for staff too."""
    agreed = served()
    says = {"columns": {"opt_out": "Share"}, "values": {"opt_out": {"Y": "in", "N": "out"}}}
    feed = agreed.feed.model_copy(update=says)
    fields = agreed.agreement.fields | {"opt_out"}
    shared = agreed.agreement.model_copy(update={"fields": fields})
    agreed = agreed.model_copy(update={"feed": feed, "agreement": shared})
    lines = "ID,Student Number,School,Grade,Role,Share\ns-1,1,101,3,Student,Y\ns-2,2,101,3,Student,\n"
    content = {"all.csv": f"{lines}t-1,000001,101,,Teacher,\nt-2,000002,101,,Teacher,N\n".encode()}
    assert column(read(content, agreed), "opt_out") == ["in", "out", "", "out"]


def test_a_page_says_how_many_educators_there_are(tmp_path: Path) -> None:
    """Before anything is settled; grades, schools and numbers are the students'."""
    found = inspect(package(tmp_path / "roster.zip", [*pupils(3), *staff(2)]), NOBODYS, START.date())
    assert next(as_text(found)) == "OneRoster 1.1 bulk: 5 rows, 3 students, 2 educators, 0 others"
    assert (found.grades, found.schools) == ({"03": 3}, {"101": 3})
    assert set(read_roster(tmp_path / "roster.zip").frame["role"]) == {"student"}


def _delta(nights: Nights, changed: Mapping[str, bytes], modes: Mapping[str, str | None]) -> Path:
    nights.count += 1
    path = nights.folder / f"delta-{nights.count}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**changed, "manifest": manifest(**modes)}.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.csv", (2027, 1, 1, 0, 0, 0)), content)
    return path
