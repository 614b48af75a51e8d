"""A zip, a folder or one file, as one thing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from sync.package.errors import damage, refused
from sync.package.members import Member, is_roster, local_file
from sync.package.sheets import AS_XLSX, KIND, is_old_workbook, sheets
from sync.package.zips import ZipBytes, zipped

GIB = 1024**3
ZIP_STARTS = (b"PK\3\4", b"PK\5\6")


class Package:
    """The CSV and text files that were delivered together."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._members = {member.name: member for member in members}

    @property
    def names(self) -> tuple[str, ...]:
        """Lower-case names of the files, without a folder, sorted."""
        return tuple(sorted(self._members))

    def open(self, name: str) -> BinaryIO:
        """The bytes of one file from its start, as often as wanted. Reading to the end proves them whole.

        Errors: KeyError for what is not in `names`; BadPackageError for damage, while reading too.
        """
        return self._members[name].open()

    def number_columns(self, name: str) -> frozenset[int]:
        """In a workbook's sheet, the columns with cells that hold a number and no text; 0 is the first."""
        return self._members[name].numbers


@contextmanager
def open_package(path: Path, max_bytes: int = 2 * GIB) -> Iterator[Package]:
    """The .csv, .txt and .xlsx files of a zip or a folder, or such a file itself; unpacked at most `max_bytes` in all.
    Of a workbook each sheet is a file.

    Errors: BadPackageError.
    """
    if path.is_dir():
        yield _package(path.name, _in_folder(path), max_bytes)
    elif path.suffix.lower() != KIND and _is_zip(path):
        with ZipBytes(path) as file:
            yield _package(path.name, zipped(path.name, file), max_bytes)
    elif is_roster(path.name):
        yield _package(path.name, [local_file(path)], max_bytes)
    elif is_old_workbook(path) or path.suffix.lower() == ".xls":
        raise refused(path.name, "an old or encrypted workbook", AS_XLSX)
    else:
        raise refused(path.name, "neither a zip nor a .csv, .txt or .xlsx file", "check [feed] pattern")


def _package(label: str, members: list[Member], max_bytes: int) -> Package:
    names = [member.name for member in members]
    if not names:
        raise refused(label, "no .csv, .txt or .xlsx file in it", "ask the district what it exported")
    if len(set(names)) < len(names):
        name = next(name for name in names if names.count(name) > 1)
        raise refused(label, f"{name!a} is in it more than once", "ask the district to send each file once")
    if (size := sum(member.size for member in members)) > max_bytes:
        raise refused(label, f"{size} bytes when unpacked, over {max_bytes}", "is it a roster?")
    unfolded = [sheets(member, max_bytes) if member.name.endswith(KIND) else [member] for member in members]
    return Package(chain.from_iterable(unfolded))


def _in_folder(folder: Path) -> list[Member]:
    with damage(folder.name):
        found = sorted(folder.iterdir())
    return [local_file(path) for path in found if is_roster(path.name)]


def _is_zip(path: Path) -> bool:
    with damage(path.name), path.open("rb") as file:
        return path.suffix.lower() == ".zip" or file.read(4) in ZIP_STARTS
