"""Files sealed under the night's own key, in pieces, so that size costs no memory.

Layout: 7 random bytes, then pieces of AES-256-GCM: nonce = those 7, the piece's number (4 bytes), 1 on the last piece.
Pieces cannot be left out, swapped or cut off; `place` binds the file to what it was kept for.
"""

from os import urandom
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from access_service.errors import OperatorError

PIECE = 1024 * 1024
PREFIX, TAG = 7, 16


def derived(key: bytes, purpose: bytes) -> bytes:
    """A key of its own for each purpose, from SYNC_KEY."""
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(key)


def seal(source: IO[bytes], target: IO[bytes], key: bytes, place: bytes) -> None:
    cipher, prefix = AESGCM(key), urandom(PREFIX)
    target.write(prefix)
    piece, number = source.read(PIECE), 0
    while True:
        following = source.read(PIECE)
        target.write(cipher.encrypt(_nonce(prefix, number, last=not following), piece, place))
        if not following:
            return
        piece, number = following, number + 1


def unseal(source: IO[bytes], target: IO[bytes], key: bytes, place: bytes) -> None:
    """Errors: OperatorError where it was sealed under another key or for something else, or was altered."""
    cipher, prefix = AESGCM(key), source.read(PREFIX)
    piece, number = source.read(PIECE + TAG), 0
    try:
        while True:
            following = source.read(PIECE + TAG)
            target.write(cipher.decrypt(_nonce(prefix, number, last=not following), piece, place))
            if not following:
                return
            piece, number = following, number + 1
    except (InvalidTag, ValueError):
        raise OperatorError(
            "the kept file does not open with this SYNC_KEY, or was altered; let a run fetch it again"
        ) from None


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])
