"""When a district's nights are, as its [schedule] says."""

from datetime import date, time
from typing import Annotated

from pydantic import AfterValidator, Field

from access_service.domain.calendar import Break
from access_service.domain.cron import Cron
from access_service.toml import Table


def _cron(text: str) -> str:
    Cron.parse(text)
    return text


class Schedule(Table):
    """By the district's own clock. `cron` are the times of its nights, each with up to `jitter_seconds` more. Every
    `poll_minutes` from `poll_from` until `poll_until` somebody looks whether a new file is there; equal times are the
    whole day. On the days of `blackout` neither happens.

    A good night may be `late_hours` late, and so many nights in a row may bring no newer file (`stale_nights`).
    """

    cron: Annotated[tuple[Annotated[str, AfterValidator(_cron)], ...], Field(min_length=1)]
    jitter_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    poll_minutes: Annotated[float, Field(gt=0, le=1440)] | None = None
    poll_from: time = time(0)
    poll_until: time = time(0)
    blackout: tuple[Break, ...] = ()
    late_hours: Annotated[float, Field(gt=0, le=1000)] = 2
    stale_nights: Annotated[int, Field(ge=1, le=366)] = 3

    @property
    def times(self) -> tuple[Cron, ...]:
        return tuple(map(Cron.parse, self.cron))

    def is_out(self, day: date) -> bool:
        """Whether a day is one of the blackout."""
        return any(each.first <= day <= each.last for each in self.blackout)

    def polls_at(self, moment: time) -> bool:
        """Whether a time of day, by the district's clock, is one to look for a new file."""
        if self.poll_minutes is None:
            return False
        if self.poll_from < self.poll_until:
            return self.poll_from <= moment < self.poll_until
        return moment >= self.poll_from or moment < self.poll_until
