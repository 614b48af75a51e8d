"""Cron's five fields: which times fit, and what is refused in words."""

from datetime import datetime
from itertools import islice

import pytest

from access_service.domain.cron import Cron

SUNDAY = datetime.fromisoformat("2026-11-22")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 3 * * *", ["11-22 03:30", "11-23 03:30", "11-24 03:30"]),
        ("0 0 * * *", ["11-23 00:00", "11-24 00:00", "11-25 00:00"]),
        # In cron 1 is Monday; APScheduler's own reading would begin on Tuesday.
        ("0 2 * * 1-5", ["11-23 02:00", "11-24 02:00", "11-25 02:00"]),
        ("0 2 * * mon,WED", ["11-23 02:00", "11-25 02:00", "11-30 02:00"]),
        ("0 2 * * 0", ["11-22 02:00", "11-29 02:00", "12-06 02:00"]),
        ("0 2 * * 7", ["11-22 02:00", "11-29 02:00", "12-06 02:00"]),
        ("0,30 3 */15 * *", ["12-01 03:00", "12-01 03:30", "12-16 03:00"]),
        ("5 22/1 1 jan *", ["01-01 22:05", "01-01 23:05", "01-01 22:05"]),
        ("10-30/10 3 * * *", ["11-22 03:10", "11-22 03:20", "11-22 03:30"]),
        ("0 3 29 2 *", ["02-29 03:00", "02-29 03:00", "02-29 03:00"]),
    ],
)
def test_the_times_that_fit(text: str, expected: list[str]) -> None:
    """In order, the first one later than the start."""
    assert [f"{time:%m-%d %H:%M}" for time in islice(Cron.parse(text).times(SUNDAY), 3)] == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("30 3 * *", "minute, hour, day, month and weekday"),
        ("@daily", "minute, hour, day, month and weekday"),
        ("60 3 * * *", "minute '60' should be from 0 to 59"),
        ("0 24 * * *", "hour '24' should be from 0 to 23"),
        ("0 3 0 * *", "day '0' should be from 1 to 31"),
        ("0 3 * * 8", "weekday '8' should be from 0 to 7"),
        ("0 3 * * fry", "weekday 'fry' should be from 0 to 7"),
        ("0 \u0663 * * *", "hour '\u0663' should be from 0 to 23"),
        ("0 5-3 * * *", "hour '5-3' should go up"),
        ("*/0 3 * * *", "steps of 1 or more"),
        ("0 3,, * * *", "should be a number"),
        ("0 3 30 2 *", "a day that there never is"),
        ("0 3 1 * mon", "not both"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    """One clear line for each mistake."""
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z") as caught:
        Cron.parse(text)
    assert why in str(caught.value)
