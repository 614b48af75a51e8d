"""FOLIO's user import, as files or as calls.

It finds a user by the external system ID alone, which is the key. Who opted out, and has no key any more, is in a list
for staff, or is looked for by a call.
"""

import re
from collections.abc import Iterator, Sequence

from access_service.ils import AccountField, Action, Ils
from sync.ils.formats.by_hand import by_hand
from sync.ils.formats.folio_api import together
from sync.ils.formats.folio_import import NAMES, document
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile, by_action, slices

USERS = 500
_KEY = re.compile(r"[A-Za-z0-9._-]+")
_TELLS = NAMES | {AccountField.NUMBER, AccountField.KEY, AccountField.PATRON_TYPE, AccountField.EXPIRES}


def _files(orders: Sequence[Order], ils: Ils) -> Iterator[LoadFile]:
    for part, these in by_action(orders):
        if these[0].action is Action.EXPIRE:
            yield by_hand(part, these)
            continue
        for count, some in enumerate(slices(these, USERS), 1):
            yield LoadFile(f"{part}-{count:04}.json", _chunks(some, ils))


def _chunks(orders: Sequence[Order], ils: Ils) -> Iterator[bytes]:
    yield document(orders, ils)


def _fault(account: Account, _: Ils) -> str:
    # FOLIO writes the key into a query as it is.
    return "" if _KEY.fullmatch(account.key) else "key has a character that FOLIO cannot find users by"


FORMAT = Format(
    fields=lambda _: _TELLS,
    needed=frozenset({AccountField.FAMILY_NAME, AccountField.PATRON_TYPE}),
    files=_files,
    together=together,
    fault=_fault,
)
