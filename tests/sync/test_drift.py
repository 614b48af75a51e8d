"""A roster that is unlike the last accepted one waits for a person, and says in what."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from access_service.domain.access import Standing
from access_service.domain.student import Student
from access_service.limits import Limits
from access_service.settings import District, load
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import holds
from sync.drift import drifted
from sync.guard import Finding
from sync.marks import marks, other_birth_date, person
from sync.profile import Profile, shape
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

BEFORE = Profile(
    students=1000,
    blanks={"student_number": 1.0, "birth_date": 0.0},
    grades={"03": 500, "04": 500},
    shapes={"source_id": {"7 9": 100.0}},
    schools={"101": 500, "102": 490, "201": 10, "301": 9, "999": 300},
)
SERVED = ("101", "102", "201", "301")


def found(now: Profile, limits: Limits | None = None) -> list[str]:
    return [reason.finding for reason in drifted(BEFORE, now, limits or Limits(), SERVED)]


def test_the_same_profile_is_no_drift() -> None:
    """What is like the last one is clear, and survives its way through the database."""
    assert found(Profile.from_json(BEFORE.as_json())) == []


@pytest.mark.parametrize(
    ("now", "finding"),
    [
        (replace(BEFORE, blanks={"student_number": 1.0, "birth_date": 10.0}), None),
        (replace(BEFORE, blanks={"student_number": 1.0, "birth_date": 10.1}), Finding.BLANKS),
        (replace(BEFORE, blanks={"student_number": 0.0}), None),
        (replace(BEFORE, grades={"03": 600, "04": 400}), None),
        (replace(BEFORE, grades={"03": 601, "04": 399}), Finding.GRADE_MIX),
        (replace(BEFORE, grades={"03": 500, "04": 390, "": 110}), Finding.GRADE_MIX),
        (replace(BEFORE, shapes={"source_id": {"7 9": 90.0, "6 9": 10.0}}), None),
        (replace(BEFORE, shapes={"source_id": {"7 9": 89.0, "6 9": 11.0}}), Finding.ID_SHAPE),
        (replace(BEFORE, schools={"101": 500, "102": 490, "201": 1}), None),
        (replace(BEFORE, schools={"101": 500, "102": 490}), Finding.SCHOOLS_GONE),
        (replace(BEFORE, students=20, grades={"03": 20}), None),
        (replace(BEFORE, students=21, grades={"03": 21}), Finding.GRADE_MIX),
    ],
)
def test_each_drift_has_its_limit(now: Profile, finding: Finding | None) -> None:
    """Ten in a hundred may differ, or ten students; a served school of ten may not be gone."""
    assert found(now) == ([finding] if finding else [])


def test_a_column_that_is_gone_is_no_matter_of_a_few_students() -> None:
    """Demographics that are a header alone hold the night of the smallest district; a cell of it does not."""
    small = replace(BEFORE, students=6, blanks={"birth_date": 0.0})
    assert [
        each.finding for each in drifted(small, replace(small, blanks={"birth_date": 100.0}), Limits(), SERVED)
    ] == [Finding.BLANKS]
    assert drifted(small, replace(small, blanks={"birth_date": 83.0}), Limits(), SERVED) == ()


READ = replace(
    BEFORE,
    named={"source_id": "Student_id", "school": "School_id", "birth_date": "DOB"},
    written={"encoding": ["UTF-8"], "delimiter": ["comma"]},
    rules="one",
)


@pytest.mark.parametrize(
    ("changed", "texts"),
    [
        ({"source_id": "STUDENT ID"}, []),
        ({"source_id": "SIS_id"}, ["source_id is read from 'SIS_id', before from 'Student_id'"]),
        ({"birth_date": ""}, ["birth_date is read from no column, before from 'DOB'"]),
        ({"status": "Status"}, ["status is read from 'Status', before from no column"]),
    ],
)
def test_a_field_that_is_read_elsewhere_is_found(changed: dict[str, str], texts: list[str]) -> None:
    """Another header, none, or a new one; only the spelling may differ. Under other rules that was looked at."""
    now = replace(READ, named={name: header for name, header in {**READ.named, **changed}.items() if header})
    reasons = drifted(READ, Profile.from_json(now.as_json()), Limits(), SERVED)
    assert [reason.text for reason in reasons] == texts
    assert {reason.finding for reason in reasons} <= {Finding.COLUMNS_CHANGED}
    assert drifted(READ, replace(now, rules="other"), Limits(), SERVED) == ()


@pytest.mark.parametrize(
    ("written", "texts"),
    [
        ({"encoding": ["cp1252"], "delimiter": ["comma"]}, ["the encoding is cp1252, before UTF-8"]),
        ({"encoding": ["UTF-8"], "delimiter": ["tab"]}, ["the delimiter is tab, before comma"]),
        ({"delimiter": ["comma"]}, []),
    ],
)
def test_a_file_of_another_program_is_found(written: dict[str, list[str]], texts: list[str]) -> None:
    """By its encoding, where names have more than ASCII, and by what stands between cells."""
    reasons = drifted(READ, replace(READ, written=written), Limits(), SERVED)
    assert [reason.text for reason in reasons] == texts
    assert {reason.finding for reason in reasons} <= {Finding.ENCODING_CHANGED}


def test_a_profile_of_before_these_facts_holds_nothing() -> None:
    """What an older program kept says neither columns nor encodings."""
    facts = json.loads(BEFORE.as_json())
    for name in ("named", "written", "rules"):
        del facts[name]
    assert drifted(Profile.from_json(json.dumps(facts)), READ, Limits(), SERVED) == ()


def test_schools_may_be_allowed_to_go() -> None:
    """A district that closes a school says so in its limits."""
    assert found(replace(BEFORE, schools={"101": 500, "102": 490}), Limits(schools_gone_count=1)) == []


def test_shapes_keep_length_and_kinds() -> None:
    """All UUIDs have one shape; a lost zero shows."""
    numbers = ("0012345", "12345", "3f2a-b", "deadbeef", "")
    assert [shape(number) for number in numbers] == ["7 9", "5 9", "6 9A-", "8 A", "blank"]


def test_marks_know_a_person_and_a_birth_date() -> None:
    """The same person under another id, another birth date under the same id, and nothing without a key."""
    child = Student("a", "1", "101", "03", "Testa", "Synthetica", date(2017, 4, 12))
    mark = marks(b"k" * 32, child)
    moved = marks(b"k" * 32, replace(child, source_id="b", given_name="TESTA"))
    reborn = marks(b"k" * 32, replace(child, birth_date=date(2018, 4, 12)))
    assert person(mark) == person(moved) and person(mark) != person(reborn)
    assert other_birth_date(mark, reborn) and not other_birth_date(mark, mark)
    assert person(marks(b"l" * 32, child)) != person(mark)
    assert marks(b"k" * 32, replace(child, birth_date=None)) == b""
    assert not other_birth_date(mark, b"")


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """Sixty students are known; amounts of change alone hold nothing."""
    installed = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    free = ("creates", "updates", "returns", "removals", "collisions")
    installed.configure(limits={f"{name}_percent": 100 for name in free} | {"file_shrink_percent": 100, "group": None})
    installed.night(pupils(60))
    return installed


def _rekeyed(pupil: Pupil) -> Pupil:
    return pupil.moved(source_id=f"x{pupil.source_id}")


def _swapped(pupil: Pupil) -> Pupil:
    return pupil.moved(given=pupil.family, family=pupil.given)


def _somebody_else(pupil: Pupil) -> Pupil:
    return pupil.moved(given="Other", family="Person", born="2016-01-31")


@pytest.mark.parametrize(
    ("change", "limit", "finding"),
    [
        (_rekeyed, 10, Finding.REKEYED),
        (_swapped, 20, Finding.RENAMED),
        (_somebody_else, 10, Finding.RECYCLED),
        (lambda pupil: pupil.moved(grade="?"), 10, Finding.FAULTS),
        (lambda pupil: pupil.moved(born=""), 10, Finding.BLANKS),
        (lambda pupil: pupil.moved(grade="04"), 10, Finding.GRADE_MIX),
        (lambda pupil: pupil.moved(number=pupil.number.lstrip("0")), 10, Finding.ID_SHAPE),
    ],
)
def test_drift_holds_the_night(nights: Nights, change: Callable[[Pupil], Pupil], limit: int, finding: Finding) -> None:
    """So many rows go unattended, and one more is held with its finding, alone."""
    changed = [change(pupil) for pupil in pupils(60)]
    report = nights.preview([*changed[:limit], *pupils(60)[limit:]])
    assert finding not in [reason.finding for reason in report.reasons]
    report = nights.preview([*changed[: limit + 1], *pupils(60)[limit + 1 :]])
    assert finding in [reason.finding for reason in report.reasons]
    assert report.outcome is Outcome.HELD


def test_a_school_that_is_gone_holds_the_night(nights: Nights) -> None:
    """A served school of ten students that nobody is left of is named."""
    half = [pupil.moved(school="102") if n < 30 else pupil for n, pupil in enumerate(pupils(60))]
    assert nights.night(half).outcome is Outcome.APPLIED
    report = nights.night(half[:30])
    assert [reason.text[:52] for reason in report.reasons] == ["nobody is left at 1 school that was there (101); at "]


def test_a_recycled_id_is_not_given_the_old_card(nights: Nights) -> None:
    """Another child under an old id gets no card; the old one keeps theirs, and keeps their name."""
    report = nights.night([_somebody_else(pupils(1)[0]), *pupils(59, first=2)])
    assert (report.outcome, report.facts["exclusions"]) == (Outcome.SAME_STUDENTS, {"id_recycled": 1})
    record = nights.find("1").record
    assert record and record.patron.given_name == "Given1"
    assert nights.find("1").standing is Standing.ACTIVE
    assert not nights.sign_in("1", "0131").authenticated


def test_the_id_of_one_who_left_is_not_given_the_old_card(nights: Nights) -> None:
    """Nor are their loans another child's; the same child comes back, under a corrected name too."""
    first, second, *others = pupils(60)
    gone = [first.moved(status="tobedeleted"), second.moved(status="tobedeleted")]
    assert nights.night([*gone, *others]).facts["counts"]["leave"] == 2
    report = nights.night([_somebody_else(first), second.moved(given="A", family="B"), *others])
    assert (report.facts["exclusions"], report.facts["counts"]["return"]) == ({"id_recycled": 1}, 1)
    assert (nights.find("1").standing, nights.find("2").standing) == (Standing.LEFT, Standing.ACTIVE)


def test_a_marriage_and_a_corrected_birth_date_are_the_same_child(nights: Nights) -> None:
    """One name alone, or the birth date alone, makes nobody somebody else."""
    first, second, third, *others = pupils(60)
    changed = [first.moved(family="Wed"), second.moved(born="2017-01-31"), third.moved(given="A", family="B")]
    report = nights.night([*changed, *others])
    assert (report.facts["exclusions"], report.facts["counts"]["update"]) == ({}, 3)


def test_without_birth_dates_nobody_is_marked(nights: Nights) -> None:
    """An agreement without birth dates has no marks, and no finding made of them."""
    raw = nights.districts["demo"].model_dump()
    raw["agreement"]["fields"] -= {"birth_date"}
    raw["rules"]["pin"] = {"rule": "unclaimed"}
    raw["examples"] = [example for example in raw["examples"] if example["excluded"]]
    nights.districts["demo"] = District.model_validate(raw)
    nights.accept_rules()
    assert nights.night(pupils(60)).outcome is Outcome.APPLIED
    assert {row[-1] for row in nights.everything()["seen"]} == {b""}


def _clever(nights: Nights, header: str, name: str = "Zoë", encoding: str = "utf-8") -> Path:
    nights.count += 1
    path = nights.folder / f"students-{nights.count}.csv"
    rows = [f"101,{n},{n:07},{name}{n},Testa,3,2017-04-12" for n in range(100, 130)]
    path.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))
    return path


def test_columns_and_encoding_hold_a_real_night(databases: Databases, tmp_path: Path) -> None:
    """A renamed column, then another code page: each is held, and let go by a person once."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    nights.configure(feed={"fallback_encoding": "cp1252"}, limits={"renamed_percent": 100})
    header = "School_id,Student_id,Student_number,Last_name,First_name,Grade,DOB"
    assert nights.again(_clever(nights, header)).outcome is Outcome.APPLIED
    again = header.replace("DOB", "dob").replace(",Grade", ",grade")
    assert nights.again(_clever(nights, again, "Noël")).outcome is Outcome.APPLIED
    moved = nights.again(_clever(nights, header.replace("DOB", "Birthdate"), "Zoë"))
    assert [reason.text for reason in moved.reasons] == ["birth_date is read from 'Birthdate', before from 'dob'"]
    assert moved.outcome is Outcome.HELD
    held = nights.again(_clever(nights, header, "Zoë", "cp1252"))
    assert [reason.text for reason in held.reasons] == ["the encoding is cp1252, before UTF-8"]
    decider = replace(nights.job(Path("nowhere")), file=None)
    assert holds.approve(decider, held.run_id or 0, "looked at the names").outcome is Outcome.APPLIED
    assert nights.again(_clever(nights, header, "Zoé", "cp1252")).outcome is Outcome.APPLIED


def test_a_column_that_the_rules_name_is_no_surprise(databases: Databases, tmp_path: Path) -> None:
    """Who accepts another [feed.columns] has accepted the column."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    header = "School_id,Student_id,Student_number,Last_name,First_name,Grade,DOB"
    nights.again(_clever(nights, header))
    nights.configure(feed={"columns": {"birth_date": "Born on"}})
    assert nights.again(_clever(nights, header.replace("DOB", "Born on"))).reasons == ()
