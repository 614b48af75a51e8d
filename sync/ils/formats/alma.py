"""Alma's users XML, zipped, as an integration profile of the type Users takes it.

Alma empties whatever a record leaves out, so every record says all that we tell of a user. It matches by the primary
identifier, which is the key; who opted out, and has no key any more, is in a list for staff.
"""

import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from io import BytesIO
from itertools import chain
from operator import attrgetter
from xml.sax.saxutils import escape

from access_service.ils import AccountField, Action, Alma, Ils
from sync.ils.formats.by_hand import by_hand
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile, by_action, slices

_RECORDS = 1_000
_FASTEST = 1
_ELEMENTS = {
    AccountField.GIVEN_NAME: "first_name",
    AccountField.FAMILY_NAME: "last_name",
    AccountField.PATRON_TYPE: "user_group",
    AccountField.PIN: "pin_number",
}
_TELLS = frozenset({*_ELEMENTS, AccountField.NUMBER, AccountField.KEY, AccountField.EXPIRES})
_LENGTHS = dict.fromkeys(_TELLS, 255)


def _fields(ils: Ils) -> frozenset[AccountField]:
    return _TELLS if _settings(ils).pin else _TELLS - {AccountField.PIN}


def _files(orders: Sequence[Order], ils: Ils) -> Iterator[LoadFile]:
    for part, these in by_action(orders):
        if these[0].action is Action.EXPIRE:
            yield by_hand(part, these)
        else:
            yield LoadFile(f"{part}.zip", _zipped(f"{part}.xml", these, ils))


def _zipped(name: str, orders: Sequence[Order], ils: Ils) -> Iterator[bytes]:
    target = BytesIO()
    archive = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST)
    # By its name alone an entry has no time, so that a load delivered again is the same to the byte.
    with archive, archive.open(name, "w") as file:
        file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<users>\n')
        for some in slices(orders, _RECORDS):
            file.write("".join(_users(some, ils)).encode())
        file.write(b"</users>\n")
    yield target.getvalue()


def _users(orders: Sequence[Order], ils: Ils) -> Iterator[str]:
    told = _fields(ils) - ils.never - ({AccountField.PIN} if orders[0].action is not Action.CREATE else set())
    names = [name for name in _ELEMENTS if name in told]
    values = attrgetter(AccountField.KEY, *names, AccountField.NUMBER)
    by_day: dict[date, list[tuple[str, ...]]] = defaultdict(list)
    for order in orders:
        by_day[order.account.expires].append(values(order.account))
    for day, rows in by_day.items():
        yield from map(_element(day, names, _settings(ils)).__mod__, _escaped(rows))


def _element(day: date, names: Iterable[AccountField], alma: Alma) -> str:
    """A user, with the places of key, names and library number."""
    return (
        f"<user><record_type>{alma.record_type}</record_type><account_type>EXTERNAL</account_type>"
        f"<external_id>{alma.external_id}</external_id><status>ACTIVE</status><expiry_date>{day}Z</expiry_date>"
        f"<primary_id>{alma.key_prefix}%s</primary_id>"
        + "".join(f"<{_ELEMENTS[name]}>%s</{_ELEMENTS[name]}>" for name in names)
        + f'<user_identifiers><user_identifier segment_type="External"><id_type>{alma.barcode_type}</id_type>'
        "<value>%s</value><status>ACTIVE</status></user_identifier></user_identifiers></user>\n"
    )


def _escaped(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Few names have what XML must not have as it is, so look at all of them at once."""
    text = "".join(chain.from_iterable(rows))
    return rows if escape(text) == text else [tuple(map(escape, row)) for row in rows]


def _fault(account: Account, ils: Ils) -> str:
    if _settings(ils).key_prefix + account.key == account.library_number:
        return "key with its prefix is the library_number, and in Alma no user has the same identifier twice"
    return ""


def _settings(ils: Ils) -> Alma:
    assert ils.alma  # noqa: S101 - checked with the configuration
    return ils.alma


FORMAT = Format(
    fields=_fields,
    lengths=_LENGTHS,
    needed=frozenset({AccountField.FAMILY_NAME, AccountField.PATRON_TYPE}),
    files=_files,
    fault=_fault,
)
