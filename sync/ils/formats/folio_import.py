"""The document of FOLIO's user import: users, each with the fields that are to be told.

A field that a user does not have stays as it is, but `personal` is replaced whole.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from operator import attrgetter

from access_service.ils import AccountField, Action, Folio, Ils
from sync.ils.orders import Account, Order
from sync.ils.shape import by_fields

_PERSONAL = {AccountField.FAMILY_NAME: "lastName", AccountField.GIVEN_NAME: "firstName"}
NAMES = frozenset(_PERSONAL)


def document(orders: Sequence[Order], ils: Ils) -> bytes:
    """The body of one import, of orders of one action."""
    action = orders[0].action
    users = ",\n".join([user for told, accounts in by_fields(orders) for user in _users(action, told, accounts, ils)])
    how = {
        "totalRecords": len(orders),
        "deactivateMissingUsers": False,
        "updateOnlyPresentFields": True,
        "sourceType": settings(ils).source_type,
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
    if told & NAMES and AccountField.FAMILY_NAME not in ils.never:
        names = {name: key for name, key in _PERSONAL.items() if name not in ils.never}
        said = "".join(f'"{key}": %s, ' for key in names.values())
        user.append(f'"personal": {{{said}"preferredContactTypeId": "{settings(ils).contact}"}}')
        columns += [_quoted(name, accounts) for name in names]
    if AccountField.EXPIRES in told:
        # FOLIO's own clock makes inactive whose time is over, and nobody active again.
        user.append('"active": true, "expirationDate": "%s"')
        columns.append([expiry(account.expires) for account in accounts])
    return map(f"{', '.join(user)}}}".__mod__, zip(*columns, strict=True))


def _quoted(name: AccountField, accounts: Iterable[Account]) -> list[str]:
    """As JSON, all at once: in a quoted value there is no end of line."""
    values = list(map(attrgetter(name), accounts))
    return json.dumps(values, ensure_ascii=False, separators=("\n", ":"))[1:-1].split("\n")


def expiry(day: date) -> str:
    """The end of the last day."""
    return f"{day}T23:59:59.000+00:00"


def settings(ils: Ils) -> Folio:
    assert ils.folio  # noqa: S101 - checked with the configuration
    return ils.folio
