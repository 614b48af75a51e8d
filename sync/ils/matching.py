"""Which cards of the ILS may be a student's who has one already: evidence for a person, and never a decision.

Names are compared within blocks, as record linkage does: people with a family name, or a part of one, in common and the
same first letter of the given name, and the other way round. What is near by name is kept where the birth date is the
same; it is compared by the student's mark alone. Nicknames are not guessed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist

from access_service.domain.identifiers import fold
from access_service.storage.ils_matches import Candidate
from sync.ils.cards import ANOTHERS, Card
from sync.ils.spelling import Spelled, speller
from sync.marks import born_on

# How alike names are that are near, of 1.
NEAR = 0.9
# Who has more candidates by name alone has none that a person could tell apart.
MOST_BY_NAME = 3

Block = tuple[str, str]
Whose = TypeVar("Whose")


class Evidence(StrEnum):
    """What speaks for a match, and what warns of it."""

    SAME_BIRTH_DATE = "same_birth_date"
    SAME_NAME = "same_name"
    SAME_GIVEN_NAME = "same_given_name"
    NEAR_NAME = "near_name"
    SAME_NUMBER = "same_number"
    NO_BIRTH_DATE = "no_birth_date"
    SUFFIX_DIFFERS = "suffix_differs"
    TWIN_POSSIBLE = "twin_possible"
    SEVERAL_CANDIDATES = "several_candidates"


_POINTS = {
    Evidence.SAME_BIRTH_DATE: 50,
    Evidence.SAME_NAME: 40,
    Evidence.SAME_GIVEN_NAME: 15,
    Evidence.NEAR_NAME: 15,
    Evidence.SAME_NUMBER: 10,
}
# A match with one of these comes after all that have none.
WARNINGS = frozenset(
    {Evidence.NO_BIRTH_DATE, Evidence.SUFFIX_DIFFERS, Evidence.TWIN_POSSIBLE, Evidence.SEVERAL_CANDIDATES}
)
_DOUBT = 50


@dataclass(slots=True)
class Match:
    """A card that may be a student's."""

    person: Candidate
    card: Card
    evidence: set[Evidence]

    @property
    def by_name(self) -> bool:
        """Whether nothing but the name speaks for it."""
        return Evidence.NO_BIRTH_DATE in self.evidence and Evidence.SAME_NUMBER not in self.evidence

    @property
    def score(self) -> int:
        """For sorting alone: below 0 with a warning."""
        points = sum(_POINTS.get(code, 0) for code in self.evidence)
        return points - _DOUBT * (1 + len(self.evidence & WARNINGS)) if self.evidence & WARNINGS else points


def near_matches(people: Iterable[Candidate], cards: Iterable[Card], key: bytes) -> list[Match]:
    """Every match of these people with these cards, in no order. `key` is SYNC_KEY."""
    spelled = speller()
    ours, theirs, siblings = _Index[Candidate](), _Index[Card](), _Siblings(key)
    for person in people:
        if spelling := spelled(person.given_name, person.family_name):
            ours.add(spelling, person)
            siblings.ours[spelling.family].append((spelling, person))
    for card in cards:
        if spelling := spelled(card.given_name, card.family_name):
            siblings.note(spelling, card)
            if ours.is_near(spelling):
                theirs.add(spelling, card)
    found = {
        (match.person.patron_id, match.card.number): match
        for one, other in _near(ours, theirs)
        for match in _matches(one, ours.all[one], other, theirs.all[other], siblings)
    }
    return _judged(list(found.values()))


class _Index(Generic[Whose]):
    """People or cards by their names, and the names by block."""

    def __init__(self) -> None:
        self.all: dict[Spelled, list[Whose]] = {}
        self.by_family: dict[Block, list[Spelled]] = {}
        self.by_given: dict[Block, list[Spelled]] = {}

    def add(self, spelling: Spelled, whose: Whose) -> None:
        if spelling in self.all:
            self.all[spelling].append(whose)
            return
        self.all[spelling] = [whose]
        self.by_given.setdefault((spelling.first, spelling.family[0]), []).append(spelling)
        for part in spelling.parts:
            self.by_family.setdefault((part, spelling.first[0]), []).append(spelling)

    def is_near(self, spelling: Spelled) -> bool:
        """Whether there is anybody in a block of this name."""
        initial = spelling.first[0]
        return (spelling.first, spelling.family[0]) in self.by_given or any(
            (part, initial) in self.by_family for part in spelling.parts
        )


class _Siblings:
    """Who of one family name was born on one day."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.ours: dict[str, list[tuple[Spelled, Candidate]]] = defaultdict(list)
        self._theirs: dict[tuple[str, date], str] = {}
        self._several: set[tuple[str, date]] = set()
        self._born: dict[tuple[str, date], set[str]] = {}

    def note(self, spelling: Spelled, card: Card) -> None:
        if card.birth_date and spelling.family in self.ours:
            place = spelling.family, card.birth_date
            if self._theirs.setdefault(place, spelling.first) != spelling.first:
                self._several.add(place)

    def same_birth_date(self, person: Candidate, card: Card) -> bool | None:
        """None where one of the two has none."""
        return born_on(self._key, person.source_id, card.birth_date, person.marks)

    def there_are(self, one: Spelled, other: Spelled, card: Card) -> bool:
        """Whether a student or a card has this family name and birth date, and another given name."""
        born = card.birth_date
        if born is None:
            return False
        place = one.family, born
        if place not in self._born:
            of_day = (each.first for each, person in self.ours[one.family] if self.same_birth_date(person, card))
            self._born[place] = {*of_day}
        return bool(self._born[place] - {one.first}) or (other.family, born) in self._several


def _near(ours: _Index[Candidate], theirs: _Index[Card]) -> Iterator[tuple[Spelled, Spelled]]:
    """Pairs of names that are near, the same among them; of double names some twice."""
    for block, names in ours.by_family.items():
        if others := theirs.by_family.get(block):
            yield from _alike(names, others, "first")
    for block, names in ours.by_given.items():
        if others := theirs.by_given.get(block):
            for one, other in _alike(names, others, "family"):
                if not {*one.parts} & {*other.parts}:
                    yield one, other


def _alike(names: list[Spelled], others: list[Spelled], what: str) -> Iterator[tuple[Spelled, Spelled]]:
    texts = ([getattr(each, what) for each in each_side] for each_side in (names, others))
    found = cdist(*texts, scorer=JaroWinkler.similarity, score_cutoff=NEAR).nonzero()
    for one, other in zip(*(places.tolist() for places in found), strict=True):
        yield names[one], others[other]


def _matches(
    one: Spelled, people: list[Candidate], other: Spelled, cards: list[Card], siblings: _Siblings
) -> Iterator[Match]:
    """Of people and cards with two near names those who may be one person."""
    names = _of_names(one, other)
    for person in people:
        for card in cards:
            same_day = siblings.same_birth_date(person, card)
            if same_day is False:
                continue
            evidence = set(names)
            if _same_number(person, card):
                evidence.add(Evidence.SAME_NUMBER)
            if same_day:
                evidence.add(Evidence.SAME_BIRTH_DATE)
                if siblings.there_are(one, other, card):
                    evidence.add(Evidence.TWIN_POSSIBLE)
            elif evidence & {Evidence.SAME_NAME, Evidence.SAME_NUMBER}:
                evidence.add(Evidence.NO_BIRTH_DATE)
            else:
                continue
            yield Match(person, card, evidence)


def _of_names(one: Spelled, other: Spelled) -> set[Evidence]:
    evidence = {Evidence.SUFFIX_DIFFERS} if one.suffix != other.suffix else set()
    # "John" is the same as "John Paul", and "Maria Jose" is not as "Maria Elena".
    same_given = one.given == other.given or (one.first == other.first and one.first in {one.given, other.given})
    if same_given and one.family == other.family:
        return evidence | {Evidence.SAME_NAME}
    return evidence | {Evidence.NEAR_NAME} | ({Evidence.SAME_GIVEN_NAME} if same_given else set())


def _same_number(person: Candidate, card: Card) -> bool:
    key = card.key.removeprefix(ANOTHERS)
    return card.folded == fold(person.student_number) or key in {person.student_number, person.source_id}


def _judged(found: list[Match]) -> list[Match]:
    """Without those by name alone that are too many, or beside a better one; the others know whether there are
    several."""
    by_name = Counter(match.person.patron_id for match in found if match.by_name)
    better = {whose for match in found if not match.by_name for whose in (match.person.patron_id, match.card.number)}
    found = [
        match
        for match in found
        if not match.by_name
        or (
            by_name[match.person.patron_id] <= MOST_BY_NAME and not {match.person.patron_id, match.card.number} & better
        )
    ]
    people = Counter(match.person.patron_id for match in found)
    cards = Counter(match.card.number for match in found)
    for match in found:
        if people[match.person.patron_id] > 1 or cards[match.card.number] > 1:
            match.evidence.add(Evidence.SEVERAL_CANDIDATES)
    return found
