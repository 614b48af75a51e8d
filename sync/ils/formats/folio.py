"""FOLIO's user import: documents of some hundred users, each with the fields that are to be told.

A field that a user does not have stays as it is, but `personal` is replaced whole. The import finds a user by the
external system ID alone, which is the key; who opted out, and has no key any more, is in a list for staff.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from access_service.ils import AccountField, Action, Folio, Ils
from sync.ils.formats.by_hand import by_hand
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile, by_action, slices

USERS = 500
_KEY = re.compile(r"[A-Za-z0-9._-]+")
_NAMES = frozenset({AccountField.GIVEN_NAME, AccountField.FAMILY_NAME})
_TELLS = _NAMES | {AccountField.NUMBER, AccountField.KEY, AccountField.PATRON_TYPE, AccountField.EXPIRES}


def _files(orders: Sequence[Order], ils: Ils) -> Iterator[LoadFile]:
    for part, these in by_action(orders):
        if these[0].action is Action.EXPIRE:
            yield by_hand(part, these)
            continue
        for count, some in enumerate(slices(these, USERS), 1):
            yield LoadFile(f"{part}-{count:04}.json", _chunks(some, ils))


def _chunks(orders: Sequence[Order], ils: Ils) -> Iterator[bytes]:
    yield document(orders, ils)


def document(orders: Sequence[Order], ils: Ils) -> bytes:
    """The body of one import."""
    encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
    users = ",\n".join([encode(_user(order, ils)) for order in orders])
    how = {
        "totalRecords": len(orders),
        "deactivateMissingUsers": False,
        "updateOnlyPresentFields": True,
        "sourceType": _settings(ils).source_type,
    }
    return f'{{"users": [\n{users}\n],\n{encode(how)[1:]}\n'.encode()


def _user(order: Order, ils: Ils) -> dict[str, Any]:
    account, told = order.account, order.fields
    user: dict[str, Any] = {"username": account.library_number, "externalSystemId": account.key}
    if AccountField.NUMBER in told:
        user["barcode"] = account.library_number
    if AccountField.PATRON_TYPE in told and account.patron_type:
        user["patronGroup"] = account.patron_type
    if order.action is Action.CREATE:
        user["type"] = "patron"
    if told & _NAMES and AccountField.FAMILY_NAME not in ils.never:
        user["personal"] = _personal(order, ils)
    if AccountField.EXPIRES in told:
        # FOLIO's own clock makes inactive whose time is over, and nobody active again.
        user |= {"active": True, "expirationDate": f"{account.expires}T23:59:59.000+00:00"}
    return user


def _personal(order: Order, ils: Ils) -> dict[str, str]:
    account, personal = order.account, {"lastName": order.account.family_name}
    if account.given_name and AccountField.GIVEN_NAME not in ils.never:
        personal["firstName"] = account.given_name
    return {**personal, "preferredContactTypeId": _settings(ils).contact}


def _fault(account: Account, _: Ils) -> str:
    # FOLIO writes the key into a query as it is.
    return "" if _KEY.fullmatch(account.key) else "key has a character that FOLIO cannot find users by"


def _settings(ils: Ils) -> Folio:
    assert ils.folio  # noqa: S101 - checked with the configuration
    return ils.folio


FORMAT = Format(
    fields=lambda _: _TELLS,
    needed=frozenset({AccountField.FAMILY_NAME}),
    files=_files,
    fault=_fault,
)
