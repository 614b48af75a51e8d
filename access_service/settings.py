"""What an installation configures: TOML files, and the environment for secrets and places."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationError, model_validator

from access_service.domain.calendar import SchoolCalendar
from access_service.domain.mapping import Exclusion, MappingRules
from access_service.domain.pins import BIRTH_DATE_FORMATS, PinKind, Reissue
from access_service.domain.sensitive import is_sensitive
from access_service.domain.student import Role, canonical_grade
from access_service.errors import ConfigError
from access_service.limits import Limits
from access_service.notices import Mail, Notify
from access_service.timetable import Schedule
from access_service.toml import Table

# Environment variables that override a key of service.toml.
PLACES = {"DATABASE_URL": ("database", "url"), "HTTP_PORT": ("http", "port")}

# In our words, by pydantic's code; its own text serves for all others.
KEY_PROBLEMS = {
    "missing": "is missing; docs/configuration.md says what it should be",
    **dict.fromkeys(
        ("extra_forbidden", "unexpected_keyword_argument"), "unknown key; docs/configuration.md has those there are"
    ),
}

# Also of rows whose district is not configured any more.
QUARANTINE_DAYS = 30
WARNING_DAYS = 60

# What a roster row can carry for us, and an agreement can allow. The first two are what the service is.
RosterField = Literal[
    "source_id",
    "student_number",
    "school",
    "grade",
    "given_name",
    "family_name",
    "birth_date",
    "pin",
    "state_id",
    "opt_out",
]

# What else a column can say that decides about a row and is not kept.
Deciding = Literal["status", "exit_date", "role", "full_name"]
MappedField = Literal["school", "grade", "status", "role", "opt_out"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError('should be an IANA time zone such as "America/New_York"') from None
    return name


class Database(Table):
    url: str = "sqlite:///var/access.db"


class Http(Table):
    """`proxies` counts the reverse proxies in front of us whose X-Forwarded-For may be believed."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    proxies: Annotated[int, Field(ge=0, le=4)] = 0


class Service(Table):
    """service.toml. `spool` is the folder where a roster lies while a run reads it, and `audit_heads` the file that
    knows the newest entry of the audit: best on another disk than the database."""

    database: Database = Database()
    http: Http = Http()
    spool: Path = Path("var/spool")
    audit_heads: Path = Path("var/audit-heads.jsonl")
    mail: Mail | None = None


class DistrictTable(Table):
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    name: str
    timezone: Annotated[str, AfterValidator(_zone)]


class Agreement(Table):
    """Who signed what with whom. Columns for fields not listed are dropped while reading. How many days something is
    kept: a row that cannot be used, a held file, what an undo needs, who it was who left; and how long after its end
    cards still work."""

    signed_by: str
    starts: date
    ends: date
    fields: frozenset[RosterField]
    quarantine_days: Annotated[int, Field(ge=1, le=366)] = QUARANTINE_DAYS
    raw_days: Annotated[int, Field(ge=1, le=366)] = 14
    undo_days: Annotated[int, Field(ge=1, le=3660)] = 90
    forget_days: Annotated[int, Field(ge=1, le=36600)] = 730
    wind_down_days: Annotated[int, Field(ge=0, le=3660)] = 30

    @property
    def last_day(self) -> date:
        """The last day on which anybody's card is good."""
        return self.ends + timedelta(days=self.wind_down_days)

    def warning(self, today: date) -> str:
        """What to be warned of, from WARNING_DAYS before the end on, or ""."""
        days = (self.ends - today).days
        if days < 0:
            return f"the agreement ended on {self.ends}: no run starts, and no card works after {self.last_day}"
        return f"the agreement ends in {days} days, on {self.ends}" if days <= WARNING_DAYS else ""

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.ends < self.starts:
            raise ValueError("ends before it starts")
        if self.forget_days < self.undo_days:
            raise ValueError("forget_days: should not be less than undo_days, for an undo would bring names back")
        return self


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


class District(Table):
    """districts/CODE.toml."""

    district: DistrictTable
    agreement: Agreement
    feed: Feed
    rules: MappingRules
    calendar: SchoolCalendar = SchoolCalendar()
    limits: Limits = Limits()
    notify: Notify = Notify()
    schedule: Schedule | None = None
    examples: Annotated[tuple[Example, ...], Field(min_length=1)]

    @property
    def code(self) -> str:
        return self.district.code

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.district.timezone)

    @model_validator(mode="after")
    def _agreement_covers_rules(self) -> Self:
        needed = {"source_id", "student_number", "school", "grade"}
        pins = {terms.pin.rule for terms in self.rules.terms.values()}
        if pins & BIRTH_DATE_FORMATS.keys():
            needed.add("birth_date")
        if PinKind.COLUMN in pins:
            needed.add("pin")
        if self.rules.of_age:
            needed.add("birth_date")
        if missing := sorted(needed - self.agreement.fields):
            raise ValueError(f"[agreement] fields: the rules need {', '.join(map(repr, missing))}")
        if PinKind.COLUMN in pins and "pin" not in self.feed.columns:
            raise ValueError("[feed] columns: should name the roster column of 'pin', which a PIN rule needs")
        return self

    @model_validator(mode="after")
    def _pins_have_their_window(self) -> Self:
        window = any(year.pin_reissue for year in self.calendar.years)
        rules = {terms.pin.reissue for terms in self.rules.terms.values()}
        if Reissue.WINDOW in rules and not window:
            raise ValueError('[rules.pin] reissue: "window" needs pin_reissue in a [[calendar.years]]')
        return self

    @model_validator(mode="after")
    def _opt_outs_are_meant(self) -> Self:
        """Which of two words means that a family opted out, nobody guesses: it is said, and again in an example."""
        cells = {example.opt_out_cell for example in self.examples if example.opt_out_cell is not None}
        if "opt_out" not in self.feed.columns:
            if cells or "opt_out" in self.feed.values:
                raise ValueError("[feed] columns: should name the roster column of 'opt_out'")
            return self
        if "opt_out" not in self.agreement.fields:
            raise ValueError("[agreement] fields: should have 'opt_out', which [feed] columns names")
        meanings = self.feed.values.get("opt_out", {})
        if {*meanings.values()} != {"in", "out"}:
            raise ValueError('[feed.values.opt_out]: should say which cells mean "in" and which "out"')
        if not any(meanings.get(cell) == "out" for cell in cells):
            raise ValueError('[[examples]]: one should have an opt_out_cell and excluded = "opted_out"')
        return self


class Settings(Table):
    service: Service
    districts: Mapping[str, District]

    def district(self, code: str) -> District:
        """One district by code; ConfigError names those there are."""
        if code not in self.districts:
            known = ", ".join(sorted(self.districts)) or "none"
            raise ConfigError(f"no district {code!r}; config/districts has: {known}")
        return self.districts[code]


TableT = TypeVar("TableT", bound=Table)


def load(folder: Path) -> Settings:
    """Read service.toml and districts/*.toml. Errors: ConfigError, one line with file, key and what it should be.

    `example.toml` only explains: it is checked like the others and never a district.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; name it with --config or ACCESS_CONFIG")
    service = _service(folder / "service.toml")
    districts: dict[str, District] = {}
    for path in sorted((folder / "districts").glob("*.toml")):
        district = _validate(District, path, _read(path))
        if path.stem != district.code:
            raise ConfigError(
                f"{path}: [district] code is {district.code!r}, so the file should be {district.code}.toml"
            )
        if district.code != "example":
            if district.notify.to and not service.mail:
                raise ConfigError(f"{path}: notify.to: needs a [mail] server in service.toml")
            districts[district.code] = district
    return Settings(service=service, districts=districts)


def secret(name: str) -> str:
    """A secret from the environment variable `name`, or from the file that `name`_FILE names."""
    if value := os.environ.get(name):
        return value
    if not (path := os.environ.get(f"{name}_FILE")):
        raise ConfigError(f"set {name}, or {name}_FILE to a file that holds it")
    try:
        value = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_FILE: cannot read {path}: {error.__class__.__name__}") from error
    if not value:
        raise ConfigError(f"{name}_FILE: {path} is empty")
    return value


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def _service(path: Path) -> Service:
    table = _read(path)
    _validate(Service, path, table)
    service = _validate(Service, f"environment variable {' or '.join(PLACES)}", _with_places(table))
    # From beside the configuration folder, wherever a command is started: cron starts it at home.
    root = path.absolute().parent.parent
    url = re.sub(r"^sqlite:///(?=[^/])", f"sqlite:///{root}/", service.database.url)
    places = {"spool": root / service.spool, "audit_heads": root / service.audit_heads}
    return service.model_copy(update={**places, "database": Database(url=url)})


def _with_places(table: dict[str, Any]) -> dict[str, Any]:
    for variable, (section, key) in PLACES.items():
        if value := os.environ.get(variable):
            table[section] = {**table.get(section, {}), key: value}
    return table


def _validate(model: type[TableT], source: Path | str, table: dict[str, Any]) -> TableT:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        first, *others = error.errors(include_input=False, include_url=False)
        where = ".".join(str(part) for part in first["loc"])
        more = f" (and {len(others)} more)" if others else ""
        message = KEY_PROBLEMS.get(first["type"], first["msg"].removeprefix("Value error, "))
        raise ConfigError(f"{source}: {where + ': ' if where else ''}{message}{more}") from error
