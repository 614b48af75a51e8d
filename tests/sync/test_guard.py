"""What a night may do unattended: up to the limit, and not one more."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from access_service.limits import Limits
from access_service.settings import load
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync.guard import OF_DISTRICT, Facts, Finding, Group, Reason, Verdict, judge, verdict
from sync.roster import BadRosterError
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, files, pupils

CONFIG = Path(__file__).parents[2] / "config"
QUIET = Facts(population=1000, size=10_000, last_size=10_000)
AMOUNTS = OF_DISTRICT
# Of these two profiles tell (test_drift.py).
DRIFT = {
    *(Finding.BLANKS, Finding.GRADE_MIX, Finding.ID_SHAPE, Finding.SCHOOLS_GONE),
    *(Finding.OPT_OUTS_SHRANK, Finding.OPT_OUTS_FLIPPED),
}
OF_FILE = {
    *(Finding.COLUMNS_CHANGED, Finding.ENCODING_CHANGED, Finding.UNDONE_FILE, Finding.OLDER_FILE),
    *(Finding.REPLAYED_FILE, Finding.RULES_CHANGED),
}


def limits(finding: Finding, percent: float, count: int) -> Limits:
    """Of one finding these limits, of the others none."""
    free = {f"{other}_{unit}": 100 for other in AMOUNTS for unit in ("percent", "count")}
    return Limits.model_validate({**free, f"{finding}_percent": percent, f"{finding}_count": count})


def findings(facts: Facts, allowed: Limits) -> list[str]:
    return [reason.finding for reason in judge(facts, allowed)]


def test_a_quiet_night_is_clear() -> None:
    """Nothing removed, nothing changed, the same file size: no reason at all."""
    assert judge(QUIET, Limits()) == ()


@pytest.mark.parametrize("finding", AMOUNTS)
@pytest.mark.parametrize(
    ("percent", "count", "population", "allowed"),
    [
        (5, 0, 1000, 50),
        (0.5, 0, 1000, 5),
        (5, 0, 199, 9),
        (100, 0, 10, 10),
        (0, 50, 1000, 50),
        (0, 50, 10, 50),
        (5, 10, 1000, 50),
        (5, 60, 1000, 60),
        (0, 0, 1000, 0),
        (75, 0, 0, 0),
        (75, 3, 0, 3),
    ],
)
def test_the_limit_itself_is_allowed_and_one_more_is_not(
    finding: Finding, percent: float, count: int, population: int, allowed: int
) -> None:
    """A percent of the patrons, rounded down, or a count, whichever is larger."""
    at_limit = replace(QUIET, population=population, amounts={finding: allowed})
    above = replace(at_limit, amounts={finding: allowed + 1})
    assert findings(at_limit, limits(finding, percent, count)) == []
    # A first roster is all new.
    expected = [] if finding is Finding.CREATES and not population else [finding]
    assert findings(above, limits(finding, percent, count)) == expected


@pytest.mark.parametrize(
    ("percent", "smallest"), [(20, 8000), (0, 10_000), (12.5, 8750), (50, 5000)], ids=["20", "0", "12.5", "50"]
)
def test_a_file_may_shrink_so_far_and_not_a_byte_further(percent: float, smallest: int) -> None:
    """Against the last accepted file."""
    allowed = Limits(file_shrink_percent=percent)
    assert findings(replace(QUIET, size=smallest), allowed) == []
    assert findings(replace(QUIET, size=smallest - 1), allowed) == [Finding.FILE_SHRUNK]


def test_a_file_may_grow_as_it_likes() -> None:
    """More students are no loss."""
    assert judge(replace(QUIET, size=10_000_000), Limits(file_shrink_percent=0)) == ()


def test_a_first_roster_has_nothing_to_be_smaller_than() -> None:
    """Before any accepted file nothing shrinks and nobody can be removed."""
    assert judge(Facts(population=0, size=1, last_size=0), Limits()) == ()


def test_every_reason_is_given_with_its_figures() -> None:
    """All findings of a bad night, each saying how much, of how many, and what goes."""
    amounts = (301, 751, 101, 51, 11, 201, 21, 11, 51)
    bad = replace(QUIET, size=5000, amounts=dict(zip(OF_DISTRICT, amounts, strict=True)))
    assert [(reason.finding, reason.text) for reason in judge(bad, Limits())] == [
        (Finding.CREATES, "301 creates of 1000 patrons; at most 300 go unattended"),
        (Finding.UPDATES, "751 updates of 1000 patrons; at most 750 go unattended"),
        (Finding.RETURNS, "101 returns of 1000 patrons; at most 100 go unattended"),
        (Finding.REMOVALS, "51 removals of 1000 patrons; at most 50 go unattended"),
        (Finding.COLLISIONS, "11 collisions of 1000 patrons; at most 10 go unattended"),
        (Finding.RENAMED, "201 renamed of 1000 patrons; at most 200 go unattended"),
        (Finding.REKEYED, "21 rekeyed of 1000 patrons; at most 20 go unattended"),
        (Finding.RECYCLED, "11 recycled of 1000 patrons; at most 10 go unattended"),
        (Finding.FAULTS, "51 faults of 1000 patrons; at most 50 go unattended"),
        (Finding.FILE_SHRUNK, "the file is 50 % smaller than the last one; at most 20 % goes unattended"),
    ]
    assert {reason.finding for reason in judge(bad, Limits())} == set(Finding) - DRIFT - OF_FILE


def test_schools_and_grades_have_limits_of_their_own() -> None:
    """One school of a large district is nothing in the whole, and everything to its students."""
    fifth = Group(" at school 101", 300, {Finding.REMOVALS: 60, Finding.UPDATES: 300})
    over = Group(" in grade 03", 300, {Finding.REMOVALS: 61})
    facts = replace(QUIET, population=100_000, groups=(fifth, over))
    said = "61 removals of 300 patrons in grade 03; at most 60 go unattended"
    assert judge(facts, Limits()) == (Reason(Finding.REMOVALS, said),)
    many = replace(facts, groups=tuple(replace(over, name=f" at school {n}") for n in range(8)))
    assert [reason.text[:14] for reason in judge(many, Limits())] == ["61 removals of"] * 5 + ["the same at 3 "]


def test_a_season_has_its_own_limits() -> None:
    """In the weeks of the rollover more may change, and no grade is watched; on the day after, less again."""
    season = {"first": "08-01", "last": "09-15", "removals_percent": 40}
    allowed = Limits.model_validate({"seasons": [season, {"first": "12-20", "last": "01-05", "groups": True}]})
    for day, percent, watched in (
        (date(2026, 7, 31), 5, True),
        (date(2026, 8, 1), 40, False),
        (date(2026, 9, 15), 40, False),
        (date(2026, 9, 16), 5, True),
        (date(2027, 1, 5), 5, True),
    ):
        assert (allowed.on(day).removals_percent, allowed.on(day).group is not None) == (percent, watched), day


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], Verdict.CLEAR),
        ([Finding.REMOVALS], Verdict.REMOVALS_WAIT),
        ([Finding.REMOVALS, Finding.REMOVALS], Verdict.REMOVALS_WAIT),
        ([Finding.CREATES, Finding.REMOVALS], Verdict.HELD),
        ([Finding.REKEYED], Verdict.HELD),
        ([Finding.REMOVALS, Finding.SCHOOLS_GONE], Verdict.HELD),
    ],
)
def test_removals_alone_wait_alone(findings: list[Finding], expected: Verdict) -> None:
    """Whatever else is found holds everything."""
    assert verdict(tuple(Reason(finding, "") for finding in findings)) is expected


# -- the same, by nights ------------------------------------------------------------------------------------------


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """Twenty students are known, three may be removed, changed or collide, and a file may shrink."""
    installed = Nights(databases, tmp_path, dict(load(CONFIG).districts))
    none = {f"{name}_percent": 0 for name in (*AMOUNTS, "rejects")}
    three = {f"{name}_count": 3 for name in (*AMOUNTS, "rejects")}
    installed.configure(limits=none | three | {"file_shrink_percent": 100, "creates_count": 20})
    installed.night(pupils(20))
    return installed


def _missing(count: int) -> list[Pupil]:
    return pupils(20 - count)


def _exited(count: int) -> list[Pupil]:
    return [*(pupil.moved(status="tobedeleted") for pupil in pupils(count)), *pupils(20 - count, first=count + 1)]


def _changed(count: int) -> list[Pupil]:
    return [*(pupil.moved(school="102") for pupil in pupils(count)), *pupils(20 - count, first=count + 1)]


def _colliding(count: int) -> list[Pupil]:
    return [*pupils(20), *(pupil.moved(number="0009999") for pupil in pupils(count, first=30))]


@pytest.mark.parametrize(
    ("roster", "finding"),
    [
        (_changed, Finding.UPDATES),
        (_colliding, Finding.COLLISIONS),
    ],
)
def test_a_night_at_the_limit_is_applied_and_one_above_is_held(
    nights: Nights, roster: object, finding: Finding
) -> None:
    """Three are applied; four change nothing, and the run says why."""
    assert callable(roster)
    before = nights.everything()
    held = nights.night(roster(4))
    assert held.outcome is Outcome.HELD
    assert [reason.finding for reason in held.reasons] == [finding]
    assert nights.everything() == before
    assert nights.night(roster(3)).outcome in {Outcome.APPLIED, Outcome.SAME_STUDENTS}


@pytest.mark.parametrize("roster", [_missing, _exited])
def test_removals_above_the_limit_wait_and_newcomers_do_not(nights: Nights, roster: object) -> None:
    """Four removals wait, night after night, and hold nobody else up; three go."""
    assert callable(roster)
    newcomers = pupils(2, first=50)
    for _ in range(2):
        report = nights.night([*roster(4), *newcomers])
        assert report.outcome is Outcome.HELD_IN_PART
        assert [reason.finding for reason in report.reasons] == [Finding.REMOVALS]
        assert nights.sign_in("50", "0323").authenticated
        presence = {row[14] for row in nights.everything()["patrons"]}
        assert presence == {"present"}
    assert nights.night([*roster(3), *newcomers]).outcome is Outcome.APPLIED
    assert {row[14] for row in nights.everything()["patrons"]} > {"present"}


def test_the_same_file_is_looked_at_again_while_its_removals_wait(nights: Nights) -> None:
    """It was not accepted, so it is not last night's file."""
    file = nights.roster(_missing(4))
    assert [nights.again(file).outcome for _ in range(2)] == [Outcome.HELD_IN_PART] * 2


def test_who_is_absent_already_is_not_removed_again(nights: Nights) -> None:
    """Three newly absent each night pass, though nine are absent in the end: a removal is counted when it begins."""
    for missing in (3, 6, 9):
        assert nights.night(pupils(20 - missing)).outcome is Outcome.APPLIED
    assert nights.night(pupils(20 - 13)).outcome is Outcome.HELD_IN_PART


def test_renewals_and_returns_are_no_updates(nights: Nights) -> None:
    """A new school year renews every card, and who comes back is welcome: no limit counts either."""
    nights.night(_missing(3))
    nights.now = nights.now.replace(year=2027)
    report = nights.night(pupils(20))
    assert report.outcome is Outcome.APPLIED
    assert (report.facts["counts"]["renew"], report.facts["counts"]["seen_again"]) == (17, 3)


def test_a_file_that_shrank_is_held_by_a_night_too(nights: Nights) -> None:
    """The size of the last accepted file is remembered, and a held night does not change it."""
    nights.configure(limits={"file_shrink_percent": 1})
    for _ in range(2):
        report = nights.night(pupils(17))
        assert [reason.finding for reason in report.reasons] == [Finding.FILE_SHRUNK]
    assert nights.night(reversed(pupils(20))).outcome is Outcome.SAME_STUDENTS


@pytest.mark.parametrize("broken", [3, 4])
def test_so_many_bad_rows_and_no_more(nights: Nights, broken: int) -> None:
    """At the ceiling the file is used and its bad rows are rejects; one more, and the file is bad."""
    rows = files(pupils(20))["users.csv"].split(b"\r\n")
    users = b"\r\n".join([rows[0], *(row + b",more" for row in rows[1 : broken + 1]), *rows[broken + 1 :]])
    if broken == 3:
        assert nights.night(pupils(20), users=users).facts["rejects"] == {"row_width": 3}
        return
    with pytest.raises(BadRosterError, match="4 of 20 rows cannot be used"):
        nights.night(pupils(20), users=users)


def test_a_first_roster_of_which_nobody_is_served_is_applied(databases: Databases, tmp_path: Path) -> None:
    """Wrong school codes in a new district: the night is done, nobody is called the same, and the report says why."""
    installed = Nights(databases, tmp_path, dict(load(CONFIG).districts))
    strangers = [pupil.moved(school="999") for pupil in pupils(3)]
    assert installed.preview(strangers).outcome is Outcome.APPLIED
    report = installed.night(strangers)
    assert report.outcome is Outcome.APPLIED
    assert report.facts["exclusions"] == {"unknown_school": 3}
    assert installed.night(reversed(strangers)).outcome is Outcome.SAME_STUDENTS
