"""[ils.csv]: any ILS that loads a CSV, in the words of its own file."""

import codecs
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from access_service.ils.account import AccountField, Action
from access_service.toml import Table


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError('should be an encoding such as "utf-8" or "cp1252"') from None
    return name


Encoding = Annotated[str, AfterValidator(_encoding)]


class Column(Table):
    """One column: a field, what its values are called there, or the same text in every row. `parts` are the files it
    can be in. An update has it only where the field is to be told, unless the ILS wants it `always`; `blank` stands for
    a value that is not known, without which nobody is told who lacks what is wanted always. `prefix` comes before a
    value, and what is `nested` is itself a line of CSV. The ILS takes `max_length` characters."""

    header: str
    field: AccountField | None = None
    values: Mapping[str, str] = {}
    constant: str | None = None
    always: bool = False
    blank: str = ""
    prefix: str = ""
    nested: bool = False
    max_length: Annotated[int, Field(ge=1)] | None = None
    parts: frozenset[Action] = frozenset(Action)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.field is None) == (self.constant is None):
            raise ValueError(f"columns: {self.header!r} should have either a field or a constant")
        return self


class CsvTemplate(Table):
    """The file. `date` is a strftime format. With a `second_row` the headers come twice, for a loader that passes over
    the row under them."""

    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: Encoding = "utf-8"
    line_end: Literal["\n", "\r\n"] = "\n"
    date: str = "%Y-%m-%d"
    header: bool = True
    second_row: bool = False

    @model_validator(mode="after")
    def _says_who_and_until_when(self) -> Self:
        for name in (AccountField.NUMBER, AccountField.EXPIRES):
            if all(column.field is not name for column in self.columns):
                raise ValueError(f"columns: one should have field = {name.value!r}")
        return self
