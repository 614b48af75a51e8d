"""Which entries of a zip are read, and which zips are refused as a whole."""

import io
import re
import stat
import struct
from functools import partial
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from sync.package.errors import damage, refused
from sync.package.members import Member, is_roster

MIB = 1024 * 1024
MOST_ENTRIES = 100
HIGHEST_RATIO = 200  # of an entry over 1 MiB; rosters reach 20
ENCRYPTED = 0x1 | 0x40 | 0x2000  # flag bits: classic, strong, and a hidden directory
LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, length of the name, length of the extra field
RESENT = "ask the district to zip plain files again"


class ZipBytes(io.FileIO):
    """The file under a ZipFile. zipfile reads the directory in one piece, of whatever size the file says it is, and
    makes an object of each entry: in 256 MiB there is room for five million."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MIB:
            raise BadZipFile("its directory is too large")
        return super().read(size)


def zipped(label: str, file: BinaryIO) -> list[Member]:
    """The files of a roster's kinds at the root of a zip, or in the one folder, however deep, that has any.

    Errors: BadPackageError, also for what is wrong with an entry that would not be read.
    """
    archive = _opened(label, file)
    chosen = {info: _parts(info) for info in archive.infolist() if _is_ours(info)}
    folders = {tuple(parts[:-1]) for parts in chosen.values()}
    if len(folders) > 1:
        raise refused(label, "files in several folders", "ask for a zip with all files in one folder")
    return [_member(label, archive, info, parts[-1]) for info, parts in chosen.items()]


def checked(label: str, file: BinaryIO) -> ZipFile:
    """A zip of which somebody else reads every entry, so that each is subject to all rules. Errors: BadPackageError."""
    archive = _opened(label, file)
    for info in archive.infolist():
        _check_packing(label, info, info.filename[-80:])
    return archive


def _opened(label: str, file: BinaryIO) -> ZipFile:
    with damage(label):
        archive = ZipFile(file)
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise refused(label, f"{len(entries)} entries, over {MOST_ENTRIES}", "is it a roster?")
    for info in entries:
        _check_entry(label, info)
    _check_overlap(label, file, archive)
    return archive


def _parts(info: ZipInfo) -> list[str]:
    # Some Windows programs write "\"; taken for "/" it is subject to the same rules.
    return info.orig_filename.replace("\\", "/").removesuffix("/").split("/")


def _is_ours(info: ZipInfo) -> bool:
    *folders, name = _parts(info)
    hidden = any(folder.startswith((".", "__MACOSX")) for folder in folders)
    return is_roster(name) and not hidden and not info.is_dir()


def _check_entry(label: str, info: ZipInfo) -> None:
    name = info.orig_filename
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not name.isprintable() or {"", ".", ".."} & set(_parts(info)) or re.match("[A-Za-z]:", name):
        raise refused(label, f"an entry named {name[:80]!a}, which could lead elsewhere", RESENT)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused(label, f"{name[:80]!a} is a link or device", RESENT)
    if info.flag_bits & ENCRYPTED:
        raise refused(label, f"{name[:80]!a} is encrypted", "ask the district to zip without a password")


def _check_overlap(label: str, file: BinaryIO, archive: ZipFile) -> None:
    """Entries that share bytes are how a small zip unpacks to petabytes. Python checks it only from 3.11.8 on."""
    free_from = 0
    for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
        if info.header_offset < free_from:
            raise refused(label, f"{info.filename[:80]!a} shares bytes with another entry", RESENT)
        free_from = _end(label, file, info)
    if free_from > archive.start_dir:
        raise refused(label, "an entry reaches into the directory", RESENT)


def _end(label: str, file: BinaryIO, info: ZipInfo) -> int:
    """Where the data of an entry stops, by its own header: the directory may tell another length of its fields."""
    with damage(label):
        file.seek(info.header_offset)
        signature, name, extra = LOCAL_HEADER.unpack(file.read(LOCAL_HEADER.size))
    if signature != b"PK\3\4":
        raise refused(label, f"no entry where {info.filename[:80]!a} should be")
    return info.header_offset + LOCAL_HEADER.size + int(name) + int(extra) + info.compress_size


def _member(label: str, archive: ZipFile, info: ZipInfo, name: str) -> Member:
    _check_packing(label, info, name)
    return Member(name.lower(), f"{label}: {name}", info.file_size, partial(archive.open, info))


def _check_packing(label: str, info: ZipInfo, name: str) -> None:
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise refused(label, f"{name!a} is compressed by method {info.compress_type}", "ask for an ordinary zip")
    if info.file_size > max(MIB, HIGHEST_RATIO * info.compress_size):
        raise refused(
            label, f"{name!a} is {info.file_size} bytes squeezed into {info.compress_size}", "is it a roster?"
        )
