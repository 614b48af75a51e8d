"""Remote bytes to a local file that is whole, checked and ours, or to no file at all."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from paramiko.sftp import SFTP_EOF

from access_service.errors import OperatorError
from access_service.settings import Feed
from sync.sftp.folder import RemoteFile, current
from sync.sftp.trouble import RosterUnavailableError, SftpRefusedError, unavailable
from sync.sftp.wire import SftpReader

# Of a remote name nothing but one of these goes into a local one.
KINDS = frozenset({".zip", ".csv", ".txt"})


def land_one(sftp: SftpReader, feed: Feed, file: RemoteFile, into: Path) -> tuple[Path, str]:
    """Read one file into the folder `into`, under a random name: its path and the SHA-256 of its bytes.

    Errors: RosterUnavailableError where it changed meanwhile; OperatorError where `into` cannot take it.
    """
    suffix = os.path.splitext(file.name)[1].lower()
    landed = _fresh(into, suffix if suffix in KINDS else "")
    part = landed.with_suffix(".part")
    try:
        sha256 = _receive(sftp, feed, file, part)
        _publish(part, landed)
    finally:
        with spool_errors(part):
            part.unlink(missing_ok=True)
    return landed, sha256


def land_all(sftp: SftpReader, feed: Feed, files: Sequence[RemoteFile], into: Path) -> tuple[Path, str]:
    """Read files into one fresh folder in `into`, under their own names: its path and the SHA-256 of its contents.

    That is the SHA-256 of the lines "NAME SHA256", one a file, sorted by name. Errors: as `land_one`.
    """
    landed = _fresh(into, "")
    part = landed.with_suffix(".part")
    try:
        with spool_errors(part):
            part.mkdir(mode=0o700)
        lines = sorted(f"{file.name} {_receive(sftp, feed, file, part / file.name)}\n" for file in files)
        _publish(part, landed)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return landed, hashlib.sha256("".join(lines).encode()).hexdigest()


@contextmanager
def spool_errors(path: Path) -> Iterator[None]:
    """Local trouble as OperatorError, so that nobody takes it for trouble with the server."""
    try:
        yield
    except OSError as error:
        raise OperatorError(
            f"{path}: {str(error.strerror).lower()}; make room, check its owner, or set another spool in service.toml"
        ) from error


def _receive(sftp: SftpReader, feed: Feed, file: RemoteFile, path: Path) -> str:
    digest = hashlib.sha256()
    with _created(path) as descriptor:
        for block in _blocks(sftp, feed, file):
            digest.update(block)
            with spool_errors(path):
                _write(descriptor, block)
        # Nothing in SFTP tells a whole file from one that was rewritten under the reader.
        if current(sftp, file) != file:
            raise _changed(feed, file)
        with spool_errors(path):
            os.fsync(descriptor)
    return digest.hexdigest()


def _blocks(sftp: SftpReader, feed: Feed, file: RemoteFile) -> Iterator[bytes]:
    try:
        yield from sftp.read(file.path, file.size)
    except SftpRefusedError as refusal:
        if refusal.code == SFTP_EOF:
            raise _changed(feed, file) from refusal
        raise


def _changed(feed: Feed, file: RemoteFile) -> RosterUnavailableError:
    return unavailable(
        feed, f"{file.name} changed while it was read; nothing of it is kept and the next run will read it"
    )


@contextmanager
def _created(path: Path) -> Iterator[int]:
    with spool_errors(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        yield descriptor
    finally:
        with spool_errors(path):
            os.close(descriptor)


def _write(descriptor: int, block: bytes) -> None:
    while block:
        block = block[os.write(descriptor, block) :]


def _fresh(into: Path, suffix: str) -> Path:
    with spool_errors(into):
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
    return into / f"{token_hex(16)}{suffix}"


def _publish(part: Path, landed: Path) -> None:
    """Rename, and see to it that the name outlives a power cut."""
    with spool_errors(landed):
        if part.is_dir():
            _sync_folder(part)
        part.replace(landed)
        _sync_folder(landed.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
