"""Rows sealed under the night's own key, so that neither the answering side nor a copy of the database can read them.

Layout: nonce, 12 bytes | AES-256-GCM over JSON, a list of [file, line, {header: cell}], bound to district, run, entry.
"""

import json
from collections.abc import Iterable
from hashlib import blake2b
from os import urandom

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from access_service.errors import OperatorError
from access_service.storage.quarantine import Entry
from sync.roster import Sent
from sync.sealed import derived

NONCE = 12


class Seal:
    """Seals rows and marks whose they are, each under a key of its own, derived from SYNC_KEY."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(derived(key, b"quarantine"))
        self._marking = derived(key, b"quarantine mark")

    def close(self, rows: Iterable[Sent], district: str, run_id: int, entry: int) -> bytes:
        """The rows, for nobody else to read."""
        text = json.dumps([[sent.file, sent.line, dict(sent.cells)] for sent in rows])
        nonce = urandom(NONCE)
        return nonce + self._cipher.encrypt(nonce, text.encode(), _place(district, run_id, entry))

    def open(self, kept: Entry) -> tuple[Sent, ...]:
        """What was sealed. Errors: OperatorError where it was under another key, or was altered."""
        nonce, sealed = kept.sealed[:NONCE], kept.sealed[NONCE:]
        try:
            text = self._cipher.decrypt(nonce, sealed, _place(kept.district, kept.run_id, kept.entry))
        except InvalidTag:
            raise OperatorError(
                f"quarantine entry {kept.entry} does not open with this SYNC_KEY; use the key of run {kept.run_id}, or"
                " let the next run keep the row anew"
            ) from None
        return tuple(Sent(*row) for row in json.loads(text))

    def mark(self, *facts: str) -> bytes:
        """A keyed mark (16 bytes) by which the same facts are recognised again, and not read."""
        digest = blake2b(key=self._marking, digest_size=16)
        digest.update(json.dumps(facts).encode())
        return digest.digest()


def _place(district: str, run_id: int, entry: int) -> bytes:
    return f"{district} {run_id} {entry}".encode()
