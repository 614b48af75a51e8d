"""Two districts, or a district's students and its educators, must not be able to mint the same library number."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

from access_service.domain.identifiers import fold, is_minted
from access_service.domain.mapping import Terms
from access_service.errors import ConfigError
from access_service.settings import District


def check_overlaps(districts: Mapping[str, District]) -> None:
    """ConfigError names two files, or tables of one, where a sample number of one could be a library number of the
    other.

    A pattern is a regular expression, so this tries samples: the district's examples, and each digit repeated to
    every length that its pattern takes. What slips through is excluded when it happens (number_collision).
    """
    minting = [(each, terms) for each in districts.values() for terms in each.rules.terms.values()]
    for pair in combinations(minting, 2):
        for (here, ours), (there, theirs) in (pair, pair[::-1]):
            if any(is_minted(fold(number), theirs.number, theirs.template) for number in _samples(here, ours)):
                both = f"{here.code}.toml and {there.code}.toml: [rules] library_number of both"
                if here is there:
                    both = f"{here.code}.toml: library_number of [rules] and of [rules.educators]"
                raise ConfigError(f"{both} can make the same number; give one another prefix")


def _samples(district: District, terms: Terms) -> Iterator[str]:
    numbers = [terms.number.apply(example.student_number) for example in district.examples]
    numbers += [
        digit * length
        for digit in "0123456789"
        for length in range(1, district.rules.number_max_length + 1)
        if re.fullmatch(terms.number.pattern, digit * length)
    ]
    return (terms.template.mint(number) for number in numbers if number)
