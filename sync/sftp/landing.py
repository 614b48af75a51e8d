"""Remote bytes to a local file that is whole, checked and ours, or to no file at all."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from secrets import token_hex

from sync.sftp.folder import RemoteFile, current
from sync.sftp.remote import Remote
from sync.sftp.trouble import unavailable
from sync.spool import spool_errors

# Of a remote name nothing but one of these goes into a local one.
KINDS = frozenset({".zip", ".csv", ".txt", ".text", ".tsv", ".tab", ".xlsx"})


def land_one(remote: Remote, file: RemoteFile, into: Path) -> tuple[Path, str]:
    """Read one file into the folder `into`, under a random name: its path and the SHA-256 of its bytes.

    Errors: RosterUnavailableError where it changed meanwhile; OperatorError where `into` cannot take it.
    """
    suffix = os.path.splitext(file.name)[1].lower()
    with _landing(into, suffix if suffix in KINDS else "") as (part, landed):
        sha256 = _receive(remote, file, part)
        part.replace(landed)
    return landed, sha256


def land_all(remote: Remote, files: Sequence[RemoteFile], into: Path) -> tuple[Path, str]:
    """Read files into one fresh folder in `into`, under their own names: its path and the SHA-256 of its contents.

    That is the SHA-256 of the lines "NAME SHA256", one a file, sorted by name. Errors: as `land_one`.
    """
    with _landing(into, "") as (part, landed):
        part.mkdir(mode=0o700)
        lines = sorted(f"{file.name} {_receive(remote, file, part / file.name)}\n" for file in files)
        _sync_folder(part)
        part.replace(landed)
    return landed, hashlib.sha256("".join(lines).encode()).hexdigest()


@contextmanager
def _landing(into: Path, suffix: str) -> Iterator[tuple[Path, Path]]:
    """Two fresh names in `into`: one for what is not whole yet, which is gone in the end, and one to rename it to."""
    landed = into / f"{token_hex(16)}{suffix}"
    part = landed.with_suffix(".part")
    try:
        with spool_errors(part):  # trouble with the server comes in other words
            into.mkdir(mode=0o700, parents=True, exist_ok=True)
            yield part, landed
            _sync_folder(into)
    finally:
        shutil.rmtree(part, ignore_errors=True)  # leaves a file alone
        with suppress(OSError):
            part.unlink()


def _receive(remote: Remote, file: RemoteFile, path: Path) -> str:
    # "x": never through a link, never over a file that is there.
    with open(path, "x+b", opener=partial(os.open, mode=0o600)) as target:
        size = sum(target.write(block) for block in remote.read(file.path, file.size))
        # Nothing in SFTP tells a whole file from one that was cut short or rewritten under the reader.
        if size != file.size or current(remote, file) != file:
            raise unavailable(
                remote.feed,
                f"{file.name} changed while it was read; nothing of it is kept and the next run will read it",
            )
        target.flush()
        os.fsync(target.fileno())
        target.seek(0)
        return hashlib.file_digest(target, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
