"""Nights of deltas between complete rosters: who signs in the morning after, and what is kept for the next night."""

import csv
import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from sqlalchemy import text

from access_service.domain.access import Standing
from access_service.explain import Explainer
from access_service.pin_vault import PinVault
from access_service.settings import load
from access_service.storage import quarantine, runs
from access_service.storage.engine import Databases, snapshot
from access_service.storage.runs import Outcome
from sync.guard import Finding
from sync.report import Report
from sync.roster import BadRosterError
from tests.sync.nights import Nights
from tests.sync.onerosters import as_delta, manifest
from tests.sync.rosters import Pupil, files, pupils
from tests.sync.test_invariants import on_sqlite

VERSIONS = pytest.mark.parametrize("version", ["1.1", "1.2"])
USERS = {"1.1": "users", "1.2": "users12"}
Rows = Iterable[Mapping[str, str]]
EVERYBODY = pupils(12)
FIRST, SECOND, THIRD = EVERYBODY[:3]


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """An installation that knows no roster yet, where two absences end a card."""
    installed = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    installed.configure(calendar={"absence_rosters": 2, "absence_days": 1})
    return installed


def cells(pupil: Pupil, version: str = "1.1") -> dict[str, dict[str, str]]:
    """A student's row of each file, active."""
    made = files([pupil], version)
    rows = {name: list(csv.DictReader(io.StringIO(made[f"{name}.csv"].decode()))) for name in kinds(version)}
    return {name: {**row, "status": row["status"] or "active"} for name, (row, *_) in rows.items()}


def kinds(version: str) -> list[str]:
    return ["users", "demographics", *(["roles"] if version == "1.2" else [])]


def delta(
    nights: Nights, version: str = "1.1", whole: Mapping[str, bytes] = MappingProxyType({}), /, **rows: Rows
) -> Path:
    """A package with these rows of each file as deltas; `whole` files are complete, and all others absent."""
    made = {
        f"{kind}.csv": as_delta(USERS[version] if kind == "users" else kind, list(each)) for kind, each in rows.items()
    }
    made |= {f"{kind}.csv": content for kind, content in whole.items()}
    listed = ("users", "orgs", "demographics", *(["roles"] if version == "1.2" else []))
    modes = {f"file_{kind}": "bulk" if kind in whole else "delta" if kind in rows else "absent" for kind in listed}
    nights.count += 1
    path = nights.folder / f"delta-{nights.count}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**made, "manifest.csv": manifest(oneroster_version=version, **modes)}.items():
            archive.writestr(name, content)
    return path


def of(pupil: Pupil, version: str = "1.1", *but: str) -> dict[str, list[dict[str, str]]]:
    """All that a delta can say of a student, without the files `but`."""
    return {name: [row] for name, row in cells(pupil, version).items() if name not in but}


def bulk(nights: Nights, students: Iterable[Pupil], version: str = "1.1") -> Report:
    return nights.again(nights.roster(students, version))


def counts(report: Report) -> dict[str, int]:
    found: dict[str, int] = report.facts["counts"]
    return {name: count for name, count in found.items() if count}


def pin(pupil: Pupil) -> str:
    return pupil.born[5:7] + pupil.born[8:]


def signed_in(nights: Nights, students: Iterable[Pupil]) -> list[str]:
    return [each.source_id for each in students if nights.sign_in(each.number, pin(each)).authenticated]


def everyone(students: Iterable[Pupil]) -> list[str]:
    return [each.source_id for each in students]


def state(nights: Nights) -> runs.DistrictState:
    with snapshot(nights.databases) as connection:
        found = runs.state(connection, "demo")
    assert found
    return found


def stored(nights: Nights, table: str, *columns: str) -> list[tuple[Any, ...]]:
    with snapshot(nights.databases) as connection:
        return sorted(map(tuple, connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM {table}")), key=repr)  # noqa: S608


def kept(nights: Nights) -> list[tuple[str, str]]:
    with snapshot(nights.databases) as connection:
        return [(entry.file, entry.code) for entry in quarantine.of_district(connection, "demo")]


# -- nothing that a delta says takes from those of whom it says nothing -----------------------------------------------


@VERSIONS
def test_a_delta_changes_whom_it_names_and_nobody_else(nights: Nights, version: str) -> None:
    """One moves, one comes, one leaves; everybody else signs in as before, and the next bulk agrees."""
    bulk(nights, EVERYBODY, version)
    before = state(nights)
    moved, new = FIRST.moved(school="102"), pupils(1, first=99)[0]
    rows = {name: [*of(moved, version)[name], *of(new, version)[name]] for name in kinds(version)}
    rows["users"].append({"sourcedId": SECOND.source_id, "status": "tobedeleted"})
    report = nights.again(delta(nights, version, **rows))
    assert (report.outcome, counts(report)) == (
        Outcome.APPLIED,
        {"create": 1, "update": 1, "leave": 1, "unchanged": 10},
    )
    assert signed_in(nights, [*EVERYBODY, new]) == everyone([FIRST, *EVERYBODY[2:], new])
    record = nights.find(FIRST.number).record
    assert record and record.patron.branch == "RIVER"
    after = state(nights)
    assert (after.basis, after.content, after.file_size) == (before.basis, before.content, before.file_size)
    assert (after.population, after.profile) == (12, before.profile)
    report = bulk(nights, [moved, *EVERYBODY[2:], new], version)
    assert counts(report) == {"unchanged": 12}


@VERSIONS
@pytest.mark.parametrize("blank", ["identifier", "givenName", "familyName", "grades", "orgSourcedIds"])
def test_a_blank_cell_takes_nothing(nights: Nights, version: str, blank: str) -> None:
    """Card, PIN and number stay, and nobody is at fault."""
    bulk(nights, EVERYBODY, version)
    before = stored(nights, "patrons", "*")
    row = cells(FIRST, version)["users"] | {blank: ""}
    row = {name: cell for name, cell in row.items() if name != "orgSourcedIds" or version == "1.1"}
    report = nights.again(delta(nights, version, users=[row]))
    assert (report.outcome, report.facts["exclusions"]) == (Outcome.SAME_STUDENTS, {})
    assert stored(nights, "patrons", "*") == before


@pytest.mark.parametrize("born", ["", "2017-13-45", "1900-01-01"])
def test_a_birth_date_that_is_none_takes_no_pin(nights: Nights, born: str) -> None:
    """Blank, unreadable, or one that stands for none."""
    bulk(nights, EVERYBODY)
    row = cells(FIRST)["demographics"] | {"birthDate": born}
    nights.again(delta(nights, users=[cells(FIRST)["users"]], demographics=[row]))
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)


@VERSIONS
def test_files_without_rows_take_nothing(nights: Nights, version: str) -> None:
    """A manifest alone, headers alone, and birth dates in bulk that are none beside users who changed."""
    bulk(nights, EVERYBODY, version)
    before = stored(nights, "patrons", "*"), stored(nights, "seen", "*")
    dateless = {"demographics": files([], version)["demographics.csv"]}
    for packed in (
        delta(nights, version),
        delta(nights, version, **{name: [] for name in kinds(version)}),
        delta(nights, version, dateless, users=[]),
        delta(nights, version, dateless, users=of(FIRST, version)["users"]),
    ):
        assert nights.again(packed).outcome is Outcome.SAME_STUDENTS
        assert stored(nights, "patrons", "*") == before[0]
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)


@pytest.mark.parametrize("bulky", ["users", "roles", "demographics"])
def test_mixed_modes_take_nobodys_card(nights: Nights, bulky: str) -> None:
    """Whichever file is complete, absence from it is no departure, for the others say only what changed."""
    bulk(nights, EVERYBODY, "1.2")
    some = files([FIRST.moved(school="102"), SECOND], "1.2")
    rows = {kind: [cells(FIRST, "1.2")[kind]] for kind in kinds("1.2") if kind != bulky}
    report = nights.again(delta(nights, "1.2", {bulky: some[f"{bulky}.csv"]}, **rows))
    assert report.facts["format"].endswith("delta")
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)
    assert {missed for (missed,) in stored(nights, "seen", "missed")} == {0}


def test_a_delta_of_schools_moves_only_whom_it_names(nights: Nights) -> None:
    """A school with another code: students of whom nothing is said stay, and later deltas know the code."""
    bulk(nights, EVERYBODY)
    org = {"sourcedId": "org-101", "type": "school", "identifier": "201", "name": "Renamed"}
    assert nights.again(delta(nights, orgs=[org])).outcome is Outcome.SAME_STUDENTS
    nights.again(delta(nights, orgs=[{"sourcedId": "org-101", "status": "tobedeleted"}]))
    assert counts(nights.again(delta(nights, **of(FIRST)))) == {"update": 1, "unchanged": 11}
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)
    assert [row for row in stored(nights, "patrons", "source_id", "school") if row[1] == "201"] == [
        ("s-0000001", "201")
    ]


def test_a_row_at_fault_takes_nothing(nights: Nights) -> None:
    """One that cannot be read, and one whose number does not fit; both are kept to be mended."""
    bulk(nights, EVERYBODY)
    users = [cells(FIRST)["users"] | {"givenName": "A\x07b"}, cells(SECOND)["users"] | {"identifier": "1234567890"}]
    report = nights.again(delta(nights, users=users))
    assert (report.facts["rejects"], report.facts["exclusions"]) == ({"control_character": 1}, {"number_pattern": 1})
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)
    assert sorted(kept(nights)) == [("users.csv", "control_character"), ("users.csv", "number_pattern")]


# -- people who are not here ------------------------------------------------------------------------------------------


def test_adults_of_a_delta_are_nobody(nights: Nights) -> None:
    """A delta without roles names them as it does students: no card, no fault, nothing kept."""
    bulk(nights, EVERYBODY, "1.2")
    adult = {"sourcedId": "t-1", "givenName": "Teacher", "familyName": "Synthetica"}
    users = [
        adult,
        adult | {"sourcedId": "t-2", "identifier": "T900"},
        adult | {"sourcedId": "t-3", "status": "tobedeleted"},
    ]
    born = [{"sourcedId": "t-4", "birthDate": "1980-03-03"}]
    report = nights.again(delta(nights, "1.2", users=users, demographics=born))
    assert (report.outcome, report.facts["exclusions"]) == (Outcome.SAME_STUDENTS, {"not_a_student": 4})
    assert kept(nights) == [] and stored(nights, "exclusions", "code") == []


def test_a_newcomer_without_a_school_is_told(nights: Nights) -> None:
    """A number and a grade are a student's: somebody has to say where."""
    bulk(nights, EVERYBODY, "1.2")
    new = pupils(1, first=99)[0]
    report = nights.again(delta(nights, "1.2", **of(new, "1.2", "roles")))
    assert report.facts["exclusions"] == {"school_missing": 1}
    assert kept(nights) == [("users.csv", "school_missing")]
    assert nights.find(new.number).standing is Standing.UNKNOWN


def test_a_word_about_an_excluded_student_cures_no_row(nights: Nights) -> None:
    """A newcomer whose grade nobody knows stays in the quarantine, whatever birth date a delta gives them."""
    new = pupils(1, first=99)[0].moved(grade="?")
    bulk(nights, [*EVERYBODY, new])
    report = nights.again(delta(nights, demographics=[cells(new)["demographics"]]))
    assert report.facts["exclusions"] == {"not_a_student": 1}
    assert kept(nights) == [("users.csv", "unknown_grade")]


@VERSIONS
def test_one_who_was_never_known_cannot_leave(nights: Nights, version: str) -> None:
    """A deleted row with all its cells, and one with its id alone."""
    bulk(nights, EVERYBODY, version)
    gone = cells(pupils(1, first=99)[0], version)["users"] | {"status": "tobedeleted"}
    report = nights.again(delta(nights, version, users=[gone, {"sourcedId": "s-nobody", "status": "tobedeleted"}]))
    assert (report.outcome, counts(report)) == (Outcome.SAME_STUDENTS, {"unchanged": 12})
    assert state(nights).population == 12


@VERSIONS
def test_one_who_left_returns_only_where_a_school_is_said(nights: Nights, version: str) -> None:
    """A corrected birth date or name of a former student is no enrolment."""
    bulk(nights, EVERYBODY, version)
    nights.again(delta(nights, version, users=[{"sourcedId": FIRST.source_id, "status": "tobedeleted"}]))
    assert nights.find(FIRST.number).standing is Standing.LEFT
    renamed = {"sourcedId": FIRST.source_id, "familyName": "Other"}
    for rows in ({"demographics": of(FIRST)["demographics"]}, {"users": [renamed]}):
        assert nights.again(delta(nights, version, **rows)).outcome is Outcome.SAME_STUDENTS
        assert nights.find(FIRST.number).standing is Standing.LEFT
    enrolled = of(FIRST, version, "demographics") if version == "1.1" else {"roles": of(FIRST, version)["roles"]}
    assert counts(nights.again(delta(nights, version, **enrolled))) == {"return": 1, "unchanged": 11}
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)


# -- order and repetition ---------------------------------------------------------------------------------------------


def test_a_first_roster_that_is_a_delta_is_one_line(nights: Nights) -> None:
    """There is nothing that it could be a part of."""
    for packed in (delta(nights, **of(FIRST)), delta(nights)):
        with pytest.raises(BadRosterError, match="says only what changed, and there is no roster yet; ask") as caught:
            nights.again(packed)
        assert "\n" not in str(caught.value)
    assert stored(nights, "patrons", "source_id") == []


def test_a_repeated_delta_changes_nothing(nights: Nights) -> None:
    """The same bytes, and the same rows in other bytes."""
    bulk(nights, EVERYBODY)
    moved = FIRST.moved(school="102")
    packed = delta(nights, **of(moved))
    assert nights.again(packed).outcome is Outcome.APPLIED
    before = stored(nights, "patrons", "*")
    assert nights.again(packed).outcome is Outcome.SAME_FILE
    assert nights.again(delta(nights, **of(moved), orgs=[])).outcome is Outcome.SAME_STUDENTS
    assert stored(nights, "patrons", "*") == before


def test_a_delta_older_than_the_last_roster_is_refused(nights: Nights) -> None:
    """Sent once more after a bulk, it would take back what that said: here, a student who is here again."""
    packed = delta(nights, users=[{"sourcedId": FIRST.source_id, "status": "tobedeleted"}])
    bulk(nights, EVERYBODY)
    written = (nights.now - timedelta(hours=1)).timestamp()
    os.utime(packed, (written, written))
    with pytest.raises(
        BadRosterError, match="was written 2026-10-06 07:00 UTC, before the roster that was applied last"
    ):
        nights.again(packed)
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)
    written = nights.now.timestamp()
    os.utime(packed, (written, written))
    assert counts(nights.again(packed)) == {"leave": 1, "unchanged": 11}


# -- what the next complete roster finds ------------------------------------------------------------------------------


def test_absences_are_counted_by_complete_rosters_alone(nights: Nights) -> None:
    """A delta neither adds to a count nor ends it, but for whom it names."""
    bulk(nights, EVERYBODY)
    bulk(nights, EVERYBODY[2:])
    assert counts(nights.again(delta(nights, **of(FIRST)))) == {"seen_again": 1, "unchanged": 11}
    missed = dict(stored(nights, "seen", "source_id", "missed"))
    assert (missed[FIRST.source_id], missed[SECOND.source_id]) == (0, 1)
    for day in range(3):
        nights.again(delta(nights, **of(THIRD.moved(grade="04" if day % 2 else "05"))))
    assert nights.find(SECOND.number).standing is Standing.ABSENT
    report = bulk(nights, [THIRD.moved(grade="04"), *EVERYBODY[3:]])
    assert counts(report) == {"update": 1, "absent": 1, "leave": 1, "unchanged": 9}
    assert nights.find(FIRST.number).standing is Standing.ABSENT


def test_a_rule_edited_before_a_delta_reaches_everybody_with_the_next_bulk(nights: Nights) -> None:
    """The delta maps whom it names by the new rules, the bulk everybody."""
    bulk(nights, EVERYBODY)
    schools = dict(nights.districts["demo"].rules.schools)
    _branch(nights, {**schools, "101": "RIVER"})
    assert counts(nights.again(delta(nights, **of(FIRST)))) == {"update": 1, "unchanged": 11}
    assert counts(bulk(nights, EVERYBODY)) == {"update": 11, "unchanged": 1}
    assert {branch for (branch,) in stored(nights, "patrons", "branch")} == {"RIVER"}


def test_a_rule_taken_back_after_a_delta_is_taken_back_for_all(nights: Nights) -> None:
    """Whom the delta named has the card of the rules in between, until the bulk looks at everybody again."""
    bulk(nights, EVERYBODY)
    schools = dict(nights.districts["demo"].rules.schools)
    _branch(nights, {**schools, "101": "RIVER"})
    nights.again(delta(nights, **of(FIRST)))
    _branch(nights, schools)
    assert counts(bulk(nights, EVERYBODY)) == {"update": 1, "unchanged": 11}
    assert {branch for (branch,) in stored(nights, "patrons", "branch")} == {"MAPLE"}


def _branch(nights: Nights, schools: Mapping[str, str]) -> None:
    agreed = nights.districts["demo"]
    nights.districts["demo"] = agreed.model_copy(
        update={"rules": replace(agreed.rules, schools=schools), "examples": agreed.examples[1:]}
    )
    nights.accept_rules()


def test_a_delta_after_an_upgrade_is_no_measure_of_the_next_bulk(nights: Nights) -> None:
    """Where no profile is kept yet, the three rows of a delta are none: the bulk after it is not held."""
    everybody = [*pupils(30), *(each.moved(grade="07") for each in pupils(30, first=31))]
    bulk(nights, everybody)
    with nights.databases.writer.begin() as connection:
        connection.execute(text("UPDATE district_state SET profile = '', basis = 'of 0001'"))
        connection.execute(text("UPDATE seen SET marks = NULL"))
    nights.again(delta(nights, **of(FIRST)))
    assert state(nights).profile == ""
    assert bulk(nights, everybody).outcome is Outcome.SAME_STUDENTS
    assert state(nights).profile


def test_a_delta_without_birth_dates_forgets_none(nights: Nights) -> None:
    """Another child under an old id is seen all the same, be it in a later delta."""
    bulk(nights, EVERYBODY)
    nights.again(delta(nights, users=[cells(FIRST)["users"] | {"grades": "04"}]))
    other = FIRST.moved(given="Other", family="Person", born="2016-01-31")
    report = nights.again(delta(nights, **of(other)))
    assert report.facts["exclusions"] == {"id_recycled": 1}
    assert signed_in(nights, [FIRST]) == everyone([FIRST])


def test_exclusions_and_contested_numbers_of_others_stay(nights: Nights) -> None:
    """A delta tells anew whom it names; of everybody else `explain` says what it said."""
    odd, away = pupils(2, first=91)
    bulk(nights, [*EVERYBODY, odd.moved(grade="?"), away.moved(school="999")])
    assert "unknown_school (school 999, grade 03)" in _explained(nights, away)
    with nights.databases.writer.begin() as connection:
        connection.execute(text("INSERT INTO identifiers VALUES ('290000777', 'contested', 'demo', 0)"))
    nights.again(delta(nights, **of(odd)))
    assert signed_in(nights, [odd]) == everyone([odd])
    assert "unknown_school" in _explained(nights, away) and "unknown_grade" not in _explained(nights, odd)
    assert stored(nights, "exclusions", "code") == [("unknown_school",)]
    nights.again(delta(nights, users=[cells(THIRD)["users"] | {"status": "tobedeleted"}]))
    assert "stated_exit" in _explained(nights, THIRD) and "unknown_school" in _explained(nights, away)
    assert ("290000777",) in stored(nights, "identifiers", "key")
    bulk(nights, [*EVERYBODY, odd, away])
    assert stored(nights, "exclusions", "code") == []
    assert ("290000777",) not in stored(nights, "identifiers", "key")


def _explained(nights: Nights, pupil: Pupil) -> str:
    with snapshot(nights.databases) as connection:
        explainer = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now)
        return "\n".join(explainer.explain(pupil.number).lines)


def test_a_number_that_another_has_is_not_taken_from_them(nights: Nights) -> None:
    """A newcomer of a delta with somebody's number gets no card, and whoever has it keeps it."""
    bulk(nights, EVERYBODY)
    report = nights.again(delta(nights, **of(pupils(1, first=99)[0].moved(number=FIRST.number))))
    assert report.facts["exclusions"] == {"number_collision": 1}
    assert signed_in(nights, EVERYBODY) == everyone(EVERYBODY)


def test_a_delta_that_deletes_a_school_is_held(nights: Nights) -> None:
    """As any night that takes so many cards."""
    everybody = pupils(120)
    bulk(nights, everybody)
    gone = [{"sourcedId": each.source_id, "status": "tobedeleted"} for each in everybody[:51]]
    report = nights.again(delta(nights, users=gone))
    assert (report.outcome, {reason.finding for reason in report.reasons}) == (Outcome.HELD, {Finding.REMOVALS})
    assert signed_in(nights, everybody) == everyone(everybody)


# -- a delta says what the bulk after it would ------------------------------------------------------------------------

OLD = pupils(6)


def _changed(pupil: Pupil) -> st.SearchStrategy[Pupil]:
    """One thing or another about a student, but for numbers that somebody else has."""
    return st.builds(
        pupil.moved,
        school=st.sampled_from(["101", "101", "102", "999"]),
        grade=st.sampled_from(["03", "07", "PS"]),
        born=st.sampled_from([pupil.born, "2016-02-29"]),
        family=st.sampled_from([pupil.family, "Other"]),
        number=st.sampled_from([pupil.number, f"9{pupil.number[1:]}"]),
    )


CHANGES = st.fixed_dictionaries({}, optional={pupil.source_id: _changed(pupil) for pupil in pupils(8)})
DATED = st.sets(st.sampled_from(everyone(pupils(8))))


@budget(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=CHANGES,
    dated=DATED,
    gone=st.sets(st.sampled_from(everyone(OLD)), max_size=2),
    version=st.sampled_from(["1.1", "1.2"]),
)
def test_a_delta_leaves_what_the_bulk_would(
    empty: Path,
    changes: dict[str, Pupil],
    dated: set[str],
    gone: set[str],
    version: str,
) -> None:
    """The same patrons and identifiers; PINs too, of those whose birth date the delta repeats."""
    district = load(Path("config")).district("demo")
    after = {each.source_id: each for each in OLD} | changes
    new = {source_id for source_id in changes if source_id not in everyone(OLD)}
    told = {source_id for source_id in changes if source_id in dated | new}
    columns = ("source_id", "student_number", "library_number", "school", "grade", "family_name", "branch", "presence")
    found = []
    for partial in (False, True):
        with on_sqlite(empty, district) as nights:
            bulk(nights, OLD, version)
            if partial:
                rows: dict[str, list[dict[str, str]]] = {kind: [] for kind in kinds(version)}
                for source_id in sorted(changes.keys() | gone):
                    status = {"status": "tobedeleted"} if source_id in gone else {}
                    for kind, row in cells(after[source_id], version).items():
                        if kind != "demographics" or source_id in told:
                            rows[kind].append(row | (status if kind == "users" else {}))
                nights.again(delta(nights, version, **rows))
            else:
                everybody = [
                    each.moved(status="tobedeleted" if each.source_id in gone else "") for each in after.values()
                ]
                bulk(nights, everybody, version)
            patrons = stored(nights, "patrons", *columns)
            keys = stored(nights, "identifiers", "key", "kind")
            exclusions = stored(nights, "exclusions", "code", "detail")
            pins = {one for one in told if nights.sign_in(after[one].number, pin(after[one])).authenticated}
            found.append((patrons, keys, exclusions, pins))
    assert found[0] == found[1]
