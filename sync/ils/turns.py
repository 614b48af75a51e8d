"""Numbers that pass from one account of the ILS to another are given up in one load and taken in the next.

Loaders find an account by its number. A load that comes twice would otherwise take the number from whoever has it then.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from access_service.ils import Action
from sync.ils.orders import Account, Order

_TAKING = frozenset({Action.CREATE, Action.RENUMBER})


@dataclass(frozen=True, slots=True)
class Turn:
    """The orders of a load, whose accounts must be left out of it, and whether another load has to follow."""

    orders: list[Order]
    stuck: list[Account]
    more: bool


def take_turns(orders: Iterable[Order], held: Mapping[str, int]) -> Turn:
    """`held` says whose account, by patron id, the ILS still has under a number that is theirs no longer here.

    An account whose number another one has yet goes aside, to a number that is nobody's; a new one waits. Where that
    other one does not move, nothing can be said of it.
    """
    listed = list(orders)
    if not held:
        return Turn(listed, [], more=False)
    taking = {order.account.patron_id: order for order in listed if order.action in _TAKING}
    wanted = {one: held.get(order.account.library_number, one) for one, order in taking.items()}
    moving = {one for one, order in taking.items() if order.action is Action.RENUMBER}
    left = -1
    while left != (left := len(moving)):
        moving = {one for one in moving if wanted[one] == one or wanted[one] in moving}
    stuck = {one for one, holder in wanted.items() if holder != one and holder not in moving}
    aside = {one for one, holder in wanted.items() if holder != one and one not in stuck}
    turned = (_aside(order) if order.account.patron_id in aside else order for order in listed)
    left_out = {one for one in aside if taking[one].action is Action.CREATE} | stuck
    return Turn(
        # One who went aside before stays there.
        [o for o in turned if o.account.patron_id not in left_out and o.former != o.account.library_number],
        [taking[one].account for one in sorted(stuck)],
        more=bool(aside),
    )


def _aside(order: Order) -> Order:
    account = order.account
    return replace(order, account=replace(account, library_number=f"T{account.patron_id}"))
