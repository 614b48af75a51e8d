"""PINs that the ILS owns, from the run that issues them to the load that takes them there: sealed under SYNC_KEY.

Layout: 12 random bytes | AES-256-GCM, bound to the patron id. Nothing else of such a PIN is stored anywhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from access_service.domain.patron import PatronRecord
from access_service.storage import ils
from access_service.storage.seen import VOID, Seen
from sync.night import Night
from sync.sealed import derived

_NONCE = 12


class PinSeal:
    """Seals PINs, and opens them again. `key` is SYNC_KEY."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(derived(key, b"ils pin"))

    def seal(self, patron_id: int, pin: str) -> bytes:
        nonce = urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, pin.encode(), _place(patron_id))

    def open(self, patron_id: int, sealed: bytes) -> str | None:
        """None where it was sealed under another key or for somebody else, or was altered."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], _place(patron_id)).decode()
        except (InvalidTag, ValueError):
            return None


def waiting_pins(connection: Connection, district: str, key: bytes) -> Mapping[int, str]:
    """The PINs of a district that wait for a load, by patron id. Without those of a key that was lost: the next night
    issues them again."""
    opened = PinSeal(key).open
    found = ((patron_id, opened(patron_id, sealed)) for patron_id, sealed in ils.waiting_pins(connection, district))
    return {patron_id: pin for patron_id, pin in found if pin}


@dataclass(frozen=True, slots=True)
class Awaited:
    """Patrons of whom the ILS may have an account, which keeps the PIN that it has; and the PINs of others that wait
    for theirs."""

    made: frozenset[int]
    pins: Mapping[int, str] = field(repr=False)

    @classmethod
    def read(cls, connection: Connection, night: Night) -> "Awaited":
        code = night.district.code
        return cls(ils.made(connection, code), waiting_pins(connection, code, night.key))

    def judge(self, record: PatronRecord, pin: str | None, night: Night, *, partial: bool) -> tuple[str | None, bool]:
        """The PIN that is to wait for the account of a patron whom the rules issue `pin`, and whether it is another
        one."""
        if record.patron_id in self.made:
            return None, False
        before = self.pins.get(record.patron_id)
        if before is not None and (not night.reissues_pins[record.patron.role] or (pin is None and partial)):
            return before, False
        return pin, pin != before

    def wanting(self, stored: Iterable[Seen]) -> Iterator[Seen]:
        """The last roster's rows; of those whose account is yet to be made, and for whom no PIN waits, as if they had
        said something else. So who was refused has a PIN again for the next load."""
        for row in stored:
            waits = row.patron_id in self.made or row.patron_id in self.pins
            yield row if waits else row._replace(fingerprint=VOID)


def _place(patron_id: int) -> bytes:
    return patron_id.to_bytes(8, "big")
