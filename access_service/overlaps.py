"""Two districts must not be able to mint the same library number."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from access_service.domain.identifiers import fold
from access_service.errors import ConfigError
from access_service.settings import District


def check_overlaps(districts: Mapping[str, District]) -> None:
    """ConfigError names two districts where a sample number of one could be a library number of the other.

    A pattern is a regular expression, so this tries samples: the district's examples, and each digit repeated to
    every length that its pattern takes. What slips through is excluded when it happens (number_collision).
    """
    for one, other in combinations(districts.values(), 2):
        for here, there in ((one, other), (other, one)):
            if any(_could_mint(there, fold(number)) for number in _samples(here)):
                raise ConfigError(
                    f"{here.code}.toml and {there.code}.toml: [rules] library_number of both can make the same number;"
                    " give one another prefix"
                )


def _samples(district: District) -> Iterator[str]:
    rules = district.rules
    numbers = [rules.student_number.apply(example.student_number) for example in district.examples]
    numbers += [
        digit * length
        for digit in "0123456789"
        for length in range(1, rules.number_max_length + 1)
        if re.fullmatch(rules.student_number.pattern, digit * length)
    ]
    return (rules.template.mint(number) for number in numbers if number)


def _could_mint(district: District, key: str) -> bool:
    template = district.rules.template
    prefix, suffix = fold(template.prefix), fold(template.suffix)
    if not (key.startswith(prefix) and key.endswith(suffix) and len(key) > len(prefix) + len(suffix)):
        return False
    return re.fullmatch(district.rules.student_number.pattern, key[len(prefix) : len(key) - len(suffix)]) is not None
