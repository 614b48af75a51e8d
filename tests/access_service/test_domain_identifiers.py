"""What people type and scan, and every identifier it can mean."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.domain.identifiers import (
    MAX_TYPED,
    CleanUp,
    IdentifierKind,
    NumberRule,
    NumberTemplate,
    Reading,
    fold,
    readings,
)

DIGITS = NumberRule((CleanUp.TRIM, CleanUp.DIGITS_ONLY), pad_to=7, pattern=r"\d{7}")
TEMPLATE = NumberTemplate.parse("29{student_number}")
# Rules as districts have them, each with the numbers that it makes.
RULES = {
    "padded digits": (DIGITS, st.from_regex(r"[0-9]{7}", fullmatch=True, alphabet=st.characters(codec="ascii"))),
    "digits of any length": (NumberRule(pattern="[0-9]+"), st.from_regex("[0-9]{1,12}", fullmatch=True)),
    "letter and digits": (NumberRule(pattern="[A-Z][0-9]{5}"), st.from_regex("[A-Z][0-9]{5}", fullmatch=True)),
    "lower case": (NumberRule(pattern="[a-z]{2}[0-9]{4}"), st.from_regex("[a-z]{2}[0-9]{4}", fullmatch=True)),
    "letters or digits": (NumberRule(), st.from_regex("[0-9A-Z]{1,16}", fullmatch=True)),
    "upper": (NumberRule((CleanUp.UPPER,), 6, "[0-9A-Z]{6}"), st.from_regex("[0-9A-Z]{6}", fullmatch=True)),
}
SEPARATORS = st.text(alphabet=" -./*\t\r\n", max_size=3)
NAMES = st.sampled_from(sorted(RULES))
CELLS = st.text(alphabet=st.sampled_from("0123456789abXY@-. ßﬁ\uff11\uff12"), max_size=12) | st.text(max_size=30)
AFFIXES = st.text(alphabet="0123456789ABCXYZabc-", max_size=5)


@pytest.mark.parametrize(
    ("rule", "cell", "number"),
    [
        (DIGITS, "12345", "0012345"),
        (DIGITS, " 0012345 ", "0012345"),
        (DIGITS, "S-12345", "0012345"),
        (DIGITS, "12345678", None),
        (DIGITS, "", None),
        (DIGITS, "none", None),
        (NumberRule((CleanUp.CUT_AT_AT,)), "q.qanary@school.example", None),
        (NumberRule((CleanUp.CUT_AT_AT,)), "12345@school.example", "12345"),
        (NumberRule((CleanUp.CUT_AT_AT, CleanUp.DIGITS_ONLY)), "s12345@k12.example", "12345"),
        (NumberRule((CleanUp.DIGITS_ONLY, CleanUp.CUT_AT_AT)), "s12345@k12.example", "1234512"),
        (NumberRule((CleanUp.UPPER,), pattern="[A-Z]+[0-9]+"), "ab12", "AB12"),
        (NumberRule(pattern="[A-Z]+[0-9]+"), "ab12", None),
        (NumberRule(), "12 34", None),
        (NumberRule(clean=(), pattern="[0-9]+"), " 12", None),
        (NumberRule(pattern="[0-9]+"), "12\n", "12"),
        (NumberRule(clean=(), pattern="[0-9]+"), "12\n", None),
        (NumberRule((CleanUp.UPPER,)), "ﬁ1", None),
        (NumberRule((CleanUp.UPPER,)), "ß1", None),
        (DIGITS, "\uff11\uff12\uff13\uff14\uff15", None),
        (DIGITS, "12\uff1345", None),
    ],
)
def test_a_cell_becomes_a_number_by_the_rule_or_not_at_all(rule: NumberRule, cell: str, number: str | None) -> None:
    """Steps in their order, zeros in front, then the whole must fit; outside ASCII nothing is a number."""
    assert rule.apply(cell) == number


@given(st.lists(st.sampled_from(CleanUp), max_size=4), st.integers(0, 12), CELLS)
def test_a_number_stays_the_number_it_is(clean: list[CleanUp], pad_to: int, cell: str) -> None:
    """What the rule made of a cell, it makes of itself: a number that comes back is the same number."""
    rule = NumberRule(tuple(clean), pad_to)
    number = rule.apply(cell)
    assert number is None or (re.fullmatch("[0-9A-Za-z]+", number) and rule.apply(number) == number)


def test_a_pattern_that_is_no_regular_expression_is_refused() -> None:
    """At the time the rule is made, with what is wrong about it."""
    with pytest.raises(ValueError, match="not a regular expression"):
        NumberRule(pattern="[0-9")


@pytest.mark.parametrize(
    ("text", "prefix", "suffix"),
    [
        ("{student_number}", "", ""),
        ("29{student_number}", "29", ""),
        ("MC-{student_number}-9", "MC-", "-9"),
    ],
)
def test_a_template_is_text_around_one_number(text: str, prefix: str, suffix: str) -> None:
    """What stands before and behind the placeholder stands before and behind the number."""
    template = NumberTemplate.parse(text)
    assert (template.prefix, template.suffix) == (prefix, suffix)
    assert template.mint("0012345") == f"{prefix}0012345{suffix}"


@pytest.mark.parametrize(
    "text",
    ["", "29", "{student}", "{student_number}{student_number}", "{0}{student_number}", "29{student_number", "}{"],
)
def test_a_template_without_exactly_one_number_is_refused(text: str) -> None:
    """No placeholder, two of them, or another one."""
    with pytest.raises(ValueError, match="exactly once"):
        NumberTemplate.parse(text)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("29 001-2345\r\n", "290012345"),
        ("ab.12", "AB12"),
        ("*A12*", "A12"),
        ("", ""),
        ("---", ""),
        ("\uff11\uff12\uff13", ""),
        ("12\u00a03", ""),
        ("\ud800", ""),
    ],
)
def test_folding_keeps_ascii_letters_and_digits(typed: str, key: str) -> None:
    """Case, spaces and punctuation do not matter; text outside ASCII is no number at all."""
    assert fold(typed) == key


@given(st.text())
def test_folding_twice_is_folding_once(typed: str) -> None:
    """A key is its own key, whatever it came from."""
    assert fold(fold(typed)) == fold(typed)


def _spaced(text: str, gaps: list[str]) -> str:
    return "".join(char + gap for char, gap in zip(text, [*gaps, *[""] * len(text)], strict=False))


@given(NAMES, AFFIXES, AFFIXES, st.lists(SEPARATORS, max_size=20), st.data())
def test_a_badge_number_reads_back_to_its_student(
    name: str, prefix: str, suffix: str, gaps: list[str], data: st.DataObject
) -> None:
    """As printed, in lower or upper case, with spaces and scanner marks: always the number that the roster made."""
    rule, numbers = RULES[name]
    number = data.draw(numbers)
    template = NumberTemplate(prefix, suffix)
    for typed in (number, number.lower(), number.upper(), f"*{number}*", f" {number}\r\n", _spaced(number, gaps)):
        assert Reading(IdentifierKind.STUDENT_NUMBER, fold(number)) in readings(typed, rule, template), typed


@given(NAMES, AFFIXES, AFFIXES, st.lists(SEPARATORS, max_size=30), st.data())
def test_a_library_number_reads_back_to_its_student(
    name: str, prefix: str, suffix: str, gaps: list[str], data: st.DataObject
) -> None:
    """The minted number is found as itself and, where the template adds anything, as the badge number inside it."""
    rule, numbers = RULES[name]
    number = data.draw(numbers)
    template = NumberTemplate(prefix, suffix)
    minted = template.mint(number)
    for typed in (minted, minted.lower(), minted.upper(), f"\t{minted} ", _spaced(minted, gaps)):
        read = readings(typed, rule, template)
        assert Reading(IdentifierKind.LIBRARY_NUMBER, fold(minted)) in read
        assert Reading(IdentifierKind.STUDENT_NUMBER, fold(number)) in read


@given(NAMES, AFFIXES, AFFIXES, st.data())
def test_the_prefix_may_be_typed_or_not(name: str, prefix: str, suffix: str, data: st.DataObject) -> None:
    """Not at all, once, or twice, by a client that adds it to what has it already: the same student."""
    rule, numbers = RULES[name]
    number = data.draw(numbers)
    template = NumberTemplate(prefix, suffix)
    minted = template.mint(number)
    for typed in (number, minted, template.mint(minted)):
        read = readings(typed, rule, template)
        assert Reading(IdentifierKind.STUDENT_NUMBER, fold(number)) in read, typed
        assert Reading(IdentifierKind.CONTESTED, fold(minted)) in read, typed


def test_a_badge_number_is_not_somebodys_library_number() -> None:
    """After two students swapped numbers, the library number minted from the old one must not claim the badge."""
    assert Reading(IdentifierKind.LIBRARY_NUMBER, "290012345") not in readings("0012345", DIGITS, TEMPLATE)
    assert Reading(IdentifierKind.LIBRARY_NUMBER, "290012345") in readings("290012345", DIGITS, TEMPLATE)


@given(st.integers(1, 9_999_999), st.integers(0, 9), st.sampled_from(["", "29", "XY-"]))
def test_lost_and_added_zeros_read_as_the_padded_number(number: int, extra: int, prefix: str) -> None:
    """A spreadsheet drops leading zeros and a person adds some: the number is the same."""
    reading = Reading(IdentifierKind.STUDENT_NUMBER, f"{number:07}")
    template = NumberTemplate(prefix, "")
    assert reading in readings(str(number), DIGITS, template)
    assert reading in readings(f"{'0' * extra}{number}", DIGITS, template)


def test_a_whole_number_of_one_student_is_not_anothers_with_zeros_lost() -> None:
    """With prefix 29 the student number 2912345 is not a library number that lost its zeros."""
    read = readings("2912345", DIGITS, TEMPLATE)
    assert {reading.key for reading in read if reading.kind is IdentifierKind.STUDENT_NUMBER} == {"2912345"}


@pytest.mark.parametrize("typed", ["A0012345B", "a0012345b", "D0012345D", "*A0012345C*"])
def test_start_and_stop_marks_of_a_scanner_do_not_matter(typed: str) -> None:
    """Codabar scanners may send the letters that frame a number."""
    strict = NumberRule(clean=(), pattern="[0-9]{7}")
    for rule in (DIGITS, strict):
        assert Reading(IdentifierKind.STUDENT_NUMBER, "0012345") in readings(typed, rule, TEMPLATE)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "-",
        "\uff11\uff12\uff13\uff14\uff15\uff16\uff17",
        "0012345é",
        "9" * (MAX_TYPED + 1),
        "0" * 100_000,
        "\x00",
    ],
)
def test_what_is_no_number_reads_as_nothing(typed: str) -> None:
    """Empty, outside ASCII or longer than any barcode: nothing is looked up."""
    assert readings(typed, DIGITS, TEMPLATE) == frozenset()


@given(st.text(max_size=200), NAMES, AFFIXES, AFFIXES)
def test_nothing_that_is_typed_can_do_harm(typed: str, name: str, prefix: str, suffix: str) -> None:
    """Any text at all gives a few clean keys or none, and never an error."""
    read = readings(typed, RULES[name][0], NumberTemplate(prefix, suffix))
    assert len(read) <= 60
    assert all(re.fullmatch("[0-9A-Z]+", reading.key) for reading in read)


@given(st.text(alphabet="0123456789ABab{}()[]\\|^$.*+?", max_size=70))
def test_what_looks_like_a_pattern_is_only_text(typed: str) -> None:
    """Characters that mean something in a regular expression or a template mean nothing here."""
    assert all(reading.key.isalnum() for reading in readings(typed, DIGITS, TEMPLATE))


STAFF_RULE = NumberRule(pad_to=6, pattern=r"\d{6}")


@given(NAMES, AFFIXES, AFFIXES, st.data())
def test_a_staff_number_reads_as_one_and_as_no_student_number(
    name: str, prefix: str, suffix: str, data: st.DataObject
) -> None:
    """Bare, minted or with the prefix twice; in the readings of staff there is no student."""
    rule, numbers = RULES[name]
    number = data.draw(numbers)
    template = NumberTemplate(prefix, suffix)
    for typed in (number, template.mint(number), template.mint(template.mint(number))):
        read = readings(typed, rule, template, IdentifierKind.STAFF_NUMBER)
        assert Reading(IdentifierKind.STAFF_NUMBER, fold(number)) in read, typed
        assert IdentifierKind.STUDENT_NUMBER not in {reading.kind for reading in read}
        assert {(r.kind, r.key) for r in read if r.kind is not IdentifierKind.STAFF_NUMBER} == {
            (r.kind, r.key) for r in readings(typed, rule, template) if r.kind is not IdentifierKind.STUDENT_NUMBER
        }


@pytest.mark.parametrize("prefix", ["T", "T-", "EDU"])
@given(st.integers(1, 999_999))
def test_a_library_number_of_staff_is_no_students_badge_with_letters_left_out(prefix: str, number: int) -> None:
    """A rule that keeps digits only would read T000412 as student 0000412; typed bare it is both."""
    staff = NumberTemplate(prefix, "")
    beside = [(STAFF_RULE, staff)]
    student = Reading(IdentifierKind.STUDENT_NUMBER, f"{number:07}")
    whole = staff.mint(f"{number:06}")
    assert student not in readings(whole, DIGITS, TEMPLATE, beside=beside)
    assert student in readings(whole, DIGITS, TEMPLATE)
    assert student in readings(f"{number:06}", DIGITS, TEMPLATE, beside=beside)
    assert student in readings(f"S-{number:06}", DIGITS, TEMPLATE, beside=beside)
    assert Reading(IdentifierKind.LIBRARY_NUMBER, fold(whole)) in readings(whole, DIGITS, TEMPLATE, beside=beside)


@given(NAMES, NAMES, AFFIXES, AFFIXES, st.data())
def test_who_is_beside_takes_no_students_own_numbers_away(
    name: str, other: str, prefix: str, staff_prefix: str, data: st.DataObject
) -> None:
    """Whatever rules staff have, the number on the badge and the library number still read as the student's."""
    rule, numbers = RULES[name]
    number, template = data.draw(numbers), NumberTemplate(prefix, "")
    beside = [(RULES[other][0], NumberTemplate(staff_prefix, ""))]
    badge = readings(number, rule, template, beside=beside)
    assert Reading(IdentifierKind.STUDENT_NUMBER, fold(number)) in badge
    minted = template.mint(number)
    assert Reading(IdentifierKind.LIBRARY_NUMBER, fold(minted)) in readings(minted, rule, template, beside=beside)
