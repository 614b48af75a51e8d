"""[agreement] of a district: what library and district signed."""

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from access_service.notices import Address
from access_service.toml import Table

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


class Agreement(Table):
    """Who signed what with whom. Columns for fields not listed are dropped while reading. How many days something is
    kept: a row that cannot be used, a held file, what an undo needs, who it was who left; and how long after its end
    cards still work. `contacts` get the report of each month by mail."""

    signed_by: str
    starts: date
    ends: date
    fields: frozenset[RosterField]
    quarantine_days: Annotated[int, Field(ge=1, le=366)] = QUARANTINE_DAYS
    raw_days: Annotated[int, Field(ge=1, le=366)] = 14
    undo_days: Annotated[int, Field(ge=1, le=3660)] = 90
    forget_days: Annotated[int, Field(ge=1, le=36600)] = 730
    wind_down_days: Annotated[int, Field(ge=0, le=3660)] = 30
    contacts: tuple[Address, ...] = ()

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
