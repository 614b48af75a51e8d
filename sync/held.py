"""The file of a held night, sealed until a person has decided or another file has come."""

import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from access_service.errors import OperatorError
from sync.sealed import derived, seal, unseal
from sync.shred import shred
from sync.spool import spool_errors


@dataclass(frozen=True)
class HeldFile:
    """Where a district's held file is kept: one at most, of `run_id`."""

    spool: Path
    district: str
    key: bytes

    @property
    def path(self) -> Path:
        return self.spool / "held" / f"{self.district}.sealed"

    def keep(self, landed: Path, run_id: int) -> None:
        """Keep a roster, a file or a folder of files, in place of any that was kept before. Errors: OperatorError."""
        new = self.path.with_suffix(".new")
        with spool_errors(self.path):
            try:
                self._write(landed, new, run_id)
                new.replace(self.path)
            finally:
                new.unlink(missing_ok=True)

    def forget(self) -> None:
        shred(self.path)

    def put_back(self, run_id: int, into: Path) -> Path:
        """The roster as it was kept, in the folder `into`. Errors: OperatorError."""
        with spool_errors(into), TemporaryFile(dir=into) as packed:
            self._unseal(packed, run_id)
            packed.seek(0)
            with tarfile.open(fileobj=packed) as archive:
                _unpack(archive, into)
                return into / archive.getnames()[0]

    def _write(self, landed: Path, new: Path, run_id: int) -> None:
        new.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        with TemporaryFile(dir=new.parent) as packed, new.open("wb") as target:
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(landed, arcname=landed.name)
            packed.seek(0)
            seal(packed, target, self._key, self._place(run_id))

    def _unseal(self, packed: IO[bytes], run_id: int) -> None:
        try:
            source = self.path.open("rb")
        except FileNotFoundError:
            raise OperatorError(f"no file of {self.district} is held; `roster-sync holds` lists them") from None
        with source:
            unseal(source, packed, self._key, self._place(run_id))

    @property
    def _key(self) -> bytes:
        return derived(self.key, b"held file")

    def _place(self, run_id: int) -> bytes:
        return f"{self.district} {run_id}".encode()


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Plain files and folders of an archive of our own making, with the time that the district wrote them."""
    for member in archive.getmembers():
        path = folder / member.name
        if member.isdir():
            path.mkdir(mode=0o700)
        elif content := archive.extractfile(member):
            with path.open("wb") as file:
                shutil.copyfileobj(content, file)
            os.utime(path, (member.mtime, member.mtime))
