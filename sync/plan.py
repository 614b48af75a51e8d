"""A night as one value: what a roster would change of what is stored. Computing it writes nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

import pandas as pd

from access_service.domain.mapping import Exclusion, MappingRules, not_served
from access_service.domain.patron import Patron, PatronRecord, Presence
from access_service.domain.student import GRADES, Role
from access_service.storage.seen import Seen
from sync.roster import Roster

MOST_SCHOOLS, MOST_EXAMPLES = 20, 5
# What a frame says; where it says nothing nobody is taken for staff.
ROLES = {"": Role.STUDENT, **{role.value: role for role in Role}}
SORTED_BY = ("school", "grade", "role")


class ChangeKind(StrEnum):
    """UPDATE alters the card; RENEW only its expiry, or the pepper of its PIN; ABSENT is served all the same, and
    GRADUATE until the card expires."""

    UPDATE = "update"
    RENEW = "renew"
    RETURN = "return"
    SEEN_AGAIN = "seen_again"
    ABSENT = "absent"
    LEAVE = "leave"
    GRADUATE = "graduate"


# Kinds after which a patron is no more among those whom the district's rosters keep, or may soon not be.
REMOVALS = frozenset({ChangeKind.ABSENT, ChangeKind.LEAVE, ChangeKind.GRADUATE})


@dataclass(frozen=True, slots=True)
class Create:
    """A student who gets a card tonight."""

    patron: Patron
    pin: str | None = field(repr=False)
    fingerprint: bytes = field(repr=False)
    marks: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Change:
    """A stored patron that is another tomorrow. `missed` and `absent_since` are the absence counters after it;
    `fingerprint` is None for one who left or graduated. `pin` is None where no PIN works, and `new_pin` whether it
    differs."""

    kind: ChangeKind
    before: PatronRecord
    seen_before: Seen | None
    patron: Patron
    presence: Presence
    fingerprint: bytes | None = field(default=None, repr=False)
    marks: bytes | None = field(default=None, repr=False)
    missed: int = 0
    absent_since: date | None = None
    new_pin: bool = False
    pin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A row that gets no card: why, and a school or grade that explains it."""

    code: Exclusion
    student_number: str = field(repr=False)
    detail: str = ""
    role: Role = Role.STUDENT


def had_the_id(patron_id: int) -> str:
    """The detail of an excluded row whose source id was this patron's."""
    return f"patron {patron_id} had the id"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run would do. `refreshed` are rows that read otherwise and make the same card, before and after;
    `contested` are folded library numbers that two people would own, `converted` rows of full library cards. `renamed`
    have another name or birth date, `rekeyed` are missing under another id, `faults` are patrons whose row cannot be
    understood. A `partial` plan leaves alone what it does not name. `forgotten` are patrons who opted out, of whom
    nothing stays."""

    creates: tuple[Create, ...]
    changes: tuple[Change, ...]
    refreshed: tuple[tuple[Seen, Seen], ...]
    excluded: Mapping[str, Excluded]
    contested: frozenset[str]
    unchanged: int
    absence_suspended: int
    converted: int = 0
    renamed: int = 0
    rekeyed: int = 0
    faults: int = 0
    skipped: int = 0
    partial: bool = False
    forgotten: tuple[PatronRecord, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        kinds = Counter(change.kind for change in self.changes)
        return {
            "create": len(self.creates),
            **{kind.value: kinds[kind] for kind in ChangeKind},
            "opted_out": len(self.forgotten),
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "absence_suspended": self.absence_suspended,
            "converted": self.converted,
        }

    @property
    def by_school(self) -> dict[str, dict[str, int]]:
        """How many of each kind, at the schools where most happens."""
        schools = self._counted(lambda patron: patron.school)
        busiest = sorted(schools, key=lambda school: (-schools[school].total(), school))[:MOST_SCHOOLS]
        return {school: dict(schools[school]) for school in busiest}

    @property
    def by_grade(self) -> dict[str, dict[str, int]]:
        """The same in each grade; of those who have none under ""."""
        found = self._counted(lambda patron: patron.grade)
        return {grade: dict(found[grade]) for grade in sorted(found, key=["", *GRADES, *found].index)}

    @property
    def examples(self) -> dict[str, list[str]]:
        """Some library numbers of each kind."""
        found: dict[str, list[str]] = defaultdict(list)
        for kind, patron in self._each():
            if len(found[kind]) < MOST_EXAMPLES:
                found[kind].append(patron.library_number)
        return dict(found)

    def _counted(self, group: Callable[[Patron], str]) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for kind, patron in self._each():
            found[group(patron)][kind] += 1
        return found

    def _each(self) -> Iterator[tuple[str, Patron]]:
        yield from (("create", create.patron) for create in self.creates)
        yield from ((change.kind.value, change.patron) for change in self.changes)

    def without_removals(self) -> "Plan":
        """The rest of the plan, for a night whose removals wait: nobody leaves, and nobody is counted missing."""
        kept = (change for change in self.changes if change.kind not in REMOVALS)
        return replace(self, changes=tuple(kept))

    @property
    def changes_patrons(self) -> bool:
        return bool(self.creates or self.changes or self.forgotten)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The roster's rows under the rules, still as columns: who may be served, and who not, by source id."""

    served: pd.DataFrame
    excluded: Mapping[str, Excluded]


def sort_roster(roster: Roster, rules: MappingRules) -> Sorted:
    """Divide the people by school, grade, role and stated exit, without making an object of any that is served."""
    frame = roster.frame
    columns = [frame[name].tolist() for name in SORTED_BY]
    refusals = {
        (school, grade, role): not_served(school, grade, rules, ROLES[role])
        for school, grade, role in set(zip(*columns, strict=True))
    }
    codes = [
        Exclusion.STATED_EXIT if left else refusals[place]
        for left, place in zip(frame["exit"].tolist(), zip(*columns, strict=True), strict=True)
    ]
    excluded: dict[str, Excluded] = {}
    if any(codes):
        refused = frame[[code is not None for code in codes]]
        rows = zip(*(refused[name].tolist() for name in ("source_id", "student_number", *SORTED_BY)), strict=True)
        for code, (source_id, number, school, grade, role) in zip(filter(None, codes), rows, strict=True):
            standing = role if role == Role.EDUCATOR else f"grade {grade or 'not understood'}"
            excluded[source_id] = Excluded(code, number, f"school {school or 'not listed'}, {standing}", ROLES[role])
    served = frame[[code is None for code in codes]] if excluded else frame
    return Sorted(served, excluded)


@dataclass(slots=True)
class Matched:
    """Tonight's rows against the last roster's. Indexes are positions in the served frame."""

    unchanged: int = 0
    candidates: list[tuple[int, Seen]] = field(default_factory=list)
    excluded: list[Seen] = field(default_factory=list)
    missing: list[Seen] = field(default_factory=list)
    new: list[int] = field(default_factory=list)

    @property
    def touched(self) -> int:
        """Those of whom something may be planned."""
        return len(self.candidates) + len(self.excluded) + len(self.missing) + len(self.new)


def match(ids: list[str], prints: list[bytes], stored: Iterable[Seen], sorted_: Sorted, everyone: bool) -> Matched:
    """Stream what is stored past tonight's rows. `everyone` makes each row a candidate: the rules changed."""
    position = dict(zip(ids, range(len(ids)), strict=True))
    matched = Matched()
    for seen in stored:
        index = position.pop(seen.source_id, None)
        if index is None:
            (matched.excluded if seen.source_id in sorted_.excluded else matched.missing).append(seen)
        elif everyone or seen.missed or seen.fingerprint != prints[index]:
            matched.candidates.append((index, seen))
        else:
            matched.unchanged += 1
    matched.new = list(position.values())
    return matched
