"""Symphony's flat file for its report Load Users: a record a user, a line a field.

A field that a record does not have stays as it is. Address and extended information are blocks that a load replaces
whole, and a status is set by staff, so none of them is ever told.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from operator import attrgetter

from access_service.ils import AccountField, Action, Ils, Symphony
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile, by_action, by_fields, slices

_BEGIN = "*** DOCUMENT BOUNDARY ***\nFORM=LDUSER\n.USER_ID.   |a"
_RECORDS = 5_000
_LENGTHS = {
    AccountField.NUMBER: 20,
    AccountField.GIVEN_NAME: 20,
    AccountField.FAMILY_NAME: 60,
    AccountField.BRANCH: 10,
}
_KEYS = {
    AccountField.GIVEN_NAME: ".USER_FIRST_NAME.   |a",
    AccountField.FAMILY_NAME: ".USER_LAST_NAME.   |a",
    AccountField.BRANCH: ".USER_LIBRARY.   |a",
}
_TELLS = frozenset(
    {*_KEYS, AccountField.NUMBER, AccountField.KEY, AccountField.PATRON_TYPE, AccountField.PIN, AccountField.EXPIRES}
)
_PROFILE = 10
_ALT_ID = 20


def _files(orders: Sequence[Order], ils: Ils) -> Iterator[LoadFile]:
    return (LoadFile(f"{part}.flat", _chunks(these, _settings(ils))) for part, these in by_action(orders))


def _chunks(orders: Sequence[Order], symphony: Symphony) -> Iterator[bytes]:
    action = orders[0].action
    constants = {"USER_PREF_LANG": symphony.language, **symphony.constants} if action is Action.CREATE else {}
    end = "".join(f".{key}.   |a{value}\n" for key, value in constants.items())
    for some in slices(orders, _RECORDS):
        for told, accounts in by_fields(some):
            columns = _columns(action, told, accounts, symphony)
            yield "".join(chain.from_iterable(zip(*columns, repeat(end), strict=False))).encode(symphony.encoding)


def _columns(
    action: Action, told: frozenset[AccountField], accounts: Sequence[Account], symphony: Symphony
) -> Iterator[list[str]]:
    """The lines of a field each. Of a known user also what is blank now is told, lest it stay as it was."""
    yield [f"{_BEGIN}{account.library_number}\n" for account in accounts]
    if action is not Action.EXPIRE:
        # Of one who opted out it is not known any more.
        yield [f".USER_ALT_ID.   |a{symphony.key_prefix}{account.key}\n" for account in accounts]
    blanks = action is not Action.CREATE
    for name in (name for name in _KEYS if name in told):
        start, get = _KEYS[name], attrgetter(name)
        yield [f"{start}{value}\n" if value or blanks else "" for value in map(get, accounts)]
    if AccountField.PATRON_TYPE in told:
        yield [f".USER_PROFILE.   |a{_profile(account, symphony)}\n" for account in accounts]
    if AccountField.PIN in told and action is Action.CREATE:
        yield [f".USER_PIN.   |a{account.pin}\n" if account.pin else "" for account in accounts]
    if AccountField.EXPIRES in told:
        days = {day: f".USER_PRIV_EXPIRES.   |a{day:%Y%m%d}\n" for day in {account.expires for account in accounts}}
        yield [days[account.expires] for account in accounts]


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
    fields=lambda _: _TELLS,
    lengths=_LENGTHS,
    needed=frozenset({AccountField.FAMILY_NAME, AccountField.PATRON_TYPE}),
    files=_files,
    fault=_fault,
)
