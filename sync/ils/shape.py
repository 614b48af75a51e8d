"""What a format of a load is: a value of this shape a module of `formats`."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from access_service.ils import AccountField, Action, Ils
from sync.ils.orders import Account, Order

# In the name of a file that is for staff, and not for the ILS.
BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class LoadFile:
    """One file of a load. `part` comes into its name after district and number, and files are taken in the order of
    their names: "1-renumber.csv", "2-create.csv"."""

    part: str
    chunks: Iterable[bytes] = field(repr=False)


# What most loads tell of an account.
USUAL = frozenset(
    {
        AccountField.NUMBER,
        AccountField.KEY,
        AccountField.FAMILY_NAME,
        AccountField.GIVEN_NAME,
        AccountField.PATRON_TYPE,
        AccountField.BRANCH,
        AccountField.EXPIRES,
        AccountField.PIN,
    }
)

# Tells the ILS one order; "" where it was taken, else the ILS's own words. Errors: UndeliveredError.
Call = Callable[[Order], str]
# The same of orders of one action, with an answer each.
CallTogether = Callable[[Sequence[Order]], list[str]]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of a load.

    `fields` says what it tells of an account, `lengths` how many characters the ILS takes, `needed` what it does not
    take blank. It has `files`, or an API, or both: `api` is told one order a call, `together` some. `fault` says what
    else the ILS cannot take of an account, or "". `renumbers` says whether a load can give an account another
    number.
    """

    fields: Callable[[Ils], frozenset[AccountField]]
    lengths: Mapping[AccountField, int] = field(default_factory=dict)
    needed: frozenset[AccountField] = frozenset()
    files: Callable[[Sequence[Order], Ils], Iterator[LoadFile]] | None = None
    api: Callable[[Ils], AbstractContextManager[Call]] | None = None
    together: Callable[[Ils], AbstractContextManager[CallTogether]] | None = None
    fault: Callable[[Account, Ils], str] | None = None
    renumbers: Callable[[Ils], bool] = lambda _: True


def fault(order: Order, form: Format, ils: Ils) -> str:
    """Why the ILS cannot take an order, or "". Never quotes a personal value."""
    account = order.account
    if order.action is Action.RENUMBER and not form.renumbers(ils):
        return "library_number is another one, which no load can say to this ILS; change it there by hand"
    for name in sorted(form.fields(ils) - ils.never):
        value = str(getattr(account, name))
        if len(value) > form.lengths.get(name, len(value)):
            return f"{name} has {len(value)} characters, and the ILS takes {form.lengths[name]}"
        if not value and name in form.needed:
            return f"{name} is missing, and the ILS takes nobody without it"
        if not value.isprintable():
            return f"{name} has a character that is none of a text"
    for known, name in ((ils.branches, AccountField.BRANCH), (ils.patron_types, AccountField.PATRON_TYPE)):
        if known and (value := getattr(account, name)) not in known:
            return f"{name} {value!r} is none of those in [ils]; add it in the ILS and there, or mend [rules]"
    return form.fault(account, ils) if form.fault else ""


def by_action(orders: Sequence[Order]) -> Iterator[tuple[str, list[Order]]]:
    """The orders of each action, with the beginning of their file's `part`."""
    for place, action in enumerate(Action, 1):
        if these := [order for order in orders if order.action is action]:
            yield f"{place}-{action}", these


def by_fields(orders: Iterable[Order]) -> Iterator[tuple[frozenset[AccountField], list[Account]]]:
    """The accounts of which the same is to be told."""
    found: dict[frozenset[AccountField], list[Account]] = defaultdict(list)
    for order in orders:
        found[order.fields].append(order.account)
    yield from found.items()


def slices(orders: Sequence[Order], size: int) -> Iterator[Sequence[Order]]:
    """So many at a time, so that a first load of everybody is never in memory as text."""
    return (orders[start : start + size] for start in range(0, len(orders), size))
