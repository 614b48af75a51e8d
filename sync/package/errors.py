"""Damage in one line for the operator."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from zipfile import BadZipFile

from access_service.errors import OperatorError

# What zipfile, zlib and the disk raise for bytes that are not what they should be.
_DAMAGE = (BadZipFile, EOFError, NotImplementedError, OSError, OverflowError, ValueError, struct.error, zlib.error)


class BadPackageError(OperatorError):
    """What was delivered cannot be read, or should not be. One line with the cause and the remedy."""


def refused(label: str, cause: str, remedy: str = "ask the district to deliver it again") -> BadPackageError:
    """The error for `label`, a path or a name as it came: only printable ASCII of it is shown."""
    return BadPackageError(f"{ascii(label[-80:])[1:-1]}: {cause}; {remedy}")


@contextmanager
def damage(label: str) -> Iterator[None]:
    """Whatever reading raises becomes BadPackageError."""
    try:
        yield
    except _DAMAGE as error:
        raise refused(label, f"damaged or cut short ({ascii(str(error) or type(error).__name__)[:100]})") from error
