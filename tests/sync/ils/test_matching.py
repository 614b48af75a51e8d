"""Near matches are found by names and birth dates, with what speaks for each and what warns of it."""

from datetime import date

import pytest

from access_service.domain.student import Role, Student
from access_service.storage.ils_matches import Candidate
from sync.ils.cards import Card
from sync.ils.matching import Match, near_matches
from sync.marks import marks

KEY = bytes(range(32))
BORN, OTHER = date(2017, 4, 12), date(2016, 1, 30)
SURE = {"same_name", "same_birth_date"}


def student(given: str, family: str, born: date | None = BORN, number: int = 1) -> Candidate:
    source_id = f"s-{number}"
    seen = Student(
        source_id=source_id,
        student_number=f"{number:07}",
        school="101",
        grade="03",
        role=Role.STUDENT,
        given_name=given,
        family_name=family,
        birth_date=born,
    )
    return Candidate(number, "demo", source_id, f"{number:07}", given, family, marks(KEY, seen))


def card(given: str, family: str, born: date | None = BORN, number: int = 1, key: str = "") -> Card:
    text = f"2123{number:010}"
    return Card(text, text, key, "CHILD", "MAIN", None, False, given, family, born)


def found(people: Candidate | list[Candidate], *cards: Card) -> list[Match]:
    return near_matches(people if isinstance(people, list) else [people], cards, KEY)


def evidence(people: Candidate | list[Candidate], *cards: Card) -> list[set[str]]:
    return [set(match.evidence) for match in found(people, *cards)]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("Zoë", "Núñez"), ("ZOE", "NUNEZ")),
        (("Søren", "Łukasz"), ("Soren", "Lukasz")),
        (("Mary-Ann", "O'Brien"), ("Mary Ann", "OBrien")),
        (("Testa", "De la Cruz"), ("Testa", "Delacruz")),
        (("Testa", "García-López"), ("Testa", "Garcia Lopez")),
        (("John", "Synthetica"), ("John Paul", "Synthetica")),
    ],
    ids=" ".join,
)
def test_one_name_is_spelled_in_many_ways(ours: tuple[str, str], theirs: tuple[str, str]) -> None:
    """Accents, case, hyphens, gaps and middle names make no other name."""
    assert evidence(student(*ours), card(*theirs)) == [SURE]


@pytest.mark.parametrize(
    ("ours", "theirs", "codes"),
    [
        (("Testa", "Synthetica"), ("Testa", "Syntheitca"), {"near_name", "same_given_name"}),
        (("Catalina", "Synthetica"), ("Catalena", "Synthetica"), {"near_name"}),
        (("Testa", "Garcia"), ("Testa", "Garcia Lopez"), {"near_name", "same_given_name"}),
        (("Testa", "Synthetica-Lopez"), ("Testa", "Lopez"), {"near_name", "same_given_name"}),
        (("Maria Jose", "Synthetica"), ("Maria Elena", "Synthetica"), {"near_name"}),
    ],
    ids=["a slip", "two letters", "a second name", "one of two names", "another second given name"],
)
def test_near_names_of_one_birth_date_are_proposed(
    ours: tuple[str, str], theirs: tuple[str, str], codes: set[str]
) -> None:
    """A slip, or a part of a double name, with the birth date to speak for it."""
    assert evidence(student(*ours), card(*theirs)) == [codes | {"same_birth_date"}]
    assert not found(student(*ours), card(*theirs, OTHER)) and not found(student(*ours), card(*theirs, None))


def test_nicknames_are_not_guessed() -> None:
    """Bill is not William, though all else is the same: it could be a twin."""
    assert not found(student("William", "Synthetica"), card("Bill", "Synthetica"))


def test_another_birth_date_is_another_person() -> None:
    """However common the name, and whatever its suffix."""
    assert not found(student("Testa", "Synthetica"), card("Testa", "Synthetica", OTHER))
    assert not found(student("Testa", "Synthetica Jr."), card("Testa", "Synthetica Sr.", date(1984, 2, 1)))


@pytest.mark.parametrize("theirs", [("Testa", "Synthetica, Jr."), ("Testa Jr", "Synthetica"), ("Testa", "Synthetica")])
def test_a_suffix_that_differs_warns(theirs: tuple[str, str]) -> None:
    """Jr. and III are no part of the name, wherever they stand, and a pair that differs in them comes last."""
    same = {("Testa", "Synthetica")} >= {theirs}
    (senior,) = found(student("Testa", "Synthetica III"), card(*theirs))
    assert set(senior.evidence) == SURE | {"suffix_differs"} and senior.score < 0
    assert evidence(student("Testa", "Synthetica" if same else "Synthetica JR"), card(*theirs)) == [SURE]


def test_twins_are_never_certain() -> None:
    """A brother in the roster, or among the cards, warns; and one of another name is not proposed for the other."""
    twins = [student("Testa", "Synthetica", number=1), student("Probo", "Synthetica", number=2)]
    (match,) = found(twins, card("Testa", "Synthetica"))
    assert match.person.patron_id == 1
    assert set(match.evidence) == SURE | {"twin_possible"} and match.score < 0
    cards = card("Testa", "Synthetica"), card("Probo", "Synthetica", number=2)
    assert evidence(twins[0], *cards) == [SURE | {"twin_possible"}]


def test_several_of_one_name_and_day_are_never_certain() -> None:
    """Two students for a card, or two cards for a student."""
    same = [student("Testa", "Synthetica", number=n) for n in (1, 2)]
    assert evidence(same, card("Testa", "Synthetica")) == [SURE | {"several_candidates"}] * 2
    cards = [card("Testa", "Synthetica", number=n) for n in (1, 2)]
    assert evidence(same[0], *cards) == [SURE | {"several_candidates"}] * 2


def test_without_a_birth_date_only_the_same_name_counts_and_warns() -> None:
    """On either side; of four such cards nobody could tell, and beside a better one they are noise."""
    by_name = {"same_name", "no_birth_date"}
    one = student("Testa", "Synthetica")
    assert evidence(one, card("Testa", "Synthetica", None)) == [by_name]
    assert evidence(student("Testa", "Synthetica", None), card("Testa", "Synthetica")) == [by_name]
    unknown = [card("Testa", "Synthetica", None, n) for n in range(2, 6)]
    assert evidence(one, *unknown[:3]) == [by_name | {"several_candidates"}] * 3
    assert not found(one, *unknown)
    assert evidence(one, card("Testa", "Synthetica"), *unknown[:2]) == [SURE]


def test_a_number_of_the_school_in_the_ils_speaks_for_a_near_name() -> None:
    """Where the card has the student number, though it has no birth date."""
    near = card("Testa", "Syntheitca", None, key="0000001")
    assert evidence(student("Testa", "Synthetica"), near) == [
        {"near_name", "same_given_name", "same_number", "no_birth_date"}
    ]


def test_certain_ones_sort_before_all_that_warn() -> None:
    """By score: the same name and birth date first, then near names, then whatever has a warning."""
    people = [student("Testa", "Synthetica"), student("Catalina", "Madeup", number=2), student("Solo", "None", None, 3)]
    cards = card("Testa", "Synthetica"), card("Catalena", "Madeup", number=2), card("Solo", "None", number=3)
    matches = sorted(found(people, *cards), key=lambda match: -match.score)
    assert [match.person.patron_id for match in matches] == [1, 2, 3] and matches[1].score > 0 > matches[2].score


def test_nothing_of_a_person_is_shown() -> None:
    """Not by a mistake of the program either."""
    (match,) = found(student("Testa", "Synthetica"), card("Testa", "Synthetica"))
    assert "Testa" not in repr(match) and "2017" not in repr(match)
