"""Which files of the district's folder are tonight's roster, and whether they are all there yet."""

import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice

from paramiko import SFTPAttributes

from access_service.settings import Feed
from sync.sftp.remote import Remote
from sync.sftp.trouble import RosterUnavailableError, quoted, unavailable

MOST_ENTRIES = 10_000
SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
# Ours, in the district's folder: as strftime writes the name, and as a listing shows it.
FEEDBACK_NAME = "library-feedback-%Y%m%d-%H%M%S.csv"
FEEDBACK = r"library-feedback-\d{8}-\d{6}\.csv"
UNFINISHED = (".part", ".filepart", ".tmp")


@dataclass(frozen=True, slots=True, order=True)
class RemoteFile:
    """A regular file in the folder; the oldest sorts first. Its name is safe to use as a path; sizes are bytes."""

    modified: int  # seconds since 1970
    name: str
    path: str
    size: int

    @property
    def modified_at(self) -> datetime:
        return datetime.fromtimestamp(self.modified, UTC)


@dataclass(frozen=True, slots=True)
class Listing:
    """How many entries a folder has, those that are ours, oldest first, and why others that match are not."""

    entries: int
    files: tuple[RemoteFile, ...]
    refused: tuple[str, ...]


def listing(remote: Remote) -> Listing:
    """Look at the folder. Hidden, unfinished and marker files, feedback and folders are never ours."""
    feed = remote.feed
    found = list(islice(remote.entries(feed.folder), MOST_ENTRIES + 1))
    if len(found) > MOST_ENTRIES:
        raise unavailable(feed, f"{quoted(feed.folder)} has over {MOST_ENTRIES} entries; ask the district to clear it")
    ours = [entry for entry in found if _is_ours(entry.filename, feed) and not stat.S_ISDIR(entry.st_mode or 0)]
    checked = [_checked(_in_folder(feed, entry.filename), entry.filename, entry) for entry in ours]
    files = sorted(each for each in checked if isinstance(each, RemoteFile))
    return Listing(len(found), tuple(files), tuple(each for each in checked if isinstance(each, str)))


def chosen(remote: Remote, found: Listing) -> tuple[RemoteFile, ...]:
    """The newest file, or for package "files" all of them, as they are now, oldest first.

    Errors: RosterUnavailableError where there is none, or what there is cannot be a roster.
    """
    feed = remote.feed
    if not found.files or (feed.package == "files" and found.refused):
        raise unavailable(feed, _nothing_usable(found, feed))
    listed = found.files if feed.package == "files" else found.files[-1:]
    # Asked for again, one by one: a listing may be cached, or show what a link leads to.
    files = tuple(sorted(_still_there(remote, file) for file in listed))
    for file in files:
        if not file.size:
            raise unavailable(feed, f"{file.name} is empty; ask the district to export again")
    if (size := sum(file.size for file in files)) > feed.max_bytes:
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        raise unavailable(
            feed, f"{files[0].name}{more}: {size} bytes, over [feed] max_bytes of {feed.max_bytes}; is it a roster?"
        )
    return files


def prove_complete(remote: Remote, files: Sequence[RemoteFile], sleep: Callable[[float], None]) -> None:
    """Errors: RosterUnavailableError where a marker is missing, or size or time change within `settle_seconds`."""
    if remote.feed.complete == "marker":
        for file in files:
            _need_marker(remote, file)
    else:
        sleep(remote.feed.settle_seconds)
    for file in files:
        if current(remote, file) != file:
            raise _unfinished(remote.feed, file)


def current(remote: Remote, file: RemoteFile) -> RemoteFile | None:
    """The file as it is now; None if it is gone or no longer a regular file."""
    attributes = remote.lstat(file.path)
    checked = _checked(file.path, file.name, attributes) if attributes else None
    return checked if isinstance(checked, RemoteFile) else None


def _still_there(remote: Remote, listed: RemoteFile) -> RemoteFile:
    if file := current(remote, listed):
        return file
    raise _unfinished(remote.feed, listed)


def _unfinished(feed: Feed, file: RemoteFile, why: str = "") -> RosterUnavailableError:
    return unavailable(feed, f"{file.name} is still being written{why}; the next run will read it")


def _in_folder(feed: Feed, name: str) -> str:
    return f"{feed.folder.rstrip('/')}/{name}"


def _is_ours(name: str, feed: Feed) -> bool:
    marker = feed.complete == "marker" and name.endswith(feed.marker)
    hidden = name.startswith(".") and "/" not in name
    other = marker or hidden or name.lower().endswith(UNFINISHED) or re.fullmatch(FEEDBACK, name)
    return fnmatchcase(name, feed.pattern) and not other


def _checked(path: str, name: str, attributes: SFTPAttributes) -> RemoteFile | str:
    mode, size, modified = attributes.st_mode, attributes.st_size, attributes.st_mtime
    if not SAFE_NAME.fullmatch(name):
        return f"{quoted(name)} (only letters, digits, '.', '_' and '-', at most 128)"
    if mode is None or size is None or modified is None:
        return f"{name} (the server tells no size, time or kind)"
    if not stat.S_ISREG(mode):
        return f"{name} (a link, not a file)"
    return RemoteFile(modified, name, path, size)


def _nothing_usable(found: Listing, feed: Feed) -> str:
    what = f"in {quoted(feed.folder)} matching {feed.pattern!r}"
    if not found.refused:
        return f"no file {what}; check [feed] folder and pattern, and that the district exported"
    more = f" and {len(found.refused) - 1} more" if len(found.refused) > 1 else ""
    return f"refused {what}: {found.refused[0]}{more}; ask the district to deliver plain files with plain names"


def _need_marker(remote: Remote, file: RemoteFile) -> None:
    """For package "files" one file named `marker` in the folder speaks for all, else NAME + `marker` for its file.

    A marker older than the file is left from the delivery before.
    """
    feed = remote.feed
    path = _in_folder(feed, feed.marker) if feed.package == "files" else f"{file.path}{feed.marker}"
    marker = remote.lstat(path)
    if not marker or (marker.st_mtime or 0) < file.modified:
        raise _unfinished(feed, file, f": no newer marker {quoted(path)}")
