"""A held roster is kept for nobody else to read, and comes back as it was."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.errors import OperatorError
from sync.held import HeldFile
from sync.sealed import PIECE, derived, seal, unseal

KEY = derived(b"k" * 32, b"test")


def sealed(content: bytes) -> bytes:
    target = io.BytesIO()
    seal(io.BytesIO(content), target, KEY, b"here")
    return target.getvalue()


def opened(stored: bytes, key: bytes = KEY, place: bytes = b"here") -> bytes:
    target = io.BytesIO()
    unseal(io.BytesIO(stored), target, key, place)
    return target.getvalue()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_what_is_sealed_opens_as_it_was(size: int) -> None:
    """Whatever the size, and nothing of it can be read before."""
    content = os.urandom(size)
    assert opened(sealed(content)) == content
    assert size < 16 or content[:16] not in sealed(content)


@given(st.integers(0, 2**31), st.sampled_from(["flip", "cut", "swap"]))
def test_an_altered_file_does_not_open(at: int, how: str) -> None:
    """A flipped bit, a file cut anywhere, two pieces swapped: one line, and no roster."""
    stored = bytearray(sealed(bytes(2 * PIECE + 5)))
    at %= len(stored)
    if how == "flip":
        stored[at] ^= 1
    elif how == "cut":
        del stored[at:]
    else:
        one, other = slice(7, 7 + PIECE + 16), slice(7 + PIECE + 16, 7 + 2 * (PIECE + 16))
        stored[one], stored[other] = stored[other], stored[one]
    with pytest.raises(OperatorError, match="does not open"):
        opened(bytes(stored))


def test_another_key_or_another_run_does_not_open() -> None:
    """What was kept for one run is not another's."""
    for key, place in ((derived(b"k" * 32, b"other"), b"here"), (KEY, b"there")):
        with pytest.raises(OperatorError):
            opened(sealed(b"roster"), key, place)


@pytest.mark.parametrize("name", ["roster.zip", "folder"])
def test_a_roster_is_kept_and_comes_back(tmp_path: Path, name: str) -> None:
    """A file or a folder of files, with the time that the district wrote it."""
    roster = tmp_path / name
    files = [roster]
    if name == "folder":
        roster.mkdir()
        files = [roster / "users.csv", roster / "orgs.csv"]
    for file in files:
        file.write_bytes(b"unmistakable")
        os.utime(file, (1_700_000_000, 1_700_000_000))
    held = HeldFile(tmp_path / "spool", "demo", b"k" * 32)
    held.keep(roster, 7)
    assert b"unmistakable" not in held.path.read_bytes()
    assert held.path.stat().st_mode & 0o777 == 0o600
    into = tmp_path / "into"
    into.mkdir()
    found = held.put_back(7, into)
    assert found.parent == into and found.name == name and len(list(into.iterdir())) == 1
    kept = sorted(found.iterdir()) if found.is_dir() else [found]
    assert [file.name for file in kept] == sorted(file.name for file in files)
    assert {file.read_bytes() for file in kept} == {b"unmistakable"}
    assert {file.stat().st_mtime for file in kept} == {1_700_000_000}
    with pytest.raises(OperatorError):
        held.put_back(8, into)
    held.forget()
    with pytest.raises(OperatorError, match="no file of demo is held"):
        held.put_back(7, into)
