"""May they come in? Standing and PIN are two facts, and both must be right."""

from dataclasses import replace
from datetime import date

import pytest

from access_service.domain.access import Answer, PinResult, Standing, judge
from access_service.domain.patron import PatronRecord, Presence
from tests.access_service.seed import patron

TODAY = date(2026, 11, 3)


def _record(presence: Presence, expires: date, left_on: date | None = None) -> PatronRecord:
    return patron(presence=presence, expires=expires, left_on=left_on)


@pytest.mark.parametrize(
    ("presence", "expires", "standing"),
    [
        (Presence.PRESENT, date(2027, 9, 15), Standing.ACTIVE),
        (Presence.PRESENT, TODAY, Standing.ACTIVE),
        (Presence.PRESENT, date(2026, 11, 2), Standing.EXPIRED),
        (Presence.ABSENT, date(2027, 9, 15), Standing.ABSENT),
        (Presence.ABSENT, TODAY, Standing.ABSENT),
        (Presence.ABSENT, date(2026, 11, 2), Standing.EXPIRED),
        (Presence.LEFT, date(2027, 9, 15), Standing.LEFT),
        (Presence.LEFT, date(2026, 11, 2), Standing.LEFT),
        (Presence.GRADUATED, TODAY, Standing.GRADUATED),
        (Presence.GRADUATED, date(2026, 11, 2), Standing.LEFT),
        (Presence.CONVERTED, TODAY, Standing.ACTIVE),
        (Presence.CONVERTED, date(2026, 11, 2), Standing.EXPIRED),
    ],
)
def test_standing_follows_from_presence_and_date(presence: Presence, expires: date, standing: Standing) -> None:
    """A card is good through its last day; who left is never in good standing, who is absent still is."""
    assert judge(_record(presence, expires), TODAY) is standing


def test_a_block_counts_where_the_card_would_be_good() -> None:
    """Whoever left or expired is told that; the block is there all the same."""
    blocked = {
        presence: judge(replace(_record(presence, TODAY), blocked=True), TODAY)
        for presence in (Presence.PRESENT, Presence.ABSENT, Presence.GRADUATED, Presence.CONVERTED)
    }
    assert {*blocked.values()} == {Standing.BLOCKED}
    for presence, told in ((Presence.LEFT, Standing.LEFT), (Presence.PRESENT, Standing.EXPIRED)):
        assert judge(replace(_record(presence, date(2026, 11, 2)), blocked=True), TODAY) is told


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("pin", PinResult)
def test_only_a_right_pin_and_a_good_standing_let_anybody_in(standing: Standing, pin: PinResult) -> None:
    """Of all pairs of standing and PIN result exactly three open the door."""
    lets_in = {(good, PinResult.OK) for good in (Standing.ACTIVE, Standing.ABSENT, Standing.GRADUATED)}
    assert Answer(standing, pin).authenticated is ((standing, pin) in lets_in)


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (Standing.ACTIVE, Standing.ACTIVE),
        (Standing.ABSENT, Standing.ACTIVE),
        (Standing.EXPIRED, Standing.EXPIRED),
        (Standing.LEFT, Standing.EXPIRED),
        (Standing.AMBIGUOUS, Standing.UNKNOWN),
        (Standing.UNKNOWN, Standing.UNKNOWN),
    ],
)
def test_a_client_is_told_of_a_standing_what_it_may_know(standing: Standing, told: Standing) -> None:
    """Absent is told as active, left as expired, ambiguous as unknown."""
    assert Answer(standing, PinResult.UNCHECKED).told_standing is told


@pytest.mark.parametrize(
    ("pin", "told"),
    [
        (PinResult.OK, PinResult.OK),
        (PinResult.WRONG, PinResult.WRONG),
        (PinResult.MISSING, PinResult.MISSING),
        (PinResult.LOCKED, PinResult.WRONG),
        (PinResult.NONE_ISSUED, PinResult.WRONG),
        (PinResult.UNCHECKED, PinResult.UNCHECKED),
    ],
)
def test_a_lock_and_a_missing_pin_are_told_as_a_wrong_one(pin: PinResult, told: PinResult) -> None:
    """Nobody learns from an answer whether the card is locked or has no PIN at all."""
    assert Answer(Standing.ACTIVE, pin).told_pin is told


@pytest.mark.parametrize(
    ("presence", "expires", "left_on", "told"),
    [
        (Presence.PRESENT, date(2027, 9, 15), None, date(2027, 9, 15)),
        (Presence.LEFT, date(2027, 9, 15), TODAY, date(2026, 11, 2)),
        (Presence.LEFT, date(2026, 9, 15), TODAY, date(2026, 9, 15)),
    ],
)
def test_the_card_of_one_who_left_ended_the_day_before(
    presence: Presence, expires: date, left_on: date | None, told: date
) -> None:
    """A client that goes by the date alone must not let in who left today."""
    answer = Answer(Standing.LEFT, PinResult.UNCHECKED, _record(presence, expires, left_on))
    assert answer.told_expiry == told


def test_nobody_has_no_date() -> None:
    """An answer without a patron carries no date."""
    assert Answer(Standing.UNKNOWN, PinResult.UNCHECKED).told_expiry is None
