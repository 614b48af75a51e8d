"""What holds after any nights whatever, against a plain model of what the two sides agreed."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from access_service.domain.access import Standing
from access_service.domain.milestones import Graduates
from access_service.domain.patron import HERE, PatronRecord
from access_service.domain.pins import PinKind
from access_service.errors import OperatorError
from access_service.pin_vault import PinVault
from access_service.settings import District, load
from access_service.storage import engine, patrons, schema, tables
from access_service.storage.engine import Databases, day_file
from access_service.storage.runs import HOLDS, DistrictState, Outcome
from access_service.storage.tables import metadata
from sync import job
from sync.report import Report
from tests.postgres import PostgresServer
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, files

CONFIG = Path(__file__).parents[2] / "config"
BRANCHES = {"101": "MAPLE", "102": "RIVER"}
TYPES = {"03": ("STU-ELEM", "starter"), "07": ("STU-TEEN", "full")}
PINS = {"2017-04-12": "0412", "2016-02-29": "0229", "": None}
ABSENCE_ROSTERS = 2
EXPIRES = "2027-09-15"
FIVE = [f"s-{n}" for n in range(1, 6)]


def district(**limits: float) -> District:
    """The demo district: one absence is forgiven, and unless `limits` say otherwise anything goes unattended."""
    raw = load(CONFIG).district("demo").model_dump()
    raw["rules"]["schools"] = BRANCHES
    raw["calendar"] = {"absence_rosters": ABSENCE_ROSTERS, "absence_days": 1}
    free = {
        f"{what}_{unit}": 100
        for what in ("creates", "updates", "returns", "removals", "collisions")
        for unit in ("percent", "count")
    }
    raw["limits"] = free | {"file_shrink_percent": 100, "drift_percent": 100, "group": None} | limits
    return District.model_validate(raw)


def graduating() -> District:
    """Of the one grade, everybody who leaves at any time has graduated."""
    agreed = district()
    always = Graduates(grades=("03",), first="01-01", last="12-31")
    return agreed.model_copy(update={"rules": replace(agreed.rules, graduates=always)})


# A number goes from one to another who is new, which an undo has to take back, give again and take back.
HANDED_ON = [
    [Pupil("s-4", "0000004"), Pupil("s-3", "0000003")],
    [Pupil("s-4", "0000002")],
    [Pupil("s-4", "0000004"), Pupil("s-2", "0000002")],
    [Pupil("s-4", "0000004")],
]


def _row(source_id: str) -> st.SearchStrategy[Pupil]:
    own = f"000000{source_id[-1]}"
    return st.builds(
        Pupil,
        source_id=st.just(source_id),
        # Mostly their own number, and now and then somebody else's or a new one.
        number=st.sampled_from([own] * 4 + [f"000000{n}" for n in range(1, 7)]),
        school=st.sampled_from(["101", "101", "101", "102", "999"]),
        grade=st.sampled_from(["03", "03", "07", "PS"]),
        born=st.sampled_from(["2017-04-12", "2017-04-12", "2016-02-29", ""]),
        family=st.sampled_from(["Synthetica", "Other"]),
        status=st.sampled_from(["", "", "", "", "tobedeleted"]),
    )


# Up to five people a night, everybody's row drawn anew: new, missing, moved, renumbered, regraded, excluded, back.
ROSTER = st.fixed_dictionaries({}, optional={source_id: _row(source_id) for source_id in FIVE}).filter(len)
ROSTERS = st.lists(ROSTER, min_size=1, max_size=4).map(lambda nights: [list(night.values()) for night in nights])


# -- the model ------------------------------------------------------------------------------------------------------


@dataclass
class Card:
    """A patron as the model has it. `left` keeps all else as it was."""

    row: Pupil
    number: str
    library: str
    former: set[str] = field(default_factory=set)
    missed: int = 0
    presence: str = "present"


@dataclass
class Model:
    """Who should be stored after each night. Written from the design, pair by pair, in no hurry."""

    cards: dict[str, Card] = field(default_factory=dict)
    content: frozenset[str] = frozenset()

    def night(self, rows: list[Pupil]) -> None:
        served = {row.source_id: row for row in rows if _served(row)}
        losing = self._collisions(served)
        content = frozenset(map(repr, served.values()))
        same, self.content = content == self.content, content
        for source_id, card in self.cards.items():
            if card.presence == "left":
                continue
            if source_id in losing or (source_id not in served and source_id in {row.source_id for row in rows}):
                card.presence = "left"
            elif source_id not in served and not same:
                card.missed += 1
                card.presence = "left" if card.missed >= ABSENCE_ROSTERS else "absent"
        for source_id, row in served.items():
            if source_id not in losing:
                self._receive(row)

    def _receive(self, row: Pupil) -> None:
        card = self.cards.setdefault(row.source_id, Card(row, row.number, f"29{row.number}"))
        if row.number != card.number:
            card.former = (card.former | {card.number}) - {row.number}
        card.row, card.number, card.missed, card.presence = row, row.number, 0, "present"

    def _collisions(self, served: Mapping[str, Pupil]) -> set[str]:
        """Who claims a number that another claims, or keeps; and who, being here, has a number that another claims."""
        claims = {source_id: self._claims(row) for source_id, row in served.items()}
        losing = {one for one in claims for other in claims if one != other and claims[one] & claims[other]}
        while True:
            more = set(losing)
            for claimant, claimed in claims.items():
                for owner, card in self.cards.items():
                    if owner != claimant and claimed & self._keeps(owner, card, served, losing):
                        more.add(claimant)
                        if owner in served and card.presence != "left":
                            more.add(owner)
            if more == losing:
                return losing
            losing = more

    def _claims(self, row: Pupil) -> set[tuple[str, str]]:
        card = self.cards.get(row.source_id)
        if card is None or card.presence == "left":
            return {("student", row.number), ("library", card.library if card else f"29{row.number}")}
        return {("student", row.number)} if row.number != card.number else set()

    def _keeps(self, owner: str, card: Card, served: Mapping[str, Pupil], losing: set[str]) -> set[tuple[str, str]]:
        moves_on = owner in served and owner not in losing and served[owner].number != card.number
        return {("library", card.library)} | (set() if moves_on else {("student", card.number)})

    def here(self) -> dict[str, Card]:
        return {source_id: card for source_id, card in self.cards.items() if card.presence != "left"}


def _served(row: Pupil) -> bool:
    return row.school in BRANCHES and row.grade in TYPES and not row.status


# -- databases ------------------------------------------------------------------------------------------------------


@contextmanager
def on_sqlite(empty: Path, agreed: District) -> Iterator[Nights]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "access.db"
        for source in (empty, day_file(empty)):
            shutil.copy(source, Path(folder) / source.name)
        databases = engine.connect(f"sqlite:///{path}")
        yield Nights(databases, Path(folder), {"demo": agreed})
        databases.dispose()


@pytest.fixture(scope="module")
def postgresql(postgres: PostgresServer) -> Iterator[Databases]:
    """One PostgreSQL database for all examples here."""
    databases = engine.connect(make_url(postgres.new_database()).render_as_string(False))
    schema.upgrade(databases)
    yield databases
    databases.dispose()


@contextmanager
def on_postgresql(databases: Databases, agreed: District) -> Iterator[Nights]:
    with databases.writer.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(text(f"TRUNCATE {table.fullname}"))
    with TemporaryDirectory() as folder:
        yield Nights(databases, Path(folder), {"demo": agreed})


def rows_of(nights: Nights, table: str, *columns: str) -> list[tuple[Any, ...]]:
    with nights.databases.reader.connect() as connection:
        found = connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608
        return sorted(map(tuple, found), key=repr)


def stored(nights: Nights) -> dict[str, PatronRecord]:
    with nights.databases.reader.connect() as connection:
        ids = [patron_id for (patron_id,) in rows_of(nights, "patrons", "patron_id")]
        return {record.patron.source_id: record for record in patrons.records(connection, ids)}


# -- the properties -------------------------------------------------------------------------------------------------


def check_patrons(nights: Nights, model: Model) -> None:
    """The stored patrons are the desired ones, each with the PIN of the rule and no other."""
    found, vault = stored(nights), PinVault.from_environment()
    assert found.keys() == model.cards.keys()
    for source_id, card in model.cards.items():
        record, patron, row = found[source_id], found[source_id].patron, card.row
        assert record.presence == card.presence, source_id
        facts = (patron.student_number, patron.library_number, patron.school, patron.grade, patron.family_name)
        assert facts == (card.number, card.library, row.school, row.grade, row.family)
        agreed = (patron.branch, patron.patron_type, patron.profile, str(patron.expires))
        assert agreed == (BRANCHES[row.school], *TYPES[row.grade], EXPIRES)
        right = PINS[row.born]
        assert (record.pin_digest is None) == (right is None)
        assert [pin for pin in ("0412", "0229", "") if vault.matches(record, pin)] == ([right] if right else [])


def check_identifiers(nights: Nights, model: Model) -> None:
    """Identifiers are exactly the numbers that patrons have and had, and no current number finds another."""
    ids = {source_id: record.patron_id for source_id, record in stored(nights).items()}
    expected = [
        *((card.number, "student_number", "demo", ids[source_id]) for source_id, card in model.cards.items()),
        *((card.library, "library_number", "demo", ids[source_id]) for source_id, card in model.cards.items()),
        *((old, "former", "demo", ids[s]) for s, card in model.cards.items() for old in card.former),
    ]
    assert rows_of(nights, "identifiers", "key", "kind", "district", "patron_id") == sorted(expected, key=repr)
    current = {card.number for card in model.cards.values()}
    for source_id, card in model.cards.items():
        answer = nights.find(card.number)
        assert answer.record is not None and answer.record.patron.source_id == source_id
        answer = nights.find(card.library)
        if card.library in {f"29{number}" for number in current - {card.number}}:
            # Another has the badge number that this library number was minted from.
            assert answer.standing is Standing.AMBIGUOUS
        else:
            assert answer.record is not None and answer.record.patron.source_id == source_id
    for old in {old for card in model.cards.values() for old in card.former} - current:
        owners = [source_id for source_id, card in model.cards.items() if old in card.former]
        answer = nights.find(old)
        assert (answer.standing is Standing.AMBIGUOUS) == (len(owners) > 1)


def check_seen(nights: Nights, model: Model) -> None:
    """`seen` has exactly those who have not left, with the count of their absence; so has the population."""
    ids = {source_id: record.patron_id for source_id, record in stored(nights).items()}
    expected = [(source_id, ids[source_id], card.missed) for source_id, card in model.here().items()]
    assert rows_of(nights, "seen", "source_id", "patron_id", "missed") == sorted(expected, key=repr)
    assert rows_of(nights, "district_state", "population") == [(len(expected),)]


def check_images(nights: Nights, before: dict[str, PatronRecord], run: int) -> None:
    """The ledger has before and after of every column that a run changed of a patron who was there, and no other."""
    after, images = stored(nights), rows_of(nights, "changes", "run_id", "patron_id", "before", "after")
    told = {patron_id: (json.loads(was), json.loads(now)) for each, patron_id, was, now in images if each == run}
    for source_id, record in before.items():
        was, now = _columns(record), _columns(after[source_id])
        differing = {name for name in was if was[name] != now[name]}
        image = told.pop(record.patron_id, ({}, {}))
        assert {name: image[0][name] for name in image[0] if name in was} == {name: was[name] for name in differing}
        assert {name: image[1][name] for name in image[1] if name in was} == {name: now[name] for name in differing}
    assert not told


def _columns(record: PatronRecord) -> dict[str, Any]:
    card = {name: getattr(record.patron, name) for name in type(record.patron).__dataclass_fields__}
    digest = record.pin_digest.hex() if record.pin_digest else None
    left_on = str(record.left_on) if record.left_on else None
    state = {"presence": record.presence, "left_on": left_on, "pin_key": record.pin_key, "pin_digest": digest}
    return card | state | {"expires": str(record.patron.expires)}


def check_night(nights: Nights, model: Model, rows: list[Pupil]) -> Report:
    """Preview and run a night, and compare the database with the model."""
    before, ids = stored(nights), {s: record.patron_id for s, record in stored(nights).items()}
    nights.now += timedelta(days=1)
    file = nights.roster(rows)
    preview_first = nights.everything()
    preview = job.preview(nights.job(file))
    assert nights.everything() == preview_first
    report = job.run(nights.job(file))
    for fact in ("counts", "exclusions", "rejects", "warnings", "students", "excluded_from"):
        assert report.facts.get(fact) == preview.facts.get(fact)
    assert (report.outcome, report.reasons) == (preview.outcome, preview.reasons)
    model.night(rows)
    check_patrons(nights, model)
    check_identifiers(nights, model)
    check_seen(nights, model)
    check_images(nights, before, report.run_id or 0)
    assert {s: record.patron_id for s, record in stored(nights).items() if s in ids} == ids
    return report


def check_nights(nights: Nights, rosters: list[list[Pupil]]) -> None:
    """Any nights, and then the last roster once more in another order, which changes nothing."""
    model = Model()
    for rows in rosters:
        check_night(nights, model, rows)
    before = nights.everything()
    again = nights.night(reversed(rosters[-1]))
    assert again.outcome in {Outcome.SAME_STUDENTS, Outcome.SAME_FILE}
    after = nights.everything()
    kept = ("patrons", "identifiers", "seen", "changes")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@budget(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(rosters=ROSTERS)
def test_any_nights_leave_what_was_agreed(empty: Path, rosters: list[list[Pupil]]) -> None:
    """Patrons, numbers, PINs, absences and ledger are the model's after every night; previews tell the truth."""
    with on_sqlite(empty, district()) as nights:
        check_nights(nights, rosters)


@budget(max_examples=5, deadline=None, suppress_health_check=SLOW, phases=[Phase.explicit, Phase.generate])
@given(rosters=ROSTERS)
def test_any_nights_leave_the_same_on_postgresql(postgresql: Databases, rosters: list[list[Pupil]]) -> None:
    """The same on the other database."""
    with on_postgresql(postgresql, district()) as nights:
        check_nights(nights, rosters)


ADA, BEN, CAT = (Pupil(f"s-{n}", f"000000{n}", given=name) for n, name in enumerate(("Ada", "Ben", "Cat"), start=1))

# Nights that were, or could be, got wrong.
STORIES: dict[str, list[list[Pupil]]] = {
    "a newcomer claims a number, and the same two claim it again": [
        [ADA],
        [ADA, BEN.moved(number=ADA.number)],
        [BEN.moved(number=ADA.number), ADA.moved(family="Other")],
        [ADA],
    ],
    "an owner whose row reads otherwise loses the number": [
        [ADA],
        [ADA.moved(born="2017-04-12", given="Ada"), BEN.moved(number=ADA.number)],
        [ADA.moved(given="Adah"), BEN],
    ],
    "who would have given a number up is excluded and keeps it": [
        [ADA, CAT],
        [ADA.moved(number="0000002"), BEN, CAT.moved(number="0000001")],
        [ADA, BEN, CAT],
    ],
    "an owner loses the number that a third would have taken": [
        [ADA, CAT],
        [ADA.moved(number="0000005")],
        [ADA.moved(number="0000006"), BEN.moved(number="0000001"), CAT.moved(number="0000005")],
    ],
    "numbers go round": [
        [ADA, BEN, CAT],
        [ADA.moved(number="0000002"), BEN.moved(number="0000003"), CAT.moved(number="0000001")],
        [ADA, BEN, CAT],
    ],
    "one comes back with another's old number": [
        [ADA, BEN],
        [ADA],
        [ADA.moved(family="Other")],
        [ADA.moved(number="0000004"), BEN.moved(number="0000001")],
    ],
    "nobody is served any more": [[ADA, BEN], [ADA.moved(school="999"), BEN.moved(grade="PS")], [ADA, BEN]],
}


@pytest.mark.parametrize("story", STORIES)
def test_stories(empty: Path, story: str) -> None:
    """Nights in which numbers change hands, one by one."""
    with on_sqlite(empty, district()) as nights:
        check_nights(nights, STORIES[story])


@budget(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(rosters=ROSTERS, percent=st.sampled_from([0, 10, 25, 40, 60]), count=st.integers(0, 2))
def test_no_night_removes_more_than_the_limit(
    empty: Path, rosters: list[list[Pupil]], percent: float, count: int
) -> None:
    """A run either stays within the limit, by any way of removing, or is held and changes nothing; and what waits for a
    person goes on waiting, however often the same roster comes."""
    with on_sqlite(empty, district(removals_percent=percent, removals_count=count)) as nights:
        for rows in [rows for rows in rosters for _ in range(2)]:
            before, everything = stored(nights), nights.everything()
            report = nights.night(rows)
            served = sum(1 for record in before.values() if record.presence != "left")
            after = stored(nights)
            removed = sum(
                1
                for source_id, record in before.items()
                if (record.presence, after[source_id].presence)
                in {("present", "absent"), ("present", "left"), ("absent", "left")}
            )
            assert removed <= (0 if report.outcome in HOLDS else max(count, int(served * percent / 100)))
            if report.outcome is Outcome.HELD:
                assert nights.everything() == everything


# -- undo -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stored:
    """All that an undo puts back, as text and by source id in place of patron id, of the patrons `among`."""

    patrons: list[list[str]]
    identifiers: list[list[str]]
    seen: list[list[str]]
    state: list[tuple[Any, ...]]

    @classmethod
    def of(cls, nights: Nights, among: set[str]) -> "Stored":
        ids = {record.patron_id: source_id for source_id, record in stored(nights).items() if source_id in among}

        def theirs(table: str, *columns: str) -> list[list[str]]:
            rows = rows_of(nights, table, "patron_id", *columns)
            return sorted([ids[row[0]], *map(as_text, row[1:])] for row in rows if row[0] in ids)

        other_runs = ("patron_id", "created_run", "updated_on")
        return cls(
            theirs("patrons", *(column.name for column in tables.patrons.c if column.name not in other_runs)),
            theirs("identifiers", "key", "kind", "district"),
            theirs("seen", "source_id", "fingerprint", "missed", "absent_since", "marks"),
            rows_of(nights, "district_state", *(name for name in STATE if name != "applied_run")),
        )


def as_text(cell: Any) -> str:
    """The same of both databases, of which one has no booleans."""
    return str(int(cell) if isinstance(cell, bool) else cell)


STATE = DistrictState.__dataclass_fields__


def check_undo(rosters: list[list[Pupil]], nights: Nights, never: Nights) -> None:
    """Undo the last roster but one: all is as before it, and after the last as if it had never been. Once more undone,
    it is applied again."""
    *earlier, wrong, last = rosters
    for rows in earlier:
        nights.night(rows)
        never.night(rows)
    there = set(stored(nights))
    before = Stored.of(nights, there)
    never.now += timedelta(days=1)
    applied = nights.night(wrong)
    if applied.outcome is not Outcome.APPLIED:
        return
    after, everyone = Stored.of(nights, set(FIVE)), set(stored(nights))
    undone = nights.undo(applied.run_id)
    assert undone.facts["left_alone"] == []
    assert Stored.of(nights, there) == before
    people = stored(nights)
    for source_id in everyone - there:
        record = people[source_id]
        assert (record.presence, record.left_on) == ("left", nights.now.date())
    again = nights.undo(undone.run_id)
    assert again.facts["left_alone"] == []
    assert Stored.of(nights, set(FIVE)) == after
    nights.undo(again.run_id)
    assert Stored.of(nights, there) == before
    # Who was made and left keeps the numbers of both kinds: nobody else may have them, and no other is minted for them.
    numbers = {source_id: people[source_id].patron.student_number for source_id in everyone - there}
    kept = {number: source_id for source_id, number in numbers.items()}
    clashes = any(
        kept.get(row.number, row.source_id) != row.source_id or numbers.get(row.source_id, row.number) != row.number
        for row in last
    )
    # The very bytes that were undone are held.
    if not clashes and set(map(repr, last)) != set(map(repr, wrong)):
        check_the_night_after(last, there, nights, never)


def check_the_night_after(rows: list[Pupil], there: set[str], nights: Nights, never: Nights) -> None:
    nights.night(rows)
    never.night(rows)
    found, expected = Stored.of(nights, there), Stored.of(never, there)
    assert replace(found, state=[]) == replace(expected, state=[])
    here, expected_here = ({s for s, r in stored(each).items() if r.presence in HERE} for each in (nights, never))
    assert here == expected_here
    facts = "population", "content", "basis", "profile"
    assert rows_of(nights, "district_state", *facts) == rows_of(never, "district_state", *facts)


AT_LEAST_TWO = st.lists(ROSTER, min_size=2, max_size=4).map(lambda nights: [list(night.values()) for night in nights])


@budget(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(rosters=AT_LEAST_TWO, agreed=st.sampled_from([district(), graduating()]))
@example(rosters=HANDED_ON, agreed=district())
def test_an_undone_night_has_never_been(empty: Path, rosters: list[list[Pupil]], agreed: District) -> None:
    """Apply and undo is nothing, to patrons, numbers, the roster's last word and the next night."""
    with on_sqlite(empty, agreed) as nights, on_sqlite(empty, agreed) as never:
        check_undo(rosters, nights, never)


@budget(max_examples=5, deadline=None, suppress_health_check=SLOW, phases=[Phase.explicit, Phase.generate])
@given(rosters=AT_LEAST_TWO)
def test_an_undone_night_has_never_been_on_postgresql(
    empty: Path, postgresql: Databases, rosters: list[list[Pupil]]
) -> None:
    """The same on the other database."""
    with on_postgresql(postgresql, district()) as nights, on_sqlite(empty, district()) as never:
        check_undo(rosters, nights, never)


NIGHTS_AND_UNDOS = st.lists(
    st.one_of(ROSTER.map(lambda night: list(night.values())), st.integers(0, 9)), min_size=2, max_size=9
)


FIRST, SECOND, THIRD, FOURTH, FIFTH = (Pupil(f"s-{n}", f"000000{n}") for n in range(1, 6))
# A number that was withdrawn is a former one already when it is withdrawn once more.
RENUMBERED_AND_UNDONE: list[list[Pupil] | int] = [
    [FIRST, FOURTH, THIRD, FIFTH, SECOND],
    0,
    [FIRST, FIFTH, FOURTH.moved(number="0000006"), SECOND, THIRD],
    5,
    [FIRST, THIRD.moved(number="0000006", school="999"), SECOND.moved(number="0000005", born="2016-02-29"), FIFTH],
    *(0, 3, 5, 9),
]


@budget(max_examples=60, deadline=None, suppress_health_check=SLOW)
@example(RENUMBERED_AND_UNDONE, district())
@given(steps=NIGHTS_AND_UNDOS, agreed=st.sampled_from([district(), graduating()]))
def test_whatever_is_undone_numbers_have_one_owner(
    empty: Path, steps: list[list[Pupil] | int], agreed: District
) -> None:
    """Nights, and undos of any run in any order: what is stored fits together, and nothing that is newer is touched."""
    with on_sqlite(empty, agreed) as nights:
        for step in steps:
            if not isinstance(step, int):
                nights.night(step)
            elif able := rows_of(nights, "runs WHERE outcome = 'applied' AND undone_by IS NULL", "run_id"):
                check_any_undo(nights, able[step % len(able)][0])
            check_consistency(nights)


def check_any_undo(nights: Nights, run_id: int) -> None:
    people = {record.patron_id: record for record in stored(nights).values()}
    try:
        alone = nights.undo(run_id).facts["left_alone"]
    except OperatorError as error:
        assert "what it applied again was undone since" in str(error)  # noqa: PT017 - not always so
        return
    now = {record.patron_id: record for record in stored(nights).values()}
    assert {i: now[i] for i in alone} == {i: people[i] for i in alone}


def check_consistency(nights: Nights) -> None:
    people = {record.patron_id: record for record in stored(nights).values()}
    here = [i for i, record in people.items() if record.presence in HERE]
    assert [row[0] for row in rows_of(nights, "seen", "patron_id")] == sorted(here, key=lambda i: repr((i,)))
    assert sum(row[0] for row in rows_of(nights, "district_state", "population")) == len(here)
    numbers = rows_of(nights, "identifiers WHERE kind = 'student_number'", "key", "patron_id")
    assert len({key for key, _ in numbers}) == len(numbers) == len({patron_id for _, patron_id in numbers})
    assert all(people[patron_id].patron.student_number == key for key, patron_id in numbers)
    assert set(here) <= {patron_id for _, patron_id in numbers}


def test_a_rejected_row_ends_an_absence(empty: Path) -> None:
    """One who was missing and whose row now cannot be used is here: the count of missed rosters begins anew."""
    with on_sqlite(empty, district()) as nights:
        nights.night([ADA, BEN, CAT])
        nights.night([ADA, CAT])
        assert nights.find(BEN.number).standing is Standing.ABSENT
        contradicting = [BEN, BEN.moved(family="Other")]
        assert nights.night([ADA, CAT, *contradicting]).facts["rejects"] == {"id_duplicate": 2}
        assert nights.find(BEN.number).standing is Standing.ACTIVE
        nights.night([ADA.moved(family="Other"), CAT])
        assert nights.find(BEN.number).standing is Standing.ABSENT


def test_a_broken_birth_date_row_takes_no_pin_away(empty: Path) -> None:
    """A student whose row of demographics.csv is rejected keeps card and PIN."""
    with on_sqlite(empty, district()) as nights:
        nights.night([ADA, BEN, CAT])
        demographics = files([ADA, BEN, CAT])["demographics.csv"].replace(b"s-2,,,2017-04-12,", b"s-2,,,2017-04-12,,,")
        report = nights.night([ADA, BEN, CAT], demographics=demographics)
        assert report.facts["rejects"] == {"row_width": 1}
        assert nights.sign_in(BEN.number, "0412").authenticated


def test_the_last_digits_are_those_of_the_badge(empty: Path) -> None:
    """With the rule "last" the PIN comes from the cleaned number, whatever else stands in the roster's cell."""
    agreed = district()
    rules = replace(agreed.rules, pin=replace(agreed.rules.pin, rule=PinKind.LAST))
    agreed = agreed.model_copy(update={"rules": rules, "examples": agreed.examples[1:]})
    with on_sqlite(empty, agreed) as nights:
        nights.night([ADA.moved(number="S-12.")])
        assert nights.sign_in("12", "0012").authenticated
        assert not nights.sign_in("12", "-12.").authenticated
        nights.night([ADA.moved(number="S-345.")])
        assert nights.sign_in("345", "0345").authenticated
