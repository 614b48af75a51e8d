"""[[examples]] of a district: what its rules are meant to make of a row."""

from datetime import date
from typing import Self

from pydantic import model_validator

from access_service.domain.mapping import Exclusion
from access_service.domain.student import Role
from access_service.toml import KEY_PROBLEMS, Table


class Example(Table):
    """A made-up roster row and what the rules must make of it: a card, or the Exclusion in `excluded`."""

    student_number: str
    school: str
    grade: str = ""
    role: Role = Role.STUDENT
    birth_date: date | None = None
    roster_pin: str = ""
    opt_out_cell: str | None = None
    library_number: str | None = None
    patron_type: str | None = None
    branch: str | None = None
    pin: str | None = None
    excluded: Exclusion | None = None

    @model_validator(mode="after")
    def _students_are_in_a_grade(self) -> Self:
        if self.role is Role.STUDENT and "grade" not in self.model_fields_set:
            raise ValueError(f"grade: {KEY_PROBLEMS['missing']}")
        return self
