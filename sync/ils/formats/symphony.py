"""Symphony's flat file for its report Load Users: a record a user, a line a field.

A field that a record does not have stays as it is. Address and extended information are blocks that a load replaces
whole, and a status is set by staff, so none of them is ever told.
"""

from collections.abc import Callable, Iterator, Sequence

from access_service.ils import AccountField, Action, Ils, Symphony
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile, by_action, slices

_BEGIN = "*** DOCUMENT BOUNDARY ***\nFORM=LDUSER\n"
_RECORDS = 5_000
_LENGTHS = {
    AccountField.NUMBER: 20,
    AccountField.GIVEN_NAME: 20,
    AccountField.FAMILY_NAME: 60,
    AccountField.BRANCH: 10,
}
_PROFILE = 10
_ALT_ID = 20
_ALWAYS = frozenset({AccountField.NUMBER})

Line = tuple[str, Callable[[Account], str]]


def _files(orders: Sequence[Order], ils: Ils) -> Iterator[LoadFile]:
    return (LoadFile(f"{part}.flat", _chunks(these, _settings(ils))) for part, these in by_action(orders))


def _chunks(orders: Sequence[Order], symphony: Symphony) -> Iterator[bytes]:
    constants = {"USER_PREF_LANG": symphony.language, **symphony.constants}
    more = "".join(f".{key}.   |a{value}\n" for key, value in constants.items())
    known = _lines(symphony)
    lines: dict[tuple[Action, frozenset[AccountField]], list[Line]] = {}
    for some in slices(orders, _RECORDS):
        text = []
        for order in some:
            kind = order.action, order.fields
            if kind not in lines:
                lines[kind] = [known[name] for name in known if _is_told(name, order)]
            new = order.action is Action.CREATE
            text += [_BEGIN, _record(order.account, lines[kind], blanks=not new), more if new else ""]
        yield "".join(text).encode(symphony.encoding)


def _record(account: Account, lines: Sequence[Line], *, blanks: bool) -> str:
    """Of a known user also what is blank now is told, lest it stay as it was."""
    return "".join([f"{start}{value}\n" for start, get in lines if (value := get(account)) or blanks])


def _is_told(name: AccountField, order: Order) -> bool:
    match name:
        case AccountField.KEY:
            # Of one who opted out it is not known any more.
            return order.action is not Action.EXPIRE
        case AccountField.PIN:
            return order.action is Action.CREATE and name in order.fields
    return name in order.fields | _ALWAYS


def _lines(symphony: Symphony) -> dict[AccountField, Line]:
    """How a line begins, and what follows."""
    return {
        AccountField.NUMBER: (".USER_ID.   |a", lambda account: account.library_number),
        AccountField.KEY: (f".USER_ALT_ID.   |a{symphony.key_prefix}", lambda account: account.key),
        AccountField.GIVEN_NAME: (".USER_FIRST_NAME.   |a", lambda account: account.given_name),
        AccountField.FAMILY_NAME: (".USER_LAST_NAME.   |a", lambda account: account.family_name),
        AccountField.BRANCH: (".USER_LIBRARY.   |a", lambda account: account.branch),
        AccountField.PATRON_TYPE: (".USER_PROFILE.   |a", lambda account: _profile(account, symphony)),
        AccountField.PIN: (".USER_PIN.   |a", lambda account: account.pin),
        AccountField.EXPIRES: (
            ".USER_PRIV_EXPIRES.   |a",
            lambda account: account.expires.isoformat().replace("-", ""),
        ),
    }


def _profile(account: Account, symphony: Symphony) -> str:
    return symphony.profiles.get(account.patron_type, account.patron_type)


def _fault(account: Account, ils: Ils) -> str:
    symphony = _settings(ils)
    profile = _profile(account, symphony)
    if len(profile) > _PROFILE:
        return f"patron_type {profile!r} is longer than {_PROFILE} characters; name it in [ils.symphony] profiles"
    if len(symphony.key_prefix + account.key) > _ALT_ID:
        return f"key has more than {_ALT_ID} characters with its prefix, and the ILS takes no more in USER_ALT_ID"
    names = account.given_name + account.family_name
    if "|" in names + account.key:
        return "a name or the key has a |, which begins something else in the file"
    if names.encode(symphony.encoding, "ignore").decode(symphony.encoding) != names:
        return f"a name has a character that {symphony.encoding} has not"
    return ""


def _settings(ils: Ils) -> Symphony:
    assert ils.symphony  # noqa: S101 - checked with the configuration
    return ils.symphony


FORMAT = Format(
    fields=lambda ils: frozenset(_lines(_settings(ils))),
    lengths=_LENGTHS,
    needed=frozenset({AccountField.FAMILY_NAME, AccountField.PATRON_TYPE}),
    files=_files,
    fault=_fault,
)
