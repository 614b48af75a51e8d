"""What can go wrong between here and a district's server, as one line for a person."""

import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.exceptions import InvalidTag
from paramiko import SSHException
from paramiko.sftp import SFTPError
from paramiko.ssh_exception import IncompatiblePeer

from access_service.errors import OperatorError
from access_service.settings import Feed


class RosterUnavailableError(OperatorError):
    """Tonight's roster cannot be had. The text names the host or file and the remedy."""


class LoginRefusedError(RosterUnavailableError):
    """The server does not let us in: trying again could lock the account."""


class ConnectionLostError(RosterUnavailableError):
    """The kind that a later try can heal: refused, reset, timed out, cut off."""


def quoted(text: str) -> str:
    """Text that a server chose, safe to print: ASCII, control characters escaped, at most 80 characters."""
    return ascii(text[:80])


def unavailable(feed: Feed, what: str) -> RosterUnavailableError:
    return RosterUnavailableError(f"{feed.host}:{feed.port}: {what}")


@contextmanager
def in_plain_words(feed: Feed) -> Iterator[None]:
    """Turn what paramiko, the network and the server raise into RosterUnavailableError or ConnectionLostError."""
    try:
        yield
    except IncompatiblePeer as error:
        raise unavailable(feed, _outdated(error)) from error
    except (SFTPError, struct.error) as error:
        raise unavailable(
            feed, f"what answers is not SFTP ({quoted(str(error))}); ask the district for an SFTP-only account"
        ) from error
    except UnicodeDecodeError as error:
        name = quoted(error.object.decode("utf-8", "backslashreplace"))
        raise unavailable(
            feed, f"{name} is not UTF-8; ask the district to deliver plain files with plain names"
        ) from error
    # InvalidTag is how paramiko tells of bytes that were altered on the way.
    except (OSError, EOFError, SSHException, InvalidTag) as error:
        lasting = isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN
        kind = RosterUnavailableError if lasting else ConnectionLostError
        raise kind(f"{feed.host}:{feed.port}: {_breakage(error, feed)}") from error


def _outdated(error: IncompatiblePeer) -> str:
    missing = quoted(str(error).rpartition("(")[2].rstrip(")"))
    return (
        f"the server has only outdated encryption ({missing}); ask the district for AES-GCM or AES-CTR, SHA-2, and an"
        " Ed25519, ECDSA or RSA (SHA-2) host key"
    )


def _breakage(error: Exception, feed: Feed) -> str:
    if isinstance(error, socket.gaierror):
        return "no address for this name; check [feed] host and the name servers"
    if isinstance(error, TimeoutError):
        return f"no answer within {feed.timeout_seconds:g} seconds; check the firewall, then the server"
    if isinstance(error, OSError) and error.errno in errno.errorcode:
        return f"{str(error.strerror).lower()}; check the network, then the server"
    detail = f" ({quoted(str(error))})" if str(error) else ""
    return f"the connection broke{detail}; check the network, then the server"
