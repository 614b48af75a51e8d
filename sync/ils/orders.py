"""What an ILS is told: accounts, and what is to be done with each."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from io import BytesIO

from access_service.ils import AccountField, Action
from sync.sealed import derived, seal, unseal

# What of an account says who it is: kept as keyed marks.
PERSONAL = frozenset({AccountField.STUDENT_NUMBER, AccountField.GIVEN_NAME, AccountField.FAMILY_NAME})
_MARK_BYTES = 8
# Beside the fields that an ILS was told: the patron type before the one it was told last.
TYPE_BEFORE = "patron_type_before"


@dataclass(frozen=True, slots=True)
class Account:
    """A card as the ILS is to have it. `patron_id` is 0 of one who opted out, of whom nothing is known but the number;
    `pin` is "" but where an account is made whose PIN the ILS owns."""

    patron_id: int
    key: str = field(repr=False)
    library_number: str = field(repr=False)
    student_number: str = field(repr=False)
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    patron_type: str
    profile: str
    branch: str
    school: str
    grade: str
    role: str
    expires: date
    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """`fields` are those to be told: of a new account all, of another what is not as the ILS was told. `former` is the
    number of a RENUMBER before it, and `entry` that of an EXPIRE in the opt-out ledger."""

    action: Action
    account: Account
    fields: frozenset[AccountField]
    former: str = field(default="", repr=False)
    entry: int = 0


def nobody(number: str, expires: date) -> Account:
    """The account of one of whom nothing is known, or told, but the number."""
    return Account(0, "", number, "", "", "", "", "", "", "", "", "", expires)


class Marks:
    """What is kept of what the ILS was told: codes and dates as they are, what is personal as marks under a key of the
    night."""

    def __init__(self, key: bytes) -> None:
        self._key = derived(key, b"ils told")

    def of(self, account: Account, fields: Iterable[AccountField]) -> dict[str, str]:
        return {name.value: self._one(name, account) for name in fields if name is not AccountField.PIN}

    def _one(self, name: AccountField, account: Account) -> str:
        value = getattr(account, name)
        if name in PERSONAL:
            return self.mark(name, value)
        return value.isoformat() if isinstance(value, date) else str(value)

    def mark(self, name: str, value: str) -> str:
        """The mark of a personal value."""
        return blake2b(f"{name}\x1f{value}".encode(), key=self._key, digest_size=_MARK_BYTES).hexdigest()


def sealed(orders: Iterable[Order], key: bytes, place: str) -> bytes:
    """Orders for nobody else to read, bound to the load that they are of."""
    packed = zlib.compress("\n".join(map(_line, orders)).encode(), 1)
    target = BytesIO()
    seal(BytesIO(packed), target, derived(key, b"ils load"), place.encode())
    return target.getvalue()


def opened(text: bytes, key: bytes, place: str) -> Iterator[Order]:
    """Errors: OperatorError where they were sealed under another key, or altered."""
    target = BytesIO()
    unseal(BytesIO(text), target, derived(key, b"ils load"), place.encode())
    return map(_order, zlib.decompress(target.getvalue()).decode().splitlines())


def counts(orders: Iterable[Order]) -> Mapping[str, int]:
    """How many of each action."""
    found = dict.fromkeys((action.value for action in Action), 0)
    for order in orders:
        found[order.action.value] += 1
    return found


_FIELDS = tuple(Account.__dataclass_fields__)
_EXPIRES = _FIELDS.index("expires")


def _line(order: Order) -> str:
    values = [getattr(order.account, name) for name in _FIELDS]
    values[_EXPIRES] = order.account.expires.isoformat()
    return json.dumps([order.action, values, sorted(order.fields), order.former, order.entry])


def _order(line: str) -> Order:
    action, values, fields, former, entry = json.loads(line)
    values[_EXPIRES] = date.fromisoformat(values[_EXPIRES])
    return Order(Action(action), Account(*values), frozenset(map(AccountField, fields)), former, entry)
