"""What a night may do unattended, as a district's [limits] say."""

from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field

from access_service.domain.calendar import LEAP_YEAR, in_year
from access_service.toml import Table


def _month_day(text: str) -> str:
    in_year(text, LEAP_YEAR)
    return text


MonthDay = Annotated[str, AfterValidator(_month_day)]
Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0)]


class GroupLimits(Table):
    """The same for the students of one school, and of one grade."""

    removals_percent: Percent = 20
    removals_count: Count = 10
    updates_percent: Percent = 100
    updates_count: Count = 10


class Season(Table):
    """Days of the year, "MM-DD", in which other limits hold: the weeks of the rollover. Schools and grades are then
    watched only if `groups` says so, for all of a grade moves."""

    first: MonthDay
    last: MonthDay
    groups: bool = False
    creates_percent: Percent | None = None
    updates_percent: Percent | None = None
    returns_percent: Percent | None = None
    removals_percent: Percent | None = None
    renamed_percent: Percent | None = None
    drift_percent: Percent | None = None
    file_shrink_percent: Percent | None = None

    def has(self, day: date) -> bool:
        first, last, today = self.first, self.last, f"{day:%m-%d}"
        return first <= today <= last if first <= last else today >= first or today <= last


class Limits(Table):
    """What a night may do unattended: of each pair, the larger of a percent of the patrons and a count. A held night
    with more removals than `second_person_removals` is approved by two people."""

    creates_percent: Percent = 30
    creates_count: Count = 100
    updates_percent: Percent = 75
    updates_count: Count = 50
    returns_percent: Percent = 10
    returns_count: Count = 50
    removals_percent: Percent = 5
    removals_count: Count = 50
    collisions_percent: Percent = 1
    collisions_count: Count = 10
    rejects_percent: Percent = 0.5
    rejects_count: Count = 10
    renamed_percent: Percent = 20
    renamed_count: Count = 20
    rekeyed_percent: Percent = 2
    rekeyed_count: Count = 10
    recycled_percent: Percent = 0.5
    recycled_count: Count = 10
    faults_percent: Percent = 5
    faults_count: Count = 10
    drift_percent: Percent = 10
    drift_count: Count = 10
    schools_gone_count: Count = 0
    opt_outs_percent: Percent = 20
    opt_outs_count: Count = 5
    file_shrink_percent: Percent = 20
    second_person_removals: Count | None = None
    group: GroupLimits | None = GroupLimits()
    seasons: tuple[Season, ...] = ()

    def on(self, day: date) -> Self:
        """The limits of a day: those of its season, where it is in one."""
        season = next((season for season in self.seasons if season.has(day)), None)
        if season is None:
            return self
        own = season.model_dump(exclude={"first", "last", "groups"}, exclude_none=True)
        return self.model_copy(update=own | ({} if season.groups else {"group": None}))
