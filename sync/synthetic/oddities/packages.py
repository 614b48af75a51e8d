"""Oddities of a package: its manifest, which files are in it, and the zip around them."""

import os
import stat
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.style import Row

MANIFEST = "manifest.csv"
_END = b"PK\5\6"
_END_RECORD = struct.Struct("<4s4H2LH")
_WINDOW = 64 * 1024
_ZEROS = 16 * 1024 * 1024
_PAGE = b"<!doctype html><title>Sign in</title><p>Your session has expired.</p>\n"


def _valued(mode: str) -> Callable[[Row], Row]:
    return lambda row: (row[0], mode) if row[0].startswith("file.") and row[1] != "absent" else row


# The rows of the manifest, one by one.
MANIFEST_ROWS: dict[Oddity, Callable[[Row], Row]] = {
    Oddity.MANIFEST_BLANK: lambda row: (row[0], ""),
    Oddity.MANIFEST_CONTRADICTS: lambda row: (row[0], "bulk") if row[0] == "file.demographics" else row,
    Oddity.MANIFEST_SAYS_DELTA: _valued("delta"),
    Oddity.MANIFEST_ONLY: _valued("absent"),
    Oddity.ORGS_MISSING: lambda row: (row[0], "absent") if row[0] == "file.orgs" else row,
}


def _only_manifest(name: str) -> bool:
    return name != MANIFEST


# Which files are left out.
LEFT_OUT: dict[Oddity, Callable[[str], bool]] = {
    Oddity.NO_MANIFEST: lambda name: name == MANIFEST,
    Oddity.MANIFEST_CONTRADICTS: lambda name: name == "demographics.csv",
    Oddity.MANIFEST_ONLY: _only_manifest,
    Oddity.ORGS_MISSING: lambda name: name == "orgs.csv",
}

# What a file is called in the zip.
NAMES: dict[Oddity, Callable[[str], str]] = {
    Oddity.FOLDER_IN_ZIP: lambda name: f"export/{name}",
    Oddity.DEEP_FOLDERS: lambda name: f"exports/2026/{name}",
    Oddity.UPPER_FILE_NAMES: str.upper,
}


def _link(first: str) -> ZipInfo:
    entry = ZipInfo(f"link-{os.path.basename(first)}")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def _macos(folder: str) -> list[tuple[ZipInfo, bytes]]:
    return [(ZipInfo(f"{folder}.DS_Store"), b"\0\0\0\1Bud1"), (ZipInfo(f"__MACOSX/{folder}._users.csv"), b"\0\5\26\7")]


# Entries more, told the name of the first.
ENTRIES: dict[Oddity, Callable[[str], list[tuple[ZipInfo, bytes]]]] = {
    Oddity.MACOS_ENTRIES: lambda first: _macos(first.rpartition("/")[0] and f"{first.rpartition('/')[0]}/"),
    Oddity.README_BESIDE: lambda first: [
        (ZipInfo(first.rpartition("/")[0] + "/README.txt" if "/" in first else "README.txt"), b"Questions? Ask IT.\r\n")
    ],
    Oddity.DOTDOT_ENTRY: lambda _: [(ZipInfo("../outside.csv"), b"a,b\r\n1,2\r\n")],
    Oddity.LINK_ENTRY: lambda first: [(_link(first), b"/etc/hostname")],
    Oddity.ZIP_BOMB: lambda _: [(ZipInfo("zeros.csv"), bytes(_ZEROS))],
}


def _directory(file: BinaryIO) -> tuple[int, bytes, bytes]:
    """Where the directory of a zip begins, its bytes, and the record after it. Few files, so a small directory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _WINDOW, 0))
    tail = file.read()
    at = tail.rindex(_END)
    start = _END_RECORD.unpack_from(tail, at)[6]
    return start, tail[start - (size - len(tail)) : at], tail[at:]


def _encrypted(path: Path) -> None:
    """Only marked so: readers look at the mark."""
    with path.open("r+b") as file:
        start, _, _ = _directory(file)
        for flags in (6, start + 8):
            file.seek(flags)
            marked = file.read(1)[0] | 1
            file.seek(flags)
            file.write(bytes([marked]))


def _overlapping(path: Path) -> None:
    """The directory names the first entry twice."""
    with path.open("r+b") as file:
        start, records, end = _directory(file)
        name, extra, remark = struct.unpack_from("<3H", records, 28)
        first = records[: 46 + name + extra + remark]
        signature, disk, start_disk, here, entries, size, _, comment = _END_RECORD.unpack_from(end)
        file.seek(start)
        file.write(first + records)
        file.write(
            _END_RECORD.pack(signature, disk, start_disk, here + 1, entries + 1, size + len(first), start, comment)
        )


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size * 7 // 10)


def _a_page(path: Path) -> None:
    path.write_bytes(_PAGE)


# What is done to the finished zip.
PATCHES: dict[Oddity, Callable[[Path], None]] = {
    Oddity.ENCRYPTED_ENTRY: _encrypted,
    Oddity.OVERLAPPING_ENTRIES: _overlapping,
    Oddity.CUT_ZIP: _cut,
    Oddity.NOT_A_ZIP: _a_page,
}

OF_MANIFEST = frozenset((*MANIFEST_ROWS, Oddity.NO_MANIFEST, Oddity.MANIFEST_ORDER))
OF_ZIP = frozenset((*NAMES, *ENTRIES, *PATCHES, Oddity.TWICE_IN_ZIP))


def manifest(rows: Sequence[Row], oddities: Sequence[Oddity]) -> list[Row]:
    """The rows of the manifest as these oddities have them."""
    made = list(rows)
    for each in oddities:
        if each in MANIFEST_ROWS:
            made = [MANIFEST_ROWS[each](row) for row in made]
    return made[::-1] if Oddity.MANIFEST_ORDER in oddities else made


def left_out(name: str, oddities: Sequence[Oddity]) -> bool:
    return any(LEFT_OUT[each](name) for each in oddities if each in LEFT_OUT)


def name_in_zip(name: str, oddities: Sequence[Oddity]) -> str:
    for each in oddities:
        if each in NAMES:
            name = NAMES[each](name)
    return name


def add_entries(package: ZipFile, oddities: Sequence[Oddity]) -> None:
    """Put more into an open zip than belongs there."""
    first = package.namelist()[0]
    for each in oddities:
        for entry, content in ENTRIES[each](first) if each in ENTRIES else ():
            package.writestr(entry, content, ZIP_DEFLATED)


def patch(path: Path, oddities: Sequence[Oddity]) -> None:
    """Damage the finished zip."""
    for each in oddities:
        if each in PATCHES:
            PATCHES[each](path)
