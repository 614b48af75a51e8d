"""From a pinned server to SFTP: one login, and never an endless wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from cryptography.exceptions import InvalidTag
from paramiko import BadAuthenticationType, Channel, SFTPClient, SSHException, Transport

from access_service.settings import Feed
from sync.sftp.handshake import pinned
from sync.sftp.login import Credentials
from sync.sftp.remote import SLACK, GuardedChannel, Remote
from sync.sftp.trouble import (
    ConnectionLostError,
    LoginRefusedError,
    in_plain_words,
    quoted,
    unavailable,
)

KEEPALIVE = 15  # seconds
WINDOW = 1024 * 1024  # bytes: with paramiko's own, twice as many, it moves more at each read and is slower
LONGEST = 3600  # seconds from the login to the last byte


@contextmanager
def session(feed: Feed, login: Credentials, longest: float = LONGEST) -> Iterator[Remote]:
    """An SFTP session with a pinned server, for at most `longest` seconds besides `feed.settle_seconds`.

    Errors: RosterUnavailableError; ConnectionLostError, one of its kind, where a later try can heal.
    """
    with in_plain_words(feed), pinned(feed) as transport:
        _log_in(transport, feed, login)
        transport.set_keepalive(KEEPALIVE)
        with _time_limit(transport, longest + feed.settle_seconds) as late:
            try:
                with in_plain_words(feed):
                    yield _open_sftp(transport, feed)
            except ConnectionLostError as error:
                if not late.is_set():
                    raise
                minutes = f"{longest / 60:g} minutes"
                raise unavailable(feed, f"no roster within {minutes}; the server is too slow to wait for") from error


def _log_in(transport: Transport, feed: Feed, login: Credentials) -> None:
    """One attempt. Whatever ends it is final: a second one could lock the account."""
    try:
        wanted = transport.auth_publickey(feed.user, login.key) if login.key else ["password"]
        if wanted and login.password:
            transport.auth_password(feed.user, login.password)
    except BadAuthenticationType as error:
        takes = quoted(", ".join(error.allowed_types))
        raise LoginRefusedError(
            f"{feed.host}:{feed.port}: login as {feed.user} refused: the server takes {takes};"
            " set SFTP_KEY_... or SFTP_PASSWORD_..."
        ) from error
    except (SSHException, OSError, EOFError, InvalidTag, ValueError) as error:
        raise _login_refused(feed) from error
    if not transport.is_authenticated():
        raise _login_refused(feed)


def _login_refused(feed: Feed) -> LoginRefusedError:
    return LoginRefusedError(
        f"{feed.host}:{feed.port}: login as {feed.user} refused; check SFTP_KEY_... or SFTP_PASSWORD_...,"
        " and ask the district whether the account is open. It is not tried again tonight, so that it is not locked",
    )


def _open_sftp(transport: Transport, feed: Feed) -> Remote:
    # paramiko waits without limit for the answer to this request.
    with _time_limit(transport, feed.timeout_seconds) as late:
        try:
            channel = transport.open_session(WINDOW, timeout=feed.timeout_seconds)
            channel.settimeout(feed.timeout_seconds)
            channel.invoke_subsystem("sftp")
            # Twice: what was asked for ahead may have to be asked for again.
            guarded = GuardedChannel(channel, 2 * feed.max_bytes + SLACK)
            return Remote(feed, channel, SFTPClient(cast(Channel, guarded)))
        except (SSHException, EOFError) as error:
            if late.is_set():
                raise TimeoutError from error
            if not transport.is_active():
                raise
            raise unavailable(feed, f"{feed.user} may log in but has no SFTP; ask the district to allow it") from error


@contextmanager
def _time_limit(transport: Transport, seconds: float) -> Iterator[threading.Event]:
    """Close the connection after `seconds` and set the event: a server that drips bytes meets every other timeout."""
    late = threading.Event()

    def end() -> None:
        late.set()
        transport.close()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
