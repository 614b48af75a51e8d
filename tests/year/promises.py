"""What the library promised of each student, worked out anew from the story: by sets and dates, by no code of ours."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sync.synthetic.district import Person
from tests.year.story import BREAKS, LAST_DAY, THAW, TORNADO

DAY_20 = (date(2026, 9, 21), date(2027, 9, 20))
PIVOT = date(2027, 6, 30)
FIRST_EXPIRY, NEXT_EXPIRY = date(2027, 9, 15), date(2028, 9, 15)
GRADUATES_FROM, GRADUATES_TO = date(2027, 5, 15), date(2027, 8, 31)
ROSTERS, DAYS = 3, 7
ELEMENTARY = ("KG", "01", "02", "03", "04", "05")


@dataclass(frozen=True, slots=True)
class Card:
    """What is stored of a patron, by the same names."""

    student_number: str
    school: str
    grade: str
    patron_type: str
    family_name: str
    expires: date
    presence: str

    def works(self, today: date) -> bool:
        return self.presence != "left" and today <= self.expires


class Promises:
    """The cards that there should be. `accept` is a night whose roster the library takes as true."""

    def __init__(self) -> None:
        self.cards: dict[str, Card] = {}
        self._missing: dict[str, tuple[int, date]] = {}
        self._last: Mapping[str, Person] = {}

    def accept(self, today: date, listed: Mapping[str, Person], exits: Collection[str]) -> Counter[str]:
        """How many cards are created, given back to a returner, left, graduated, or otherwise others than before."""
        before, missing = dict(self.cards), dict(self._missing)
        expires, of_age = FIRST_EXPIRY if today <= PIVOT else NEXT_EXPIRY, f"{today.year - 18}{today:-%m-%d}"
        for each, person in listed.items():
            self.cards[each] = _card(person, expires, of_age)
            self._missing.pop(each, None)
        if may_leave(today):
            self._part_from([each for each in exits if self._is_here(each)], today)
            if is_term(today):
                self._miss([each for each in self.cards if each not in listed and self._is_here(each)], listed, today)
        self._last = listed
        return self._changes(before, missing)

    def convert(self, source_id: str, expires: date) -> None:
        """The desk has made a full card of it."""
        self.cards[source_id] = replace(self.cards[source_id], presence="converted", expires=expires)

    def _miss(self, gone: list[str], listed: Mapping[str, Person], today: date) -> None:
        other = listed != self._last
        for each in gone:
            rosters, since = self._missing.get(each, (0, today))
            if not rosters and not other:
                continue
            self._missing[each] = rosters + other, since
            self.cards[each] = replace(self.cards[each], presence="absent")
            if rosters + other >= ROSTERS and _term_days(since, today) >= DAYS:
                self._part_from([each], today)

    def _part_from(self, leavers: list[str], today: date) -> None:
        for each in leavers:
            self._missing.pop(each, None)
            card = self.cards[each]
            if card.grade == "12" and GRADUATES_FROM <= today <= GRADUATES_TO:
                self.cards[each] = replace(card, presence="graduated", expires=GRADUATES_TO)
            else:
                self.cards[each] = replace(card, presence="left")

    def _is_here(self, source_id: str) -> bool:
        return source_id in self.cards and self.cards[source_id].presence in {"present", "absent"}

    def _changes(self, before: Mapping[str, Card], missing: Mapping[str, tuple[int, date]]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for each, card in self.cards.items():
            was = before.get(each)
            if was is None:
                counts["create"] += 1
            elif was.presence == "left" and card.presence != "left":
                counts["return"] += 1
            elif was.presence != card.presence and card.presence in {"left", "graduated"}:
                counts[{"left": "leave"}.get(card.presence, "graduate")] += 1
            elif was != card or missing.get(each) != self._missing.get(each):
                counts["other"] += 1
        return counts


def may_leave(today: date) -> bool:
    return (DAY_20[0] <= today <= LAST_DAY or today >= DAY_20[1]) and not TORNADO <= today < THAW


def is_term(today: date) -> bool:
    return may_leave(today) and not any(first <= today <= last for first, last in BREAKS)


def _term_days(since: date, today: date) -> int:
    return sum(is_term(since + timedelta(days=n)) for n in range(1, (today - since).days + 1))


def _card(person: Person, expires: date, of_age: str) -> Card:
    """`of_age` is the birth date of those who are 18 today."""
    patron_type = "STU-ELEM" if person.grade in ELEMENTARY else "STU-TEEN"
    if "" < person.birth_date <= of_age:
        patron_type = "ADULT-STUDENT"
    return Card(person.number, person.school, person.grade, patron_type, person.family_name, expires, "present")
