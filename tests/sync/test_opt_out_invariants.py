"""Opt-out wins over everything, in whatever order things happen; and whoever opts in again is a patron again."""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, example, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from access_service.domain.access import Standing
from access_service.errors import OperatorError
from access_service.opt_outs import Kind
from access_service.opting_out import Given, Office
from sync import holds
from sync.order import auditor
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil
from tests.sync.test_invariants import FIVE, ROSTER, district, on_sqlite, rows_of, stored

NUMBERS = {source_id: f"000000{source_id[-1]}" for source_id in FIVE}
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@dataclass(frozen=True)
class Out:
    """Somebody opts out, by source id or number, or in again."""

    source_id: str
    by: Kind
    ends: bool


@dataclass(frozen=True)
class Decide:
    """Undo one of the runs that can be, or approve the one that is held."""

    run: int
    approve: bool


OUTS = st.builds(Out, st.sampled_from(FIVE), st.sampled_from([Kind.SOURCE_ID, Kind.STUDENT_NUMBER]), st.booleans())
# Under new ids now and then: the same number, another source id.
ROWS = st.tuples(ROSTER.map(lambda night: list(night.values())), st.sets(st.sampled_from(FIVE), max_size=2)).map(
    lambda drawn: [row.moved(source_id=f"k{row.source_id}") if row.source_id in drawn[1] else row for row in drawn[0]]
)
STEPS = st.lists(st.one_of(ROWS, ROWS, OUTS, st.builds(Decide, st.integers(0, 9), st.booleans())), max_size=9)


@dataclass
class Never:
    """By whom a family opted out: what was given, and all that was stored of them then."""

    nights: Nights
    given: dict[str, set[str]] = field(default_factory=dict)

    @property
    def desk(self) -> Office:
        nights = self.nights
        return Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])

    def end(self, given: Given) -> None:
        """Whom else the entry was of we are not told: nothing is known of anybody from here on."""
        with suppress(OperatorError):
            self.desk.remove(given, "a test")
            self.given = {}

    def out(self, step: Out) -> None:
        number = step.source_id if step.by is Kind.SOURCE_ID else NUMBERS[step.source_id]
        if step.ends:
            self.end(Given(number, step.by))
            return
        before = stored(self.nights)
        self.desk.add([Given(number, step.by)], "a test")
        gone = [before[source_id].patron for source_id in before.keys() - stored(self.nights).keys()]
        assert len(gone) <= 1
        known = {each for card in gone for each in (card.source_id, card.student_number)}
        self.given.setdefault(number, set()).update({number}, known)

    def check(self) -> None:
        never = {each for known in self.given.values() for each in known}
        for source_id, record in stored(self.nights).items():
            assert source_id not in never
            assert record.presence == "left" or record.patron.student_number not in never
        people = stored(self.nights).values()
        ids = {record.patron_id for record in people}
        for table in ("seen", "changes", "identifiers WHERE patron_id > 0"):
            name, _, rest = table.partition(" ")
            assert {row[0] for row in rows_of(self.nights, f"{name} {rest}", "patron_id")} <= ids
        here = sum(record.presence != "left" for record in people)
        assert sum(row[0] for row in rows_of(self.nights, "district_state", "population")) == here


def decide(nights: Nights, step: Decide) -> None:
    held = holds.standing(nights.settings(), nights.databases)
    if step.approve and held:
        holds.approve(nights.job(nights.folder), held[0].run_id, "a test")
    elif able := rows_of(nights, "runs WHERE outcome IN ('applied', 'held_in_part') AND undone_by IS NULL", "run_id"):
        try:
            nights.undo(able[step.run % len(able)][0])
        except OperatorError as error:
            assert "what it applied again was undone since" in str(error)  # noqa: PT017 - not always so


ALL = [Pupil(source_id, number) for source_id, number in NUMBERS.items()]


@budget(max_examples=15, deadline=None, suppress_health_check=SLOW)
@given(steps=STEPS, limit=st.sampled_from([100, 30]))
@example(steps=[ALL, Out("s-1", Kind.STUDENT_NUMBER, False), [ALL[0].moved(source_id="ks-1")], ALL], limit=100)
def test_nobody_who_opted_out_is_ever_stored(empty: Path, steps: list[object], limit: int) -> None:
    """Nights, new ids, numbers that change hands, undos, approvals; in the end all opt in and are there."""
    with on_sqlite(empty, district(removals_percent=limit, removals_count=limit // 50)) as nights:
        never = Never(nights)
        for step in steps:
            if isinstance(step, Out):
                never.out(step)
            elif isinstance(step, Decide):
                decide(nights, step)
            else:
                nights.night(step)  # type: ignore[arg-type]
            never.check()
        all_in_again(nights, never)


def all_in_again(nights: Nights, never: Never) -> None:
    """Everybody is taken out of the ledger; where no number has changed hands, all are patrons after the next night."""
    for source_id in FIVE:
        for text, kind in (
            (source_id, Kind.SOURCE_ID),
            (f"k{source_id}", Kind.SOURCE_ID),
            (NUMBERS[source_id], Kind.STUDENT_NUMBER),
        ):
            never.end(Given(text, kind))
    never.end(Given("0000006", Kind.STUDENT_NUMBER))
    cards = [(s, r.patron.student_number, r.patron.library_number) for s, r in stored(nights).items()]
    handed_on = [s for s, number, library in cards if NUMBERS.get(s) != number or library != f"29{number}"]
    if not handed_on and not nights.night(ALL).reasons:
        assert [nights.find(number).standing for number in NUMBERS.values()] == [Standing.ACTIVE] * len(FIVE)
