"""[feed] of a district: where its roster comes from and how its columns are read."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from access_service.domain.sensitive import is_sensitive
from access_service.domain.student import canonical_grade
from access_service.settings.agreement import RosterField
from access_service.toml import Table

# What else a column can say that decides about a row and is not kept.
Deciding = Literal["status", "exit_date", "role", "full_name"]
MappedField = Literal["school", "grade", "status", "role", "opt_out"]


class Feed(Table):
    """Where the roster comes from. Times are seconds, sizes bytes.

    `package` is "zip" for one archive whose name fits `pattern`, or "files" for all files in `folder` that fit it.
    `complete` is "settled" (size and time the same after `settle_seconds`) or "marker" (a file NAME + `marker`).
    `columns` names the roster column of a field where it is not the format's own; without a `header`, its position
    ("1" is the first). `school` is everybody's where no column has it. `values` says by field what a cell means.
    `feedback` is the folder on the server for what we found in their rows, or "" for none.
    """

    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str
    host_keys: Annotated[tuple[Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")], ...], Field(min_length=1)]
    folder: str = "."
    pattern: str = "*.zip"
    package: Literal["zip", "files"] = "zip"
    complete: Literal["settled", "marker"] = "settled"
    settle_seconds: Annotated[float, Field(ge=0, le=3600)] = 60
    marker: Annotated[str, Field(pattern=r"^[^/]+$")] = ".done"
    max_bytes: Annotated[int, Field(ge=1)] = 256 * 1024 * 1024
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    tries: Annotated[int, Field(ge=1, le=10)] = 5
    fallback_encoding: Literal["", "cp1252"] = ""
    feedback: str = ""
    header: bool = True
    school: str = ""
    columns: Mapping[RosterField | Deciding, str] = {}
    values: Mapping[MappedField, Mapping[str, str]] = {}

    @model_validator(mode="after")
    def _names_columns_that_may_be_read(self) -> Self:
        for field, name in self.columns.items():
            if is_sensitive(name):
                raise ValueError(f"columns.{field}: {name!r} is never read, whatever it holds; name another column")
            if not self.header and not re.fullmatch("[1-9][0-9]{0,2}", name):
                raise ValueError(f'columns.{field}: without a header it should be a position, such as "1"')
        return self

    @model_validator(mode="after")
    def _values_mean_something(self) -> Self:
        for grade in self.values.get("grade", {}).values():
            if grade and canonical_grade(grade) is None:
                raise ValueError(f"values.grade: {grade!r} is no grade; docs/configuration.md has those there are")
        for status in self.values.get("status", {}).values():
            if status not in ("active", "inactive"):
                raise ValueError(f'values.status: {status!r} should be "active" or "inactive"')
        for said in self.values.get("opt_out", {}).values():
            if said not in ("in", "out"):
                raise ValueError(f'values.opt_out: {said!r} should be "in" or "out"')
        return self
