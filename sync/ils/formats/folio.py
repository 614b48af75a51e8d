"""FOLIO's user import: documents of some hundred users, each with the fields that are to be told.

A field that a user does not have stays as it is, but `personal` is replaced whole. The import finds a user by the
external system ID alone, which is the key; who opted out, and has no key any more, is in a list for staff.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from access_service.ils import AccountField, Action, Folio, Ils
from sync.ils.formats.by_hand import by_hand
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile, by_action, by_fields, slices

USERS = 500
_KEY = re.compile(r"[A-Za-z0-9._-]+")
_PERSONAL = {AccountField.FAMILY_NAME: "lastName", AccountField.GIVEN_NAME: "firstName"}
_NAMES = frozenset(_PERSONAL)
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
    """The body of one import, of orders of one action."""
    action = orders[0].action
    users = ",\n".join([user for told, accounts in by_fields(orders) for user in _users(action, told, accounts, ils)])
    how = {
        "totalRecords": len(orders),
        "deactivateMissingUsers": False,
        "updateOnlyPresentFields": True,
        "sourceType": _settings(ils).source_type,
    }
    return f'{{"users": [\n{users}\n],\n{json.dumps(how)[1:]}\n'.encode()


def _users(action: Action, told: frozenset[AccountField], accounts: Sequence[Account], ils: Ils) -> Iterator[str]:
    number = _quoted(AccountField.NUMBER, accounts)
    user, columns = ['{"username": %s, "externalSystemId": %s'], [number, _quoted(AccountField.KEY, accounts)]
    if AccountField.NUMBER in told:
        user.append('"barcode": %s')
        columns.append(number)
    if AccountField.PATRON_TYPE in told:
        user.append('"patronGroup": %s')
        columns.append(_quoted(AccountField.PATRON_TYPE, accounts))
    if action is Action.CREATE:
        user.append('"type": "patron"')
    if told & _NAMES and AccountField.FAMILY_NAME not in ils.never:
        names = {name: key for name, key in _PERSONAL.items() if name not in ils.never}
        said = "".join(f'"{key}": %s, ' for key in names.values())
        user.append(f'"personal": {{{said}"preferredContactTypeId": "{_settings(ils).contact}"}}')
        columns += [_quoted(name, accounts) for name in names]
    if AccountField.EXPIRES in told:
        # FOLIO's own clock makes inactive whose time is over, and nobody active again.
        user.append('"active": true, "expirationDate": "%sT23:59:59.000+00:00"')
        columns.append([str(account.expires) for account in accounts])
    return map(f"{', '.join(user)}}}".__mod__, zip(*columns, strict=True))


def _quoted(name: AccountField, accounts: Iterable[Account]) -> list[str]:
    """As JSON, all at once: in a quoted value there is no end of line."""
    values = list(map(attrgetter(name), accounts))
    return json.dumps(values, ensure_ascii=False, separators=("\n", ":"))[1:-1].split("\n")


def _fault(account: Account, _: Ils) -> str:
    # FOLIO writes the key into a query as it is.
    return "" if _KEY.fullmatch(account.key) else "key has a character that FOLIO cannot find users by"


def _settings(ils: Ils) -> Folio:
    assert ils.folio  # noqa: S101 - checked with the configuration
    return ils.folio


FORMAT = Format(
    fields=lambda _: _TELLS,
    needed=frozenset({AccountField.FAMILY_NAME, AccountField.PATRON_TYPE}),
    files=_files,
    fault=_fault,
)
