"""Who changed since last night, seat by seat, so that a million are never held in memory."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from sync.synthetic.district import Person, SyntheticDistrict, occupant
from sync.synthetic.sheet import Change

LEFT = "tobedeleted"


def changed(district: SyntheticDistrict, change: Change) -> Iterator[Person]:
    """New, moved, renamed and promoted students ("active"), and those who left ("tobedeleted"); all on night 0."""
    for before, now in _seats(district, change):
        if before == now:
            continue
        if before and (now is None or before.source_id != now.source_id):
            yield before._replace(status=LEFT)
        if now:
            yield now._replace(status="active")


def with_left(district: SyntheticDistrict, change: Change) -> Iterator[Person]:
    """Tonight's students, and those who left since last night: a student information system keeps them."""
    for before, now in _seats(district, change):
        if now:
            yield now
        if before and (now is None or before.source_id != now.source_id):
            yield before._replace(status=LEFT)


def _seats(district: SyntheticDistrict, change: Change) -> Iterator[tuple[Person | None, Person | None]]:
    """Of each seat who sat there last night, and who does tonight."""
    now = occupant(district)
    if not district.night:
        yield from ((None, change(now(seat), district)) for seat in range(district.size))
        return
    last_night = replace(district, night=district.night - 1, today=district.today - timedelta(days=1))
    before = occupant(last_night)
    for seat in range(district.size):
        yield change(before(seat), last_night), change(now(seat), district)
