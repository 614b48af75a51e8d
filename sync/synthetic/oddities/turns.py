"""Which rows an oddity befalls; the first row of data is 0."""

_OFTEN, _RARELY, _THIRD = 20, 997, 3


def always(_row: int) -> bool:
    return True


def by_turns(row: int) -> bool:
    return row % 2 == 1


def often(row: int) -> bool:
    return row % _OFTEN == _THIRD


def in_fives(row: int) -> bool:
    return row % 5 == _THIRD


def rarely(row: int) -> bool:
    """Few enough that a night with no other fault is applied, and at least once."""
    return row % _RARELY == _THIRD


def first(row: int) -> bool:
    return row == 0


def once(row: int) -> bool:
    return row == _THIRD
