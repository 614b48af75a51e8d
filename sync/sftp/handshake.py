"""Reaching the one server that the configuration names: a pinned key and modern algorithms, before anything is sent."""

import logging
import socket
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress

from paramiko import SSHException, Transport
from paramiko.ssh_exception import IncompatiblePeer

from access_service.settings import Feed
from sync.sftp.trouble import RosterUnavailableError, unavailable

# No CBC, no 3DES, no MD5 and no SHA-1. GCM goes first: it is the fastest, and paramiko's own order puts it last.
CIPHERS = "aes256-gcm@openssh.com aes128-gcm@openssh.com aes256-ctr aes192-ctr aes128-ctr".split()
MACS = "hmac-sha2-256-etm@openssh.com hmac-sha2-512-etm@openssh.com hmac-sha2-256 hmac-sha2-512".split()
HOST_KEYS = "ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 rsa-sha2-512 rsa-sha2-256".split()

# paramiko logs tracebacks of what we report in one line, and at DEBUG the names of files.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


@contextmanager
def pinned(feed: Feed) -> Iterator[Transport]:
    """A transport whose server proved a pinned host key. Nobody has tried to log in yet.

    Errors: RosterUnavailableError with the fingerprints that were shown instead; what `greetings` raises.
    """
    shown = []
    with closing(greetings(feed)) as offers:
        for transport in offers:
            if (fingerprint := transport.get_remote_server_key().fingerprint) in feed.host_keys:
                yield transport
                return
            shown.append(fingerprint)
    raise unpinned(feed, shown)


def unpinned(feed: Feed, shown: Iterable[str]) -> RosterUnavailableError:
    """The refusal of a server that showed only these fingerprints."""
    return unavailable(
        feed,
        f"the server shows {' and '.join(shown)}, which [feed] host_keys does not list; nothing was sent."
        " Ask the district by telephone whether its host key changed, and only then list the new one",
    )


def greetings(feed: Feed) -> Generator[Transport]:
    """A transport for each host key the server holds, one after the other, each closed before the next.

    A server proves only one key in a connection, the first in our order that it has. Were it not asked again
    without that kind, a pinned key of another kind could never be seen.

    Errors: SSHException, IncompatiblePeer where the algorithms have nothing in common; OSError.
    """
    wanted = HOST_KEYS
    while wanted:
        with _transport(feed) as transport:
            try:
                _negotiate(transport, feed, wanted)
            except IncompatiblePeer:
                if wanted != HOST_KEYS:
                    return
                raise
            yield transport
            shown = transport.get_remote_server_key().get_name().replace("ssh-rsa", "rsa-sha2")
            wanted = [name for name in wanted if not name.startswith(shown)]


@contextmanager
def _transport(feed: Feed) -> Iterator[Transport]:
    seconds = feed.timeout_seconds
    sock = socket.create_connection((feed.host, feed.port), seconds)
    # Requests are small and many: with Nagle's delay each batch of them waits up to 40 ms for an acknowledgement.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = Transport(sock)
    transport.banner_timeout = transport.handshake_timeout = seconds
    transport.auth_timeout = transport.channel_timeout = seconds
    try:
        yield transport
    finally:
        # Wakes paramiko's thread, which otherwise looks up only every 0.1 seconds.
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        transport.close()
        sock.close()
        if transport.is_alive():
            transport.join(seconds)
        # Stops the timer thread of a handshake that never ended.
        transport.packetizer.complete_handshake()


def _negotiate(transport: Transport, feed: Feed, host_keys: list[str]) -> None:
    options = transport.get_security_options()
    options.key_types, options.ciphers, options.digests = host_keys, CIPHERS, MACS
    done = threading.Event()
    # With an event the error is a value: a hostile peer can make paramiko raise nearly any class otherwise.
    transport.start_client(event=done)
    if not done.wait(feed.timeout_seconds):
        raise TimeoutError
    if not transport.initial_kex_done:
        error = transport.get_exception()
        if isinstance(error, IncompatiblePeer | OSError):
            raise error
        raise SSHException(f"no SSH handshake: {error}") from error
