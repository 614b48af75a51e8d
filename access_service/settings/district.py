"""districts/CODE.toml: all that a library configures for one district."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from access_service.domain.calendar import SchoolCalendar
from access_service.domain.mapping import MappingRules
from access_service.domain.pins import BIRTH_DATE_FORMATS, PinKind, Reissue
from access_service.domain.wording import Language
from access_service.ils import OfDistrict
from access_service.limits import Limits
from access_service.notices import Notify
from access_service.settings.agreement import Agreement
from access_service.settings.example import Example
from access_service.settings.feed import Feed
from access_service.timetable import Schedule
from access_service.toml import Table


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError('should be an IANA time zone such as "America/New_York"') from None
    return name


class DistrictTable(Table):
    """`school_names` says by the roster's code what people call a school."""

    """`languages` are those of its families, in the order in which letters have them."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    name: str
    timezone: Annotated[str, AfterValidator(_zone)]
    school_names: Mapping[str, str] = {}
    languages: Annotated[tuple[Language, ...], Field(min_length=1)] = (Language.ENGLISH,)


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
    ils: OfDistrict = OfDistrict()
    examples: Annotated[tuple[Example, ...], Field(min_length=1)]

    @property
    def code(self) -> str:
        return self.district.code

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.district.timezone)

    def warnings(self, today: date) -> list[str]:
        """What of its file needs somebody soon, a line each."""
        found = [self.agreement.warning(today)]
        if self.calendar.ended(today):
            last = self.calendar.years[-1].last_day
            summer = "until then it is summer, in which nobody becomes absent or leaves"
            found.append(f"[[calendar.years]] ends on {last}; add the next year: {summer}")
        return [*filter(None, found)]

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
