"""The files of a format, before anything is written: which columns, what they mean, and a person's rows in them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sync.synthetic.district import Person, SyntheticDistrict, adults, students
from sync.synthetic.names import FAMILY
from sync.synthetic.style import Row, Style

LEVELS = {"1": "Elementary", "2": "Middle", "3": "High"}
STUDENTS = frozenset({"student"})
TEACHERS = frozenset({"teacher"})
EVERYONE = frozenset({"student", "teacher", "guardian"})
NOBODY: frozenset[str] = frozenset()

# What becomes of one person before they are written; None leaves them out.
Change = Callable[[Person, SyntheticDistrict], Person | None]
# Tonight's students of a format, after the changes.
Stream = Callable[[SyntheticDistrict, Change], Iterator[Person]]


class Setting:
    """What is the same for all rows of a night."""

    def __init__(self, district: SyntheticDistrict) -> None:
        self.district = district
        self.orgs = {code: district.opaque_id("org", number) for number, code in enumerate(district.schools)}
        self.parent = district.opaque_id("district", 0)
        self.modified = f"{district.today}T04:00:00.000Z"

    @cached_property
    def teachers(self) -> Mapping[str, str]:
        """The source id of one teacher of each school; of none where the district has too few."""
        found: dict[str, str] = {}
        for person in adults(self.district):
            if person.role == "teacher":
                found.setdefault(person.school, person.source_id)
            if len(found) == len(self.orgs):
                break
        return found

    def school_names(self) -> Iterator[tuple[str, str]]:
        """Code and name of each school."""
        for number, code in enumerate(self.orgs):
            yield code, f"{FAMILY[number * 7 % len(FAMILY)]} {LEVELS[code[0]]} School"


Rows = Callable[[Sequence[Person], Setting], Iterable[Row]]


@dataclass(frozen=True)
class Sheet:
    """One file. `rows` makes those of some people of its `roles`; without roles it is asked once, with nobody.

    `means` says which column holds the fields that oddities know of.
    """

    name: str
    header: Row
    rows: Rows
    roles: frozenset[str] = STUDENTS
    means: Mapping[str, str] = field(default_factory=dict)

    def column(self, meaning: str) -> int:
        return self.header.index(self.means[meaning])


def tonight(district: SyntheticDistrict, change: Change) -> Iterator[Person]:
    """Everybody who is a student tonight."""
    for person in students(district):
        if changed := change(person, district):
            yield changed


def schools_listed(person: Person) -> tuple[str, ...]:
    return (person.school, person.second_school) if person.second_school else (person.school,)


def unchanged(person: Person, _district: SyntheticDistrict) -> Person:
    return person


@dataclass(frozen=True)
class Form:
    """A format. The first sheet is the one with the students. `manifest` is the version that a OneRoster manifest
    names; a `sparse` form leaves out files without a row. `change` is what the exporting system does to everyone."""

    description: str
    sheets: tuple[Sheet, ...]
    style: Style = field(default_factory=Style)
    stream: Stream = tonight
    manifest: str = ""
    sparse: bool = False
    headed: bool = True
    change: Change = unchanged
