"""What an order is, where the ILS keeps patrons one by one: found by our key, looked at, and only then changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from access_service.ils import Action, Ils
from sync.ils.api.answer import RefusedError
from sync.ils.orders import Order


@dataclass(frozen=True, slots=True)
class There:
    """An account as the ILS has it: `keys` are those of our kind, `record` is what was read."""

    at: str
    numbers: tuple[str, ...] = field(repr=False)
    keys: tuple[str, ...] = field(repr=False)
    patron_type: str
    record: Any = field(repr=False)


class Patrons(Protocol):
    """An ILS's accounts. `change` tells the fields of an order, and may be told it twice. Errors: as Api.ask."""

    def with_key(self, key: str) -> There | None: ...

    def with_number(self, number: str) -> There | None: ...

    def make(self, order: Order) -> None: ...

    def change(self, there: There, order: Order) -> None: ...


def tell(patrons: Patrons, order: Order, ils: Ils) -> None:
    """Tell one order, whether it was told before or not. An account that is not ours is never changed, and one that
    staff took another number for, or deleted, is left as it is. Errors: as Api.ask."""
    there = _there(patrons, order)
    if there:
        if ils.patron_types and there.patron_type not in ils.patron_types:
            raise RefusedError(f"its patron type there, {there.patron_type!r}, is none of those in [ils] patron_types")
        patrons.change(there, order)
    elif order.action is Action.CREATE:
        patrons.make(order)
    elif order.action is not Action.EXPIRE:
        raise RefusedError("not in the ILS under this number; staff may have deleted it")


def the_one(found: Iterable[There]) -> There | None:
    """Errors: RefusedError where there are several."""
    listed = [*found]
    if len(listed) > 1:
        raise RefusedError("several accounts have this number or key in the ILS; merge them there")
    return listed[0] if listed else None


def _there(patrons: Patrons, order: Order) -> There | None:
    number = order.account.library_number
    if order.action is Action.EXPIRE:
        there = patrons.with_number(number)
        if there and not there.keys:
            raise RefusedError("the account of this number has no key of ours in the ILS; see whose it is")
        return there
    there = patrons.with_key(order.account.key)
    if there and not {number, order.former} & {*there.numbers}:
        raise RefusedError("it has another number in the ILS; staff may have changed it")
    return there
