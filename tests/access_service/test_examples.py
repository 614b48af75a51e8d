"""A district's examples are its rules in examples, and they are held to."""

from datetime import date
from typing import Any

import pytest

from access_service.errors import ConfigError
from access_service.examples import check_examples
from access_service.settings import District
from tests.access_service.seed import district

GOOD = {
    "student_number": "12345",
    "school": "101",
    "grade": "03",
    "birth_date": date(2017, 4, 12),
    "library_number": "290012345",
    "patron_type": "STU-ELEM",
    "branch": "MAPLE",
    "pin": "0412",
}
EXCLUDED = {"student_number": "12345", "school": "999", "grade": "03", "excluded": "unknown_school"}


def _with(*examples: dict[str, Any], **rules: Any) -> District:
    raw = district().model_dump()
    raw["rules"] |= rules
    return District.model_validate(raw | {"examples": examples})


def test_examples_that_hold_pass() -> None:
    """A card with all its facts, and a row that gets none."""
    check_examples(_with(GOOD, EXCLUDED))


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("library_number", "300012345"), ("patron_type", "STU-TEEN"), ("branch", "RIVER"), ("pin", "1204")],
)
def test_a_fact_that_the_rules_make_otherwise_is_named(key: str, wrong: str) -> None:
    """The line names file, example and key, what comes out and what was said."""
    with pytest.raises(ConfigError) as caught:
        check_examples(_with(GOOD, GOOD | {key: wrong}))
    expected = f"demo.toml [[examples]] 2: by the rules {key} is {GOOD[key]!r}, not {wrong!r}"
    assert str(caught.value) == expected


def test_an_example_may_say_less() -> None:
    """Only what an example says is held against the rules."""
    check_examples(_with({"student_number": "1", "school": "101", "grade": "KG"}))


@pytest.mark.parametrize(
    ("example", "said"),
    [
        (GOOD | {"school": "999"}, "excluded is 'unknown_school', not None"),
        (EXCLUDED | {"school": "101"}, "excluded is None, not 'unknown_school'"),
        (EXCLUDED | {"excluded": "unknown_grade"}, "excluded is 'unknown_school', not 'unknown_grade'"),
        ({"student_number": "12345678", "school": "101", "grade": "03"}, "excluded is 'number_pattern', not None"),
    ],
)
def test_a_card_and_no_card_are_not_the_same(example: dict[str, Any], said: str) -> None:
    """An exclusion that was not said, one that does not happen, and another one than was said."""
    with pytest.raises(ConfigError, match=f"1: by the rules {said}"):
        check_examples(_with(example))


def test_the_pin_of_an_example_follows_each_rule() -> None:
    """From the birth date, the end of the badge number (not of the cell), or the roster's column."""
    last = {"student_number": "45", "school": "101", "grade": "03", "pin": "0045"}
    check_examples(_with(last, pin={"rule": "last"}))
    check_examples(_with(GOOD | {"pin": "04122017"}, pin={"rule": "MMDDYYYY"}))
    raw = district().model_dump()
    raw["rules"]["pin"] = {"rule": "column"}
    raw["agreement"]["fields"] = {*raw["agreement"]["fields"], "pin"}
    raw["feed"]["columns"] = {"pin": "Library PIN"}
    example = {"student_number": "45", "school": "101", "grade": "03", "roster_pin": "4711", "pin": "4711"}
    check_examples(District.model_validate(raw | {"examples": [example]}))


def test_a_pin_that_nobody_is_issued_is_told() -> None:
    """With the rule "unclaimed" an example that promises a PIN is wrong."""
    with pytest.raises(ConfigError, match="by the rules pin is None, not '0412'"):
        check_examples(_with(GOOD, pin={"rule": "unclaimed"}))
