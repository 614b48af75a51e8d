"""Which orders make the ILS hold what we hold: compared with what it was told, whatever became of earlier nights."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

from access_service.domain.calendar import Freeze
from access_service.domain.patron import Presence
from access_service.domain.student import Role
from access_service.ils import AccountField, Action, Ils
from access_service.settings import District
from access_service.storage.ils import AccountState, Known
from sync.ils.decided import Decided
from sync.ils.orders import Account, Marks, Order, nobody
from sync.ils.shape import Format, fault
from sync.ils.turns import take_turns

ONE_DAY = timedelta(days=1)
# What an EXPIRE tells.
ENDING = frozenset({AccountField.EXPIRES})
_OWNED = {
    AccountField.GIVEN_NAME,
    AccountField.FAMILY_NAME,
    AccountField.BRANCH,
    AccountField.PATRON_TYPE,
    AccountField.PROFILE,
}


@dataclass(frozen=True)
class Tonight:
    """For whom, how and when accounts are compared. With `whole` every one is told anew. `claims` are patrons without
    an account whose number is a card of the ILS all the same: "" where it is theirs, else why it is not. `pins` are
    those of accounts that are yet to be made, by patron id."""

    district: District
    ils: Ils
    format: Format
    marks: Marks
    today: date
    freezes: tuple[Freeze, ...] = ()
    whole: bool = False
    claims: Mapping[int, str] = field(default_factory=dict)
    pins: Mapping[int, str] = field(default_factory=dict, repr=False)
    decided: Decided = field(default_factory=Decided)

    @cached_property
    def fields(self) -> frozenset[AccountField]:
        return self.format.fields(self.ils) - self.ils.never

    @cached_property
    def again(self) -> frozenset[AccountField]:
        """Fields that are told whenever they change."""
        return self.fields - self.once

    @cached_property
    def anew(self) -> frozenset[AccountField]:
        """Fields that are told of an account again though we told them. What the library owns is not: staff have it
        from us once, and whenever they set it here."""
        owners = self.district.rules.owners
        return self.again - {name for name in _OWNED if owners.of(name) != "roster"}

    @cached_property
    def once(self) -> frozenset[AccountField]:
        """Fields that are told of a new account alone."""
        return self.ils.create_only | {AccountField.PIN}


@dataclass(slots=True)
class Wanted:
    """The orders of a load, planned by this version of the opt-out ledger; whom it leaves out, and why; whose reason is
    gone; who has waited in vain; and whether there is `more` to tell once it is delivered."""

    orders: list[Order] = field(default_factory=list)
    kept_back: list[tuple[Known | Account, str]] = field(default_factory=list)
    settled: list[Known] = field(default_factory=list)
    past: list[Known] = field(default_factory=list)
    waiting: int = 0
    opt_outs: int = 0
    more: bool = False


def wanted(known: Iterator[Known], tonight: Tonight) -> Wanted:
    """Compare every patron with what the ILS was told."""
    found, moving = Wanted(), dict[int, Known]()
    for each in known:
        if each.made and each.number and each.number != each.library_number:
            moving[each.patron_id] = each
        if each.state == AccountState.THEIRS or each.presence == Presence.CONVERTED or each.role == Role.TEST_CARD:
            continue
        if each.forgotten_on:
            _forgotten(each, tonight, found)
        else:
            _compare(each, tonight, found)
    turn = take_turns(found.orders, {each.number or "": one for one, each in moving.items()})
    found.orders, found.more = turn.orders, turn.more
    for account in turn.stuck:
        found.kept_back.append((account, "another account has its number in the ILS"))
        if waiting := moving.get(account.patron_id):
            found.orders += _end(waiting, account, tonight)
    return found


def _compare(each: Known, tonight: Tonight, found: Wanted) -> None:
    account = account_of(each, tonight)
    if each.made:
        orders = list(_changes(each, account, tonight))
    elif account.expires < tonight.today:
        # Whom the ILS never had it need not hear of.
        return
    elif claim := tonight.claims.get(each.patron_id):
        found.kept_back.append((each, claim))
        return
    elif each.patron_id in tonight.claims:
        # Adopted: it has a PIN already, and whatever else is told once.
        orders = [Order(Action.UPDATE, account, tonight.again)]
    elif tonight.decided.waits(each):
        found.waiting += 1
        return
    else:
        orders = [_new(account, tonight)]
    if reasons := [reason for order in orders if (reason := fault(order, tonight.format, tonight.ils))]:
        found.kept_back.append((each, reasons[0]))
        found.orders += _end(each, account, tonight)
        return
    if not orders and each.state == AccountState.KEPT_BACK:
        found.settled.append(each)
    found.orders += orders


def _new(account: Account, tonight: Tonight) -> Order:
    pin = tonight.pins.get(account.patron_id, "") if AccountField.PIN in tonight.fields else ""
    return Order(Action.CREATE, replace(account, pin=pin), tonight.fields)


def ordered(orders: Sequence[Order]) -> list[Order]:
    """As they are delivered: action by action, for a number must be free before another one has it."""
    actions = list(Action)
    return sorted(orders, key=lambda order: (actions.index(order.action), order.account.library_number))


def account_of(each: Known, tonight: Tonight) -> Account:
    """The account that a patron is to have."""
    key = each.patron_id if tonight.ils.key == "patron_id" else getattr(each, tonight.ils.key)
    return Account(
        each.patron_id,
        str(key),
        each.library_number,
        each.student_number,
        each.given_name,
        each.family_name,
        each.patron_type,
        each.profile,
        each.branch,
        each.school,
        each.grade,
        each.role,
        _good_through(each, tonight),
    )


def _good_through(each: Known, tonight: Tonight) -> date:
    """The last day, as every dialect tells it, unless a card that the student had is in use in its place.

    In a freeze without an end a card is good to the end of the next month, and every month anew, for the ILS does not
    ask us."""
    expires = min(each.expires, tonight.district.agreement.last_day)
    if each.presence == Presence.LEFT and each.left_on:
        return min(expires, each.left_on - ONE_DAY)
    for freeze in tonight.freezes:
        if freeze.holds(tonight.today) and freeze.first <= expires:
            expires = max(expires, min(freeze.last or _next_month(tonight.today), tonight.district.agreement.last_day))
    ended = tonight.decided.ended.get(each.patron_id)
    return min(expires, ended - ONE_DAY) if ended else expires


def _next_month(today: date) -> date:
    begun = (today.replace(day=1) + timedelta(days=62)).replace(day=1)
    return begun - ONE_DAY


def _changes(each: Known, account: Account, tonight: Tonight) -> Iterator[Order]:
    told = json.loads(each.told or "{}")
    theirs = {AccountField(name) for name in json.loads(each.theirs)} if each.theirs else set[AccountField]()
    # Of an account in whose place another card is used nothing but its end is told.
    again = ENDING if each.patron_id in tonight.decided.ended else tonight.again
    now = tonight.marks.of(account, again - theirs)
    differing = {AccountField(name) for name, value in now.items() if told.get(name) != value}
    if each.number != account.library_number:
        yield Order(Action.RENUMBER, account, frozenset({AccountField.NUMBER}), each.number or "")
        differing.discard(AccountField.NUMBER)
    if tonight.whole or differing:
        yield Order(
            Action.UPDATE, account, frozenset(differing | ((tonight.anew & again) - theirs if tonight.whole else set()))
        )


def _end(each: Known, account: Account, tonight: Tonight) -> Iterator[Order]:
    """The end of an account that is kept back, by what the ILS has it under: all else that there is to tell, it cannot
    take."""
    is_ours = AccountField.EXPIRES not in json.loads(each.theirs or "[]")
    if is_ours and account.expires < tonight.today and (number := _lasting(each, tonight)):
        yield Order(Action.EXPIRE, replace(nobody(number, account.expires), patron_id=each.patron_id), ENDING)


def _lasting(each: Known, tonight: Tonight) -> str:
    """The number of an account that the ILS was not told to have ended, or ""."""
    told = json.loads(each.told or "{}").get(AccountField.EXPIRES, "")
    return (each.made and (not told or date.fromisoformat(told) >= tonight.today) and each.number) or ""


def _forgotten(each: Known, tonight: Tonight, found: Wanted) -> None:
    """Whose time is over has expired in the ILS long ago; unless no load came through since."""
    if each.state is None:
        return
    if number := _lasting(each, tonight):
        account = nobody(number, tonight.today - ONE_DAY)
        found.orders.append(Order(Action.EXPIRE, account, ENDING, entry=-each.patron_id))
    else:
        found.past.append(each)
