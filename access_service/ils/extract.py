"""[ils.extract] and [ils.rejects]: what the ILS tells us, in the words of its own files."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from access_service.ils.csv_template import Encoding
from access_service.toml import Table


class Source(Table):
    """Where a file of the ILS lies: in a folder of this machine, or of an SFTP server, which without a `host` is the
    one of [ils.delivery]. Of several files that fit `pattern` the newest counts."""

    at: Literal["folder", "sftp"] = "folder"
    folder: Path
    pattern: str = "*.csv"
    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str = ""
    host_keys: tuple[Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")], ...] = ()
    encoding: Encoding = "utf-8"
    delimiter: Literal[",", ";", "\t", "|", "^"] = ","
    quote: Literal['"', "'", ""] = '"'
    header: bool = True

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.host and not (self.user and self.host_keys and self.at == "sftp"):
            raise ValueError('host: needs at = "sftp", user and host_keys')
        return self


class ExtractColumns(Table):
    """What the columns are called, or without a header their positions ("1" is the first). `number` can hold several,
    `full_name` is "LAST, FIRST". Names and birth dates are compared and never kept."""

    number: str
    key: str = ""
    patron_type: str = ""
    branch: str = ""
    expires: str = ""
    blocked: str = ""
    given_name: str = ""
    family_name: str = ""
    full_name: str = ""
    birth_date: str = ""


class Extract(Source):
    """The nightly patron file. It is refused where it is older than `max_age_hours`, or has less than `least_percent`
    of the rows, or of our accounts, that the last one had. `load_hours` is how long the ILS takes to load what was
    delivered. `dates` are strftime formats, tried in turn. With `blocked_values` these alone are a block, else all that
    is neither blank nor one of `free_values`. `values` says of a patron type or branch what it is called here."""

    max_age_hours: Annotated[float, Field(gt=0, le=24 * 31)] = 36
    least_percent: Annotated[int, Field(ge=1, le=100)] = 80
    load_hours: Annotated[float, Field(ge=0, le=24 * 7)] = 6
    dates: Annotated[tuple[str, ...], Field(min_length=1)] = ("%Y-%m-%d",)
    repeated: Annotated[str, Field(max_length=1)] = ""
    blocked_values: frozenset[str] = frozenset()
    free_values: frozenset[str] = frozenset()
    values: Mapping[Literal["patron_type", "branch"], Mapping[str, str]] = {}
    columns: ExtractColumns

    @model_validator(mode="after")
    def _names_columns(self) -> Self:
        if not self.header and (wrong := [name for name in self.named.values() if not _POSITION.fullmatch(name)]):
            raise ValueError(f'columns: without a header {wrong[0]!r} should be a position, such as "1"')
        return self

    @property
    def named(self) -> Mapping[str, str]:
        """The columns that there are, by what they say."""
        return {name: header for name, header in self.columns if header}


class RejectColumns(Table):
    """Which column has the number, and which the reason."""

    number: str
    reason: str


class Rejects(Source):
    """What the loader refused: a CSV by `columns`, or a text by `line`, a regular expression with the groups `number`
    and `reason`."""

    columns: RejectColumns | None = None
    line: str = ""

    @model_validator(mode="after")
    def _says_how(self) -> Self:
        if bool(self.columns) == bool(self.line):
            raise ValueError("needs either columns or line")
        try:
            groups = re.compile(self.line).groupindex
        except re.error as error:
            raise ValueError(f"line: not a regular expression: {error}") from None
        if self.line and not {"number", "reason"} <= groups.keys():
            raise ValueError("line: should have the groups (?P<number>...) and (?P<reason>...)")
        return self


_POSITION = re.compile("[1-9][0-9]{0,2}")
