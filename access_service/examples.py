"""A district's [[examples]] are its rules in examples, run before every night and by check-config."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from access_service.domain.mapping import Exclusion, to_patron
from access_service.domain.pins import issued_pin
from access_service.domain.student import Student
from access_service.errors import ConfigError
from access_service.settings import District, Example

FACTS: tuple[str, ...] = ("library_number", "patron_type", "branch", "pin")


@dataclass(frozen=True, slots=True)
class Tried:
    """An example, what it says must come out, and what the rules make of it."""

    example: Example
    said: dict[str, str | None]
    made: dict[str, str | None]

    @property
    def row(self) -> dict[str, object]:
        """What the roster's row is said to hold."""
        said = self.example.model_dump(exclude_unset=True, exclude={*FACTS, "excluded"})
        return {key: value for key, value in said.items() if value not in (None, "")}

    @property
    def wrong(self) -> list[str]:
        """The facts that are others than it says."""
        return [key for key, said in self.said.items() if self.made[key] != said]


def tried(district: District) -> Iterator[Tried]:
    """Each example of a district, in its order."""
    for example in district.examples:
        yield Tried(example, _promises(example), _made(district, example))


def check_examples(district: District) -> None:
    """ConfigError names the first example that the rules make something else of."""
    for number, each in enumerate(tried(district), start=1):
        for key in each.wrong:
            made, said = each.made[key], each.said[key]
            raise ConfigError(
                f"{district.code}.toml [[examples]] {number}: by the rules {key} is {made!r}, not {said!r}"
            )


def _promises(example: Example) -> dict[str, str | None]:
    """What an example says must come out. Its `excluded` is always meant, said or not."""
    said = example.model_dump(include={*FACTS}, exclude_none=True)
    return {"excluded": example.excluded.value if example.excluded else None, **said}


def _made(district: District, example: Example) -> dict[str, str | None]:
    if example.opt_out_cell is not None and district.feed.values["opt_out"].get(example.opt_out_cell) != "in":
        return _nothing(Exclusion.OPTED_OUT)
    person = Student(
        source_id="example",
        student_number=example.student_number,
        school=example.school,
        grade=example.grade,
        birth_date=example.birth_date,
        pin=example.roster_pin,
        role=example.role,
    )
    made = to_patron(person, district.rules, district.code, date.max)
    if isinstance(made, Exclusion):
        return _nothing(made)
    pin = district.rules.terms[made.role].pin
    issued = issued_pin(pin, replace(person, student_number=made.student_number), date.max)
    return {
        "excluded": None,
        "library_number": made.library_number,
        "patron_type": made.patron_type,
        "branch": made.branch,
        "pin": issued,
    }


def _nothing(why: Exclusion) -> dict[str, str | None]:
    return dict.fromkeys(FACTS) | {"excluded": why.value}
