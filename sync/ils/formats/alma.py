"""Alma's users XML, zipped, as an integration profile of the type Users takes it.

Alma empties whatever a record leaves out, so every record says all that we tell of a user. It matches by the primary
identifier, which is the key; who opted out, and has no key any more, is in a list for staff.
"""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from xml.sax.saxutils import escape

from access_service.ils import AccountField, Action, Alma, Ils
from sync.ils.formats.by_hand import by_hand
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile, by_action, slices

_RECORDS = 5_000
_FASTEST = 1
# So that a load delivered again is the same to the byte.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_TELLS = frozenset(
    {
        AccountField.NUMBER,
        AccountField.KEY,
        AccountField.GIVEN_NAME,
        AccountField.FAMILY_NAME,
        AccountField.PATRON_TYPE,
        AccountField.EXPIRES,
    }
)
_LENGTHS = dict.fromkeys(_TELLS, 255)


def _fields(ils: Ils) -> frozenset[AccountField]:
    return _TELLS | {AccountField.PIN} if _settings(ils).pin else _TELLS


def _files(orders: Sequence[Order], ils: Ils) -> Iterator[LoadFile]:
    for part, these in by_action(orders):
        if these[0].action is Action.EXPIRE:
            yield by_hand(part, these)
        else:
            yield LoadFile(f"{part}.zip", _zipped(f"{part}.xml", these, ils))


def _zipped(name: str, orders: Sequence[Order], ils: Ils) -> Iterator[bytes]:
    target, user = BytesIO(), _user(ils)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=_FASTEST) as archive:
        entry = zipfile.ZipInfo(name, _LONG_AGO)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(entry, "w") as file:
            file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<users>\n')
            for some in slices(orders, _RECORDS):
                file.write("".join(map(user, some)).encode())
            file.write(b"</users>\n")
    yield target.getvalue()


def _user(ils: Ils) -> Callable[[Order], str]:
    alma, told = _settings(ils), _fields(ils) - ils.never
    names = (AccountField.GIVEN_NAME, AccountField.FAMILY_NAME, AccountField.PATRON_TYPE)
    first, last, group = (name in told for name in names)
    begin = f"<user><record_type>{escape(alma.record_type)}</record_type><primary_id>{alma.key_prefix}"
    middle = f"<account_type>EXTERNAL</account_type><external_id>{escape(alma.external_id)}</external_id>"
    middle += '<status>ACTIVE</status><user_identifiers><user_identifier segment_type="External">'
    middle += f"<id_type>{escape(alma.barcode_type)}</id_type><value>"
    end = "</value><status>ACTIVE</status></user_identifier></user_identifiers></user>\n"

    def user(order: Order) -> str:
        account = order.account
        given = f"<first_name>{escape(account.given_name)}</first_name>" if first and account.given_name else ""
        family = f"<last_name>{escape(account.family_name)}</last_name>" if last else ""
        pin = f"<pin_number>{account.pin}</pin_number>" if _has_pin(order, told) else ""
        of = f"<user_group>{escape(account.patron_type)}</user_group>" if group and account.patron_type else ""
        until = f"<expiry_date>{account.expires}Z</expiry_date>"
        return (
            f"{begin}{escape(account.key)}</primary_id>{given}{family}{pin}{of}{until}"
            f"{middle}{escape(account.library_number)}{end}"
        )

    return user


def _has_pin(order: Order, told: frozenset[AccountField]) -> bool:
    return order.action is Action.CREATE and bool(order.account.pin) and AccountField.PIN in told


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
    needed=frozenset({AccountField.FAMILY_NAME}),
    files=_files,
    fault=_fault,
)
