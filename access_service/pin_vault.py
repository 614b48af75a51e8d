"""The pepper ring: keyed digests of issued PINs, and marks that let us recognise what we do not store.

Layout of a digest: HMAC-SHA256(pepper, version "1", of a chosen PIN "2" | patron id, 8 bytes | length of PIN, 2 bytes |
PIN in UTF-8).
A digest is bound to its patron, so rows cannot be swapped; a copy of the database without the pepper gives no PIN.
Of a chosen PIN the digest is not stored, but a slow hash of it (slow_hash.py).
"""

import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from hashlib import blake2b
from os import urandom

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access_service.domain.patron import ChosenPin, PatronRecord
from access_service.errors import ConfigError
from access_service.settings import secret
from access_service.slow_hash import SlowHash

PEPPER_VARIABLE = "ACCESS_PEPPER"
MIN_PEPPER_BYTES = 32
MAX_PIN_BYTES = 64
_NOBODY = bytes(32)
_ISSUED, _CHOSEN = b"1", b"2"
_NONCE = 12


class PinVault:
    """Holds peppers, newest first: the first makes new digests, all of them verify old ones."""

    def __init__(self, peppers: Iterable[bytes], slow: SlowHash | None = None) -> None:
        self.slow = slow or SlowHash()
        self._ring = {_key_id(pepper): pepper for pepper in peppers}
        self.key_id = next(iter(self._ring))

    @classmethod
    def from_environment(cls, slow: SlowHash | None = None) -> "PinVault":
        """Read ACCESS_PEPPER: hexadecimal of 32 bytes or more; after a rotation the older ones follow, on lines."""
        try:
            peppers = [bytes.fromhex(line) for line in secret(PEPPER_VARIABLE).split()]
        except ValueError:
            raise ConfigError(
                f"{PEPPER_VARIABLE}: should be hexadecimal digits, as `openssl rand -hex 32` prints"
            ) from None
        if any(len(pepper) < MIN_PEPPER_BYTES for pepper in peppers):
            raise ConfigError(f"{PEPPER_VARIABLE}: should be at least {MIN_PEPPER_BYTES} bytes in hexadecimal")
        return cls(peppers, slow)

    def check(self, used: Iterable[str]) -> None:
        """ConfigError where stored PINs or opt-outs were made with a pepper that is not in the ring."""
        if missing := sorted(set(used) - self._ring.keys()):
            raise ConfigError(
                f"{PEPPER_VARIABLE}: stored PINs or opt-outs need pepper {missing[0]}, which is missing; add it as a"
                " further line"
            )

    def digest(self, patron_id: int, pin: str) -> bytes:
        """The digest of a patron's issued PIN under the current pepper."""
        return _digest(self._ring[self.key_id], patron_id, pin)

    def matches(self, record: PatronRecord | None, pin: str) -> bool:
        """Whether `pin` is the one issued to the patron. Nobody has one, and an empty or huge one is wrong."""
        pepper = self._ring.get(record.pin_key or "") if record else None
        stored = record.pin_digest if record and pepper else None
        given = _digest(pepper or self._ring[self.key_id], record.patron_id if record else 0, pin)
        same = hmac.compare_digest(stored or _NOBODY, given)
        return same and stored is not None and 0 < len(_raw(pin)) <= MAX_PIN_BYTES

    def choose(self, patron_id: int, pin: str, today: date) -> ChosenPin:
        """What to store of a chosen PIN, by a slow hash: UnavailableError where too many ask for those."""
        digest = _digest(self._ring[self.key_id], patron_id, pin, _CHOSEN)
        return ChosenPin(patron_id, self.key_id, self.slow.make(digest), today)

    def chosen_digest(self, chosen: ChosenPin, pin: str) -> bytes | None:
        """What the slow hash was made of, if this is the PIN; None where it cannot be."""
        pepper = self._ring.get(chosen.key_id)
        if pepper is None or not 0 < len(_raw(pin)) <= MAX_PIN_BYTES:
            return None
        return _digest(pepper, chosen.patron_id, pin, _CHOSEN)

    def chain(self, key_id: str, previous: bytes, entry: str) -> bytes:
        """The link (32 bytes) of an entry of the audit to the one before it, under a key of its own; b"" for a pepper
        that is not in the ring."""
        if key_id not in self._ring:
            return b""
        key = hmac.digest(self._ring[key_id], b"audit", "sha256")
        return hmac.digest(key, previous + entry.encode("utf-8", "surrogatepass"), "sha256")

    def mark(self, purpose: str, *facts: str) -> bytes:
        """A keyed mark (16 bytes) by which the same facts are recognised again, and not read."""
        message = b"".join(_sized(fact) for fact in (purpose, *facts))
        return hmac.digest(self._ring[self.key_id], message, "sha256")[:16]

    def nobody(self, typed: str) -> int:
        """One of 65,536 negative patron ids for a number of nobody: it says how often one was tried, not which."""
        return -1 - int.from_bytes(self.mark("nobody", typed.strip())[:2], "big")

    def marks(self, purpose: str, *facts: str) -> frozenset[bytes]:
        """The mark under each pepper of the ring: one that was made before a rotation is among them."""
        message = b"".join(_sized(fact) for fact in (purpose, *facts))
        return frozenset(hmac.digest(pepper, message, "sha256")[:16] for pepper in self._ring.values())

    def markers(self, purpose: str) -> Mapping[str, Callable[[str], bytes]]:
        """What marks (16 bytes) a fact under each pepper of the ring, newest first: fast enough for a whole roster."""
        return {key_id: _marker(hmac.digest(pepper, _raw(purpose), "sha256")) for key_id, pepper in self._ring.items()}

    def seal(self, purpose: str, text: str) -> bytes:
        """A text for whoever has the current pepper: nonce, 12 bytes | AES-256-GCM."""
        nonce = urandom(_NONCE)
        return nonce + self._cipher(self.key_id, purpose).encrypt(nonce, _raw(text), None)

    def unseal(self, key_id: str, purpose: str, sealed: bytes) -> str:
        """What `seal` was given under pepper `key_id`, which is in the ring."""
        return self._cipher(key_id, purpose).decrypt(sealed[:_NONCE], sealed[_NONCE:], None).decode()

    def _cipher(self, key_id: str, purpose: str) -> AESGCM:
        return AESGCM(hmac.digest(self._ring[key_id], b"seal" + _sized(purpose), "sha256"))


def _marker(key: bytes) -> Callable[[str], bytes]:
    seed = blake2b(key=key, digest_size=16)

    def mark(fact: str) -> bytes:
        digest = seed.copy()
        digest.update(_raw(fact))
        return digest.digest()

    return mark


def _digest(pepper: bytes, patron_id: int, pin: str, version: bytes = _ISSUED) -> bytes:
    return hmac.digest(pepper, version + patron_id.to_bytes(8, "big") + _sized(pin[: MAX_PIN_BYTES + 1]), "sha256")


def _sized(text: str) -> bytes:
    raw = _raw(text)
    return len(raw).to_bytes(2, "big") + raw


def _raw(text: str) -> bytes:
    # Half a surrogate pair can come over a wire; it is no PIN, and no error either.
    return text.encode("utf-8", "surrogatepass")


def _key_id(pepper: bytes) -> str:
    return hmac.digest(pepper, b"key id", "sha256")[:4].hex()
