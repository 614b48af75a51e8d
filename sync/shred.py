"""Files that must not be read again. On a disk that writes elsewhere, only sealing protects what was there."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

PIECE = bytes(1024 * 1024)


def shred(path: Path) -> None:
    """Write over a file, or every file of a folder, as well as the disk lets us, and remove it. None there is fine."""
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file() and not file.is_symlink():
            # On a full or dying disk it is still better gone.
            with suppress(OSError):
                _overwrite(file)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _overwrite(file: Path) -> None:
    left = file.stat().st_size
    with file.open("r+b", buffering=0) as target:
        while left > 0:
            left -= target.write(PIECE[:left])
        os.fsync(target.fileno())
