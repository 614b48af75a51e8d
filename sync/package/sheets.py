"""The sheets of an .xlsx workbook as the text files that a district could have exported."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

from sync.package.errors import refused
from sync.package.members import Member
from sync.package.zips import MIB, checked

KIND = ".xlsx"
# Between a workbook's name and the number of a sheet after the first that has cells.
SHEET = " sheet "
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
AS_XLSX = "save it as .xlsx without a password, or as CSV"
TOO_LARGE = 5


class WorkbookBytes(io.BytesIO):
    """A workbook under a ZipFile, read in small pieces: see ZipBytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MIB:
            raise BadZipFile("its directory is too large")
        return super().read(size)


def sheets(workbook: Member, max_bytes: int) -> list[Member]:
    """Each sheet that has cells and is not hidden: the first under the workbook's own name.

    Errors: BadPackageError, also for a workbook that no zip should be.
    """
    if workbook.size > max_bytes:
        raise refused(workbook.label, f"{workbook.size} bytes, over {max_bytes}", "is it a roster?")
    with workbook.open() as source:
        content = source.read()
    if content.startswith(OLE2):
        raise refused(workbook.label, "an old or encrypted workbook", AS_XLSX)
    with checked(workbook.label, WorkbookBytes(content)) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > max_bytes:
        raise refused(workbook.label, f"{unpacked} bytes when unpacked, over {max_bytes}", "is it a roster?")
    return [
        Member(name, f"{workbook.label}{name[len(workbook.name) :]}", len(text), partial(io.BytesIO, text), numbers)
        for name, text, numbers in _named(workbook.name, io.BytesIO(_converted(workbook.label, content, max_bytes)))
    ]


def is_old_workbook(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(OLE2)) == OLE2


def _converted(label: str, content: bytes, max_bytes: int) -> bytes:
    command = [sys.executable, "-m", "sync.package.workbook", str(max_bytes)]
    # Whoever made the workbook may have meant it to be more than a workbook: our secrets are not there to be found.
    own = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(  # noqa: S603 our own program, and nothing of the district's in its arguments
        command, input=content, env=own, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    if done.returncode == TOO_LARGE or done.returncode < 0:
        raise refused(label, "too many cells, or one far outside the table", "save the table alone, or as CSV")
    if done.returncode:
        raise refused(label, "damaged, or no workbook", "save it again as .xlsx, or as CSV")
    return done.stdout


def _named(name: str, source: io.BytesIO) -> Iterator[tuple[str, bytes, frozenset[int]]]:
    found = 0
    while line := source.readline():
        about = json.loads(line)
        found += 1
        text = source.read(about["size"])
        yield name if found == 1 else f"{name}{SHEET}{found}", text, frozenset(about["numbers"])
