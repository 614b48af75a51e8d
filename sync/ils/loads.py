"""Loads in their order: made in one transaction, delivered until they have come, and only then taken for known.

While one is yet to be delivered there is no other: what came meanwhile is in the next. A load that may have come is
delivered again as it was, so that the ILS gets the same orders twice and never others in their place.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection

from access_service.domain.calendar import Freeze
from access_service.errors import OvertakenError
from access_service.ils import AccountField, Action, Ils
from access_service.opt_outs import Ledger
from access_service.pin_vault import PinVault
from access_service.settings import District
from access_service.storage import ils as storage
from access_service.storage import opt_outs
from access_service.storage.engine import Databases, snapshot
from access_service.storage.ils import AccountRow, AccountState, Known, Load, LoadState
from access_service.storage.ils_cards import claim_accounts
from sync.awaited import waiting_pins
from sync.ils.claims import claimed
from sync.ils.decided import decided
from sync.ils.formats import FORMATS
from sync.ils.orders import TYPE_BEFORE, Account, Marks, Order, counts, nobody, opened, sealed
from sync.ils.wanted import ENDING, ONE_DAY, Tonight, Wanted, ordered, wanted


@dataclass(frozen=True)
class Loading:
    """One district's loads to the ILS, and with what they are made. `key` is SYNC_KEY; `freezes` are all that the
    district ever had."""

    databases: Databases
    district: District
    ils: Ils
    vault: PinVault
    key: bytes
    now: Callable[[], datetime]
    freezes: tuple[Freeze, ...] = ()

    @property
    def code(self) -> str:
        return self.district.code

    @property
    def today(self) -> date:
        return self.now().astimezone(self.district.zone).date()

    @property
    def marks(self) -> Marks:
        return Marks(self.key)

    def tonight(self, connection: Connection, *, whole: bool) -> Tonight:
        return Tonight(
            self.district,
            self.ils,
            FORMATS[self.ils.format],
            self.marks,
            self.today,
            self.freezes,
            whole,
            claimed(connection, self.district, self.ils),
            waiting_pins(connection, self.code, self.key),
            decided(connection, self.district),
        )


class Made(NamedTuple):
    """A load, where there is anything to tell; whether there is `more` once it is delivered; and how many accounts
    wait for an extract or a person."""

    load: Load | None
    more: bool
    waiting: int


def compare(loading: Loading, *, whole: bool, first: Sequence[Order] = ()) -> Wanted:
    """What the ILS is to be told now, as if the orders of `first` had come. Writes nothing."""
    of_first: dict[int, list[Order]] = {}
    for order in first:
        of_first.setdefault(order.account.patron_id, []).append(order)
    with snapshot(loading.databases) as connection:
        version = opt_outs.version(connection)
        known = storage.known(connection, loading.code)
        told = (_as_if_told(each, of_first.get(each.patron_id, ()), loading.marks) for each in known)
        found = wanted(told, loading.tonight(connection, whole=whole))
        ledger = Ledger.read(connection, loading.vault, loading.code)
        yesterday, ended = loading.today - ONE_DAY, {order.entry for order in first if order.entry > 0}
        found.orders += [
            Order(Action.EXPIRE, nobody(number, yesterday), ENDING, entry=entry)
            for entry, number in ledger.cards()
            if entry not in ended
        ]
    found.orders, found.opt_outs = ordered(found.orders), version
    return found


def _as_if_told(each: Known, orders: Sequence[Order], marks: Marks) -> Known:
    for order in orders:
        told = {**json.loads(each.told or "{}"), **marks.of(order.account, order.fields)}
        each = each._replace(number=order.account.library_number, made=True, told=json.dumps(told))
    return each


def make(loading: Loading, *, whole: bool = False) -> Made:
    """The next load, where there is anything to tell. Its orders are kept sealed until it is delivered."""
    found = compare(loading, whole=whole)
    with loading.databases.writer.begin() as connection:
        if opt_outs.claim(connection, 0) != found.opt_outs:
            raise OvertakenError("somebody opted out or in again this moment; `roster-sync load` tells the ILS")
        claim_accounts(connection)
        _keep_back(connection, loading, found)
        if not found.orders:
            return Made(None, more=False, waiting=found.waiting)
        number = storage.next_number(connection, loading.code)
        load = Load(
            district=loading.code,
            number=number,
            state=LoadState.READY,
            made_at=loading.now(),
            delivered_at=None,
            whole=whole,
            counts=counts(found.orders),
            sealed=sealed(found.orders, loading.key, place(loading.code, number)),
            answered=0,
            tries=0,
            error=None,
        )
        storage.add_load(connection, load)
        of_patrons = [order for order in found.orders if order.account.patron_id]
        rows = storage.accounts(connection, [order.account.patron_id for order in of_patrons])
        new = [order for order in of_patrons if not _is_made(rows.get(order.account.patron_id))]
        storage.replace_accounts(connection, (_on_its_way(loading, order, rows) for order in new))
    return Made(load, found.more, found.waiting)


def place(district: str, number: int) -> str:
    """What seals the orders of a load to it."""
    return f"{district} load {number}"


def give_up(loading: Loading, load: Load) -> None:
    """Deliver a load no more that cannot be read: what it would have made may be made by another."""
    with loading.databases.writer.begin() as connection:
        storage.unmake(connection, load.district)
        storage.delivered(connection, load.district, load.number, loading.now())


def orders_of(loading: Loading, load: Load) -> list[Order]:
    """The orders of a load that is yet to be delivered. Errors: OperatorError where they were sealed by another key."""
    return as_of_now(loading, list(opened(load.sealed or b"", loading.key, place(load.district, load.number))))


def as_of_now(loading: Loading, orders: Sequence[Order]) -> list[Order]:
    """Orders that are about to be told. Of one who opted out meanwhile only the number is."""
    with snapshot(loading.databases) as connection:
        known = storage.accounts(connection, [order.account.patron_id for order in orders])
    return [order if _of_somebody(order, known) else _ended(order, loading.today) for order in orders]


def _of_somebody(order: Order, known: Collection[int]) -> bool:
    return order.action is Action.EXPIRE or order.account.patron_id in known


def _ended(order: Order, today: date) -> Order:
    return Order(Action.EXPIRE, nobody(order.account.library_number, today - ONE_DAY), ENDING)


def left_alone(loading: Loading, orders: Sequence[Order]) -> frozenset[int]:
    """Patron ids of these orders whose accounts became staff's after they were given."""
    with loading.databases.reader.connect() as connection:
        rows = storage.accounts(connection, [order.account.patron_id for order in orders])
    return frozenset(row.patron_id for row in rows.values() if row.state == AccountState.THEIRS)


def acknowledge(loading: Loading, load: Load, orders: Sequence[Order], answers: Sequence[str], answered: int) -> None:
    """These orders have come, all that were before them too, `answered` in all: the ILS knows now what they say, but
    for those that it refused in the words of their answer."""
    taken = [order for order, words in zip(orders, answers, strict=True) if not words]
    with loading.databases.writer.begin() as connection:
        claim_accounts(connection)
        rows = storage.accounts(connection, [order.account.patron_id for order in orders])
        for order, words in zip(orders, answers, strict=True):
            if (row := rows.get(order.account.patron_id)) and row.state != AccountState.THEIRS:
                changed = _refused(row, order, words, loading) if words else _told(row, order, load, loading)
                rows[row.patron_id] = changed
        storage.replace_accounts(connection, rows.values())
        ended = [order.entry for order in taken if order.action is Action.EXPIRE]
        opt_outs.told(connection, loading.code, [entry for entry in ended if entry > 0])
        storage.drop_accounts(connection, [-entry for entry in ended if entry < 0])
        storage.forget_pins(connection, [row.patron_id for row in rows.values() if row.told != "{}"])
        storage.answered(connection, load.district, load.number, answered)


def _told(row: AccountRow, order: Order, load: Load, loading: Loading) -> AccountRow:
    before = json.loads(row.told)
    told = {**before, **loading.marks.of(order.account, order.fields)}
    if (had := before.get(AccountField.PATRON_TYPE)) != told.get(AccountField.PATRON_TYPE) and had:
        # A loader may keep it: then nobody has converted the account.
        told[TYPE_BEFORE] = had
    if order.action is Action.EXPIRE:
        # Of an account that is kept back, for the same reason as before.
        return row._replace(told=json.dumps(told), load=load.number, sent_on=loading.today.isoformat())
    return row._replace(
        number=order.account.library_number,
        state=AccountState.SENT.value,
        made=True,
        told=json.dumps(told),
        load=load.number,
        sent_on=loading.today.isoformat(),
        # An extract says when it was for nothing again.
        reason=row.reason if loading.ils.extract else None,
        reason_on=row.reason_on if loading.ils.extract else None,
        made_by=load.number if order.action is Action.CREATE else row.made_by,
    )


def _refused(row: AccountRow, order: Order, words: str, loading: Loading) -> AccountRow:
    made = row.made and order.action is not Action.CREATE
    on = row.reason_on if row.reason == words else loading.today.isoformat()
    return row._replace(state=AccountState.REFUSED.value, made=made, reason=words, reason_on=on)


def _is_made(row: AccountRow | None) -> bool:
    return row is not None and row.made


def _on_its_way(loading: Loading, order: Order, rows: Mapping[int, AccountRow]) -> AccountRow:
    """From now on the ILS may have it."""
    account = order.account
    new = AccountRow(
        account.patron_id, loading.code, "", AccountState.SENT.value, made=True, told="{}", theirs="[]", load=0
    )
    return rows.get(account.patron_id, new)._replace(number=account.library_number, made=True)


def _keep_back(connection: Connection, loading: Loading, found: Wanted) -> None:
    """Note whom the load leaves out and why, and whose reason is gone."""
    today = loading.today.isoformat()
    stored = storage.accounts(connection, [each.patron_id for each, _ in found.kept_back])
    stored |= storage.accounts(connection, [each.patron_id for each in found.settled])
    rows = []
    for each, reason in found.kept_back:
        row = stored.get(each.patron_id) or _unmade(each, loading)
        # An extract that was read meanwhile may say that it is staff's.
        if row.state != AccountState.THEIRS:
            since = row.reason_on if row.reason == reason else today
            rows.append(row._replace(state=AccountState.KEPT_BACK.value, reason=reason, reason_on=since))
    settled = [stored[each.patron_id] for each in found.settled if each.patron_id in stored]
    sent, waits = AccountState.SENT.value, AccountState.KEPT_BACK
    rows += [row._replace(state=sent, reason=None, reason_on=None) for row in settled if row.state == waits]
    storage.replace_accounts(connection, rows)
    storage.drop_accounts(connection, [each.patron_id for each in found.past])


def _unmade(each: Known | Account, loading: Loading) -> AccountRow:
    number = each.library_number
    return AccountRow(
        each.patron_id, loading.code, number, AccountState.KEPT_BACK, made=False, told="{}", theirs="[]", load=0
    )
