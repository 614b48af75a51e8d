"""What is shown of a district or of one of its schools: a slice of the district's figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from access_service.settings import District
from access_service.story.cells import Cell, Hidden
from access_service.story.telling import ACCESS, Figures
from access_service.story.words import day_name, grade_name, school_name


@dataclass(frozen=True, slots=True)
class Part:
    """A school or a grade, with its numbers by measure."""

    code: str
    name: str
    numbers: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Scope:
    """`place` is its name and `of` the district's. A school has no `schools`; its nights are the district's."""

    place: str
    of: str
    school: str | None
    figures: Figures
    numbers: Mapping[str, Cell]
    schools: Sequence[Part]
    grades: Sequence[Part]
    months: Sequence[tuple[date, Cell]]
    access: Mapping[date, Cell]

    @property
    def last_month(self) -> tuple[date, Cell] | None:
        """The newest month that is over."""
        return self.months[-2] if len(self.months) > 1 else None

    @property
    def source(self) -> str:
        """What stands under a picture."""
        return f"Source: sign-ins with school IDs, {self.of}. As of {day_name(self.figures.today)}. < 10: hidden."


def scope(figures: Figures, district: District, school: str | None = None) -> Scope:
    """Of the whole district, or of a school of `figures.schools`."""
    name = district.district.name
    schools = [Part(code, school_name(district, code), figures.numbers(code)) for code in figures.schools]
    return Scope(
        place=name if school is None else school_name(district, school),
        of=name,
        school=school,
        figures=figures,
        numbers=figures.numbers(school),
        schools=sorted(schools, key=lambda part: part.name) if school is None else (),
        grades=[Part(code, grade_name(code), numbers) for code, numbers in figures.by_grade(school)],
        months=figures.by_month(school),
        access=figures.access_by_month(school),
    )


def largest(parts: Sequence[Part], most: int) -> list[Part]:
    """So many of them, by students with access; those that are hidden last."""
    return sorted(parts, key=lambda part: (-_size(part.numbers[ACCESS]), part.name))[:most]


def _size(cell: Cell) -> int:
    return -1 if isinstance(cell, Hidden) else cell
