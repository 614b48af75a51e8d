"""The newest file that the ILS left for us: whole, on this machine for as long as it is read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from hashlib import file_digest
from pathlib import Path

from access_service.errors import OperatorError
from access_service.ils import Ils, Source
from access_service.settings import Feed
from sync.ils.trouble import of_the_server
from sync.sftp import RosterUnavailableError, credentials, fetch
from sync.shred import shred
from sync.spool import spool_errors

LARGEST = 2 * 1024**3  # bytes
# Of SFTP_KEY_ILS where it is the server of [ils.delivery], else of SFTP_KEY_ILS_EXTRACT or SFTP_KEY_ILS_REJECTS.
SECRETS = "ils"
_FAST_HOURS = 1
UNFINISHED = (".part", ".filepart", ".tmp")


class ExtractRefusedError(OperatorError):
    """One line: what is wrong with a file of the ILS, and what to see to. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file of the ILS. `written` is when, UTC, as the file says."""

    path: Path
    name: str
    sha256: str
    size: int
    written: datetime

    def check_clock(self, now: datetime) -> None:
        """Errors: ExtractRefusedError where it is of a time to come: it would be newer than the next files, and than
        loads of which it does not know."""
        hours = (self.written - now).total_seconds() / 3600
        if hours > _FAST_HOURS:
            raise ExtractRefusedError(
                f"{self.name} is {hours:.0f} hours ahead of us; see to the clocks of this machine and of the ILS's"
            )

    def check_unchanged(self) -> None:
        """Errors: ExtractRefusedError where somebody wrote it while it was read."""
        now = self.path.stat()
        if (now.st_size, datetime.fromtimestamp(now.st_mtime, UTC)) != (self.size, self.written):
            raise ExtractRefusedError(f"{self.name} is still being written; it is read the next time")


@contextmanager
def incoming(kind: str, source: Source, ils: Ils, spool: Path) -> Iterator[Incoming]:
    """The newest file of [ils.KIND]. Errors: ExtractRefusedError, ConfigError for a secret."""
    if source.at == "folder":
        yield given(_newest(kind, source))
        return
    folder = spool / f"ils-{kind}"
    with spool_errors(folder):
        if folder.exists():
            shred(folder)
        folder.mkdir(parents=True, mode=0o700)
    try:
        landed = fetch(_feed(source, ils), credentials(f"{SECRETS}-{kind}" if source.host else SECRETS), folder)
        # The clock of the server, and not of when it came here.
        os.utime(landed.path, (landed.modified.timestamp(),) * 2)
        found = landed.path.stat()
        written = datetime.fromtimestamp(found.st_mtime, UTC)
        yield Incoming(landed.path, landed.name, landed.sha256, found.st_size, written)
    except RosterUnavailableError as error:
        own = f"ILS_{kind.upper()}" if source.host else "ILS"
        raise ExtractRefusedError(of_the_server(error, f"ils.{kind}", own)) from error
    finally:
        shred(folder)


def given(path: Path) -> Incoming:
    """A file on this machine. Errors: ExtractRefusedError."""
    try:
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            if found.st_size > LARGEST:
                raise ExtractRefusedError(f"{path.name}: {found.st_size} bytes; is it a list of patrons?")
            digest = file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ExtractRefusedError(f"{path}: {error.strerror}") from error
    return Incoming(path, path.name, digest, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


def _newest(kind: str, source: Source) -> Path:
    if not source.folder.is_dir():
        raise ExtractRefusedError(f"{source.folder}: no such folder; make it, or mend [ils.{kind}] folder")
    found = [path for path in source.folder.iterdir() if _is_ours(path, source)]
    if not found:
        raise ExtractRefusedError(
            f"{source.folder}: no file matching {source.pattern!r}; see that the ILS exports, or mend [ils.{kind}]"
        )
    return max(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _is_ours(path: Path, source: Source) -> bool:
    other = path.name.startswith(".") or path.name.lower().endswith(UNFINISHED)
    return fnmatchcase(path.name, source.pattern) and not other and path.is_file()


def _feed(source: Source, ils: Ils) -> Feed:
    server = source if source.host else ils.delivery
    return Feed(
        host=server.host,
        port=server.port,
        user=server.user,
        host_keys=server.host_keys,
        folder=str(source.folder),
        pattern=source.pattern,
        settle_seconds=0,
        max_bytes=LARGEST,
        timeout_seconds=ils.delivery.timeout_seconds,
        tries=ils.delivery.tries,
    )
