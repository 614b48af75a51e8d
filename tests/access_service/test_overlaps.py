"""Two districts must not be able to mint the same library number."""

from typing import Any

import pytest

from access_service.errors import ConfigError
from access_service.overlaps import check_overlaps
from access_service.settings import District
from tests.access_service.seed import district


def _district(code: str, template: str, pattern: str = r"\d{7}", **number: Any) -> District:
    raw = district(code, template).model_dump()
    raw["rules"]["student_number"] |= {"pattern": pattern, "clean": ("trim",), "pad_to": 0, **number}
    return District.model_validate(raw)


APART = [
    (("29{student_number}", r"\d{7}"), ("30{student_number}", r"\d{7}")),
    (("29{student_number}", r"\d{7}"), ("29{student_number}", r"\d{8}")),
    (("{student_number}", r"1\d{6}"), ("{student_number}", r"2\d{6}")),
    (("{student_number}A", r"\d{7}"), ("{student_number}B", r"\d{7}")),
    (("A{student_number}", r"\d+"), ("B{student_number}", r"\d+")),
]
TOGETHER = [
    (("29{student_number}", r"\d{7}"), ("29{student_number}", r"\d{7}")),
    (("29-{student_number}", r"\d{7}"), ("29{student_number}", r"\d{7}")),
    (("a{student_number}", r"\d{7}"), ("A{student_number}", r"\d{7}")),
    (("2{student_number}", r"\d{8}"), ("29{student_number}", r"\d{7}")),
    (("2{student_number}", r"\d{8}"), ("213{student_number}", r"\d{6}")),
    (("29{student_number}", r"\d{6,8}"), ("29{student_number}", r"\d{8,9}")),
    (("{student_number}", r"\d{5}"), ("{student_number}1", r"\d{4}")),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_districts_that_cannot_meet_are_accepted(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Another prefix, another suffix, another length or another range of numbers."""
    check_overlaps({"one": _district("one", *one), "other": _district("other", *other)})


@pytest.mark.parametrize(("one", "other"), [*TOGETHER, *((b, a) for a, b in TOGETHER)])
def test_districts_that_can_meet_are_refused_by_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    """The same number from both, in whichever order they are read: one line names both files and the remedy."""
    with pytest.raises(ConfigError) as caught:
        check_overlaps({"one": _district("one", *one), "other": _district("other", *other)})
    said = str(caught.value)
    assert "one.toml" in said and "other.toml" in said and "give one another prefix" in said
    assert "\n" not in said


def test_the_examples_of_a_district_are_tried_too() -> None:
    """Patterns of letters are beyond the samples of digits; the district's own examples stand for them."""
    lettered = (r"[A-Z]{2}\d{5}", "AB12345")
    districts = []
    for code in ("one", "other"):
        raw = _district(code, "29{student_number}", lettered[0]).model_dump()
        raw["examples"][0]["student_number"] = lettered[1]
        districts.append(District.model_validate(raw))
    with pytest.raises(ConfigError, match="same number"):
        check_overlaps({each.code: each for each in districts})


def test_all_pairs_are_compared() -> None:
    """The third and the fifth of five meet."""
    templates = ["1{student_number}", "2{student_number}", "3{student_number}", "4{student_number}"]
    districts = {f"d{n}": _district(f"d{n}", template) for n, template in enumerate([*templates, templates[2]])}
    with pytest.raises(ConfigError, match=r"d2\.toml and d4\.toml"):
        check_overlaps(districts)


def test_one_district_or_none_has_nothing_to_overlap() -> None:
    """An installation begins small."""
    check_overlaps({})
    check_overlaps({"one": _district("one", "29{student_number}")})


@pytest.mark.parametrize(
    ("template", "pattern", "together"),
    [
        ("29{staff_number}", r"\d{7}", True),
        ("2{staff_number}", r"\d{8}", True),
        ("29{staff_number}", r"\d{6}", False),
        ("T{staff_number}", r"\d{7}", False),
    ],
)
def test_students_and_educators_of_a_district_are_compared(template: str, pattern: str, together: bool) -> None:
    """Their own, and those of every other district."""
    raw = _district("one", "29{student_number}").model_dump()
    educators = {"staff_number": {"pattern": pattern}, "library_number": template, "patron_type": "EDU"}
    educators |= {"pin": {"rule": "unclaimed"}, "expiry": {"pivot": "06-30", "expires": "10-31"}}
    raw["rules"]["educators"] = educators
    one, plain = District.model_validate(raw), _district("two", "29{student_number}")
    raw["rules"] |= {"library_number": "77{student_number}"}
    alone = District.model_validate(raw)
    for districts, said in (({"one": one}, r"of \[rules\] and of"), ({"one": alone, "two": plain}, r"two\.toml")):
        if together:
            with pytest.raises(ConfigError, match=said):
                check_overlaps(districts)
        else:
            check_overlaps(districts)
