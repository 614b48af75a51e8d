"""Zips to read, and how to damage them."""

from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from sync.package import BadPackageError, Package, open_package

USERS = "".join(f"{number},Name {number}\n" for number in range(500)).encode()
ORGS = b"id\n1\n"
MIB = 1024 * 1024


def zipped(path: Path, *entries: tuple[str | ZipInfo, bytes], method: int = ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def contents(path: Path, max_bytes: int = 2**31) -> dict[str, bytes]:
    with open_package(path, max_bytes) as package:
        return {name: content(package, name) for name in package.names}


def content(package: Package, name: str) -> bytes:
    with package.open(name) as stream:
        return stream.read()


def refusal(path: Path, max_bytes: int = 2**31) -> str:
    """The one printable line that reading all of a package ends with."""
    with pytest.raises(BadPackageError) as caught:
        contents(path, max_bytes)
    line = str(caught.value)
    assert line.isprintable()
    assert len(line) < 400
    return line


def patched(path: Path, changes: Callable[[bytearray, int, int], None]) -> Path:
    """The zip at `path`, its bytes changed; told where its first local header and first directory record are."""
    data = bytearray(path.read_bytes())
    changes(data, data.index(b"PK\3\4"), data.index(b"PK\1\2"))
    path.write_bytes(data)
    return path
