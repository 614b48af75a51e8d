"""Tonight's roster, fetched whole and unchanged, or an error that says why not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import SystemRandom

from access_service.settings import Feed
from sync.sftp.folder import chosen, listing, prove_complete
from sync.sftp.landing import land_all, land_one
from sync.sftp.login import Credentials
from sync.sftp.session import session
from sync.sftp.trouble import ConnectionLostError, RosterUnavailableError

FIRST_WAIT, LONGEST_WAIT = 30.0, 1800.0  # seconds


@dataclass(frozen=True, slots=True)
class Landed:
    """A roster on our disk. `path` is the file, or the folder of a "files" package, whose name is the pattern and
    whose SHA-256 is over its lines "NAME SHA256", sorted. `size` is bytes in all, `modified` the newest time, UTC."""

    path: Path
    name: str
    sha256: str
    size: int
    modified: datetime


def fetch(feed: Feed, login: Credentials, into: Path, sleep: Callable[[float], None] = time.sleep) -> Landed:
    """Bring tonight's roster to `into`. A broken connection is tried again, `feed.tries` times in all.

    Errors: RosterUnavailableError for all that is wrong at the other end, OperatorError for what is wrong at ours.
    """
    for attempt in range(1, feed.tries):
        try:
            return _fetch_once(feed, login, into, sleep)
        except ConnectionLostError:
            sleep(_wait(attempt))
    try:
        return _fetch_once(feed, login, into, sleep)
    except ConnectionLostError as error:
        raise RosterUnavailableError(f"{error} (tried {feed.tries} times)") from error


def _wait(attempt: int) -> float:
    # Full jitter: libraries that share a district's server must not come back all at once.
    return SystemRandom().uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)))


def _fetch_once(feed: Feed, login: Credentials, into: Path, sleep: Callable[[float], None]) -> Landed:
    with session(feed, login) as remote:
        files = chosen(remote, listing(remote))
        prove_complete(remote, files, sleep)
        newest, package = files[-1], feed.package == "files"
        path, sha256 = land_all(remote, files, into) if package else land_one(remote, newest, into)
    size = sum(file.size for file in files)
    return Landed(path, feed.pattern if package else newest.name, sha256, size, newest.modified_at)
