"""What we put into the district's folder: whole under its name, or not at all."""

import re
from contextlib import suppress
from itertools import islice

from access_service.settings import Feed
from sync.sftp.folder import FEEDBACK, MOST_ENTRIES
from sync.sftp.login import Credentials
from sync.sftp.remote import Remote
from sync.sftp.session import session
from sync.sftp.trouble import RosterUnavailableError, unavailable

LONGEST = 300  # seconds: the night is over, and waits no longer
KEPT = 14


def deliver(feed: Feed, login: Credentials, name: str, content: bytes) -> str:
    """Put one file into the folder `feed.feedback`, and take away all but the newest of its kind; why that could not be
    done, or "". Once: tomorrow there is another. Errors: RosterUnavailableError, of which no night fails.
    """
    folder = feed.feedback.rstrip("/") or "/"
    with session(feed, login, LONGEST) as remote:
        put_whole(remote, f"{folder}/{name}", content)
        return _tidy(remote, folder)


def put_whole(remote: Remote, path: str, content: bytes) -> None:
    """Put a file under its path, whole or not at all. Errors: RosterUnavailableError."""
    part = f"{path}.part"
    try:
        remote.write(part, content)
        written = remote.lstat(part)
        if not written or written.st_size != len(content):
            name = path.rpartition("/")[2]
            raise unavailable(remote.feed, f"{name} was not taken whole; ask the district whether the folder is full")
        remote.rename(part, path)
    except RosterUnavailableError:
        with suppress(RosterUnavailableError):
            remote.remove(part)
        raise


def _tidy(remote: Remote, folder: str) -> str:
    """Names that we could not have given are not touched, whatever a listing says of them."""
    try:
        names = [entry.filename for entry in islice(remote.entries(folder), MOST_ENTRIES)]
        for name in sorted(name for name in names if re.fullmatch(FEEDBACK, name))[:-KEPT]:
            remote.remove(f"{folder}/{name}")
    except RosterUnavailableError as trouble:
        return str(trouble)
    return ""
