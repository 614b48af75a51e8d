"""Which files of the district's folder are tonight's roster, and whether they are all there yet."""

import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice

from paramiko.sftp import SFTP_NO_SUCH_FILE

from access_service.settings import Feed
from sync.sftp.trouble import SftpRefusedError, quoted, unavailable
from sync.sftp.wire import Attributes, SftpReader

MOST_ENTRIES = 10_000
SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
UNFINISHED = (".part", ".filepart", ".tmp")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A regular file in the folder. Its name is safe to use as a path; sizes are bytes, times seconds since 1970."""

    path: str
    name: str
    size: int
    modified: int

    @property
    def modified_at(self) -> datetime:
        return datetime.fromtimestamp(self.modified, UTC)


@dataclass(frozen=True, slots=True)
class Listing:
    """How many entries a folder has, those that are ours, oldest first, and why others that match are not."""

    entries: int
    files: tuple[RemoteFile, ...]
    refused: tuple[str, ...]


def listing(sftp: SftpReader, feed: Feed) -> Listing:
    """Look at the folder. Hidden, unfinished and marker files, and folders, are never ours."""
    found = list(islice(sftp.names(feed.folder), MOST_ENTRIES + 1))
    if len(found) > MOST_ENTRIES:
        raise unavailable(feed, f"{quoted(feed.folder)} has over {MOST_ENTRIES} entries; ask the district to clear it")
    files, refused = [], []
    for name, attributes in found:
        if not _is_ours(name, feed) or stat.S_ISDIR(attributes.mode or 0):
            continue
        checked = _checked(_in_folder(feed, name), name, attributes)
        if isinstance(checked, str):
            refused.append(checked)
        else:
            files.append(checked)
    entries = sum(name not in (".", "..") for name, _ in found)
    return Listing(entries, tuple(sorted(files, key=_age)), tuple(refused))


def chosen(sftp: SftpReader, feed: Feed, found: Listing) -> tuple[RemoteFile, ...]:
    """The newest file, or for package "files" all of them, as they are now, oldest first.

    Errors: RosterUnavailableError where there is none, or what there is cannot be a roster.
    """
    if not found.files or (feed.package == "files" and found.refused):
        raise unavailable(feed, _nothing_usable(found, feed))
    listed = found.files if feed.package == "files" else found.files[-1:]
    # Asked for again, one by one: a listing may be cached, or show what a link leads to.
    files = tuple(sorted((_still_there(sftp, feed, file) for file in listed), key=_age))
    for file in files:
        if not file.size:
            raise unavailable(feed, f"{file.name} is empty; ask the district to export again")
    if (size := sum(file.size for file in files)) > feed.max_bytes:
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        raise unavailable(
            feed, f"{files[0].name}{more}: {size} bytes, over [feed] max_bytes of {feed.max_bytes}; is it a roster?"
        )
    return files


def prove_complete(sftp: SftpReader, feed: Feed, files: Sequence[RemoteFile], sleep: Callable[[float], None]) -> None:
    """Errors: RosterUnavailableError where a marker is missing, or size or time change within `settle_seconds`."""
    if feed.complete == "marker":
        for file in files:
            _need_marker(sftp, feed, file)
    else:
        sleep(feed.settle_seconds)
    for file in files:
        if current(sftp, file) != file:
            raise unavailable(feed, f"{file.name} is still being written; the next run will read it")


def current(sftp: SftpReader, file: RemoteFile) -> RemoteFile | None:
    """The file as it is now; None if it is gone or no longer a regular file."""
    try:
        attributes = sftp.lstat(file.path)
    except SftpRefusedError as refusal:
        if refusal.code != SFTP_NO_SUCH_FILE:
            raise
        return None
    checked = _checked(file.path, file.name, attributes)
    return checked if isinstance(checked, RemoteFile) else None


def _still_there(sftp: SftpReader, feed: Feed, listed: RemoteFile) -> RemoteFile:
    if file := current(sftp, listed):
        return file
    raise unavailable(feed, f"{listed.name} was taken away while we looked; the next run will look again")


def _age(file: RemoteFile) -> tuple[int, str]:
    return file.modified, file.name


def _in_folder(feed: Feed, name: str) -> str:
    return f"{feed.folder.rstrip('/')}/{name}"


def _is_ours(name: str, feed: Feed) -> bool:
    marker = feed.complete == "marker" and name.endswith(feed.marker)
    hidden = name.startswith(".") and "/" not in name
    return fnmatchcase(name, feed.pattern) and not (marker or hidden or name.lower().endswith(UNFINISHED))


def _checked(path: str, name: str, attributes: Attributes) -> RemoteFile | str:
    if not SAFE_NAME.fullmatch(name):
        return f"{quoted(name)} (only letters, digits, '.', '_' and '-', at most 128)"
    if attributes.mode is None or attributes.size is None or attributes.modified is None:
        return f"{name} (the server tells no size, time or kind)"
    if not stat.S_ISREG(attributes.mode):
        return f"{name} (a link, not a file)"
    return RemoteFile(path, name, attributes.size, attributes.modified)


def _nothing_usable(found: Listing, feed: Feed) -> str:
    what = f"in {quoted(feed.folder)} matching {feed.pattern!r}"
    if not found.refused:
        return f"no file {what}; check [feed] folder and pattern, and that the district exported"
    more = f" and {len(found.refused) - 1} more" if len(found.refused) > 1 else ""
    return f"refused {what}: {found.refused[0]}{more}; ask the district to deliver plain files with plain names"


def _need_marker(sftp: SftpReader, feed: Feed, file: RemoteFile) -> None:
    """For package "files" one file named `marker` in the folder speaks for all, else NAME + `marker` for its file.

    A marker older than the file is left from the delivery before.
    """
    path = _in_folder(feed, feed.marker) if feed.package == "files" else f"{file.path}{feed.marker}"
    try:
        written = sftp.lstat(path).modified
    except SftpRefusedError as refusal:
        if refusal.code != SFTP_NO_SUCH_FILE:
            raise
        written = None
    if written is None or written < file.modified:
        raise unavailable(
            feed, f"{file.name} is still being written: no newer marker {quoted(path)}; the next run will read it"
        )
