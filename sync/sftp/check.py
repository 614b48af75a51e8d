"""Try a feed step by step, for the person who sets it up. Nothing is downloaded."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from access_service.settings import Feed
from sync.sftp.folder import chosen, listing, prove_complete
from sync.sftp.handshake import greetings, unpinned
from sync.sftp.login import Credentials
from sync.sftp.session import session
from sync.sftp.trouble import RosterUnavailableError, in_plain_words, unavailable


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """How far a feed works. What was not reached is None, False or empty; `problem` is the line that says why."""

    host_keys: tuple[str, ...] = ()  # "ssh-ed25519 SHA256:...", every one the server shows
    pinned: bool = False
    logged_in: bool = False
    entries: int | None = None  # everything in the folder
    matching: int | None = None  # files in it that could be read
    newest: str | None = None
    size: int | None = None  # bytes
    modified: datetime | None = None  # UTC
    complete: bool = False
    problem: str | None = None

    def age(self, now: datetime) -> timedelta | None:
        """How long before `now` the newest file was written."""
        return now - self.modified if self.modified else None


def check_source(feed: Feed, login: Credentials | None, sleep: Callable[[float], None] = time.sleep) -> SourceCheck:
    """Try everything but the download, once; no trouble at the other end raises.

    Without credentials, or where no pinned host key is shown, it ends before the login. `sleep` is called with
    `feed.settle_seconds` where the feed needs that proof.
    """
    check = SourceCheck()
    try:
        for check in _steps(feed, login, sleep):  # noqa: B007 the last step reached is the report
            pass
    except RosterUnavailableError as error:
        return replace(check, problem=str(error))
    return check


def _steps(feed: Feed, login: Credentials | None, sleep: Callable[[float], None]) -> Iterator[SourceCheck]:
    with in_plain_words(feed), closing(greetings(feed)) as offers:
        keys = [transport.get_remote_server_key() for transport in offers]
    shown = {key.get_name(): key.fingerprint for key in keys}
    check = SourceCheck(tuple(f"{kind} {fingerprint}" for kind, fingerprint in shown.items()))
    yield check
    if not set(feed.host_keys) & set(shown.values()):
        raise unpinned(feed, shown.values())
    check = replace(check, pinned=True)
    yield check
    if not login:
        raise unavailable(feed, f"no key and no password for {feed.user} yet, so no login was tried")
    with session(feed, login) as remote:
        check = replace(check, logged_in=True)
        yield check
        found = listing(remote)
        check = replace(check, entries=found.entries, matching=len(found.files))
        yield check
        files = chosen(remote, found)
        newest = files[-1]
        check = replace(check, newest=newest.name, size=newest.size, modified=newest.modified_at)
        yield check
        prove_complete(remote, files, sleep)
        yield replace(check, complete=True)
