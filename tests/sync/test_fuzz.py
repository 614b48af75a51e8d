"""Bytes that nobody meant to send: a roster, or one line; never a crash, and never fewer students in silence."""

import importlib.util
import os
import subprocess
import sys
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.fuzz.target import read_bytes

ZIPS = sorted(name for name in seeds() if name.endswith(".zip"))
TEXTS = sorted(name for name in seeds() if name.endswith((".csv", ".txt")))
FUZZ_SECONDS = 15


@st.composite
def mutated(draw: st.DrawFn, names: list[str]) -> tuple[str, bytes]:
    """A file of some format after a few accidents."""
    name = draw(st.sampled_from(names))
    content = bytearray(seeds()[name])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        match draw(st.sampled_from(["flip", "cut", "drop", "repeat", "insert"])):
            case "flip" if content:
                content[at] ^= draw(st.integers(1, 255))
            case "cut":
                del content[at:]
            case "drop":
                del content[at : at + draw(st.integers(1, 40))]
            case "repeat":
                content[at:at] = content[at : at + draw(st.integers(1, 400))]
            case _:
                content[at:at] = draw(
                    st.sampled_from([b"\0", b'"', b",", b"\r", b"\n", b"\xff", b"\xef\xbb\xbf", b"=", b"\x1f"])
                )
    return name, bytes(content)


@budget(max_examples=300, deadline=None)
@given(mutated(TEXTS))
def test_a_mangled_text_is_read_cleanly_or_refused(found: tuple[str, bytes]) -> None:
    """Whatever happens to the bytes, no cell is dirty and no id is there twice."""
    name, content = found
    read_bytes(content, f"students{Path(name).suffix}")


@budget(max_examples=300, deadline=None)
@given(mutated(ZIPS))
def test_a_mangled_zip_is_read_whole_or_refused(found: tuple[str, bytes]) -> None:
    """A zip carries checksums: what is read of a mangled one is what was sent."""
    name, content = found
    roster, whole = read_bytes(content, "roster.zip"), read_bytes(seeds()[name], "roster.zip")
    if roster is not None and whole is not None and not roster.partial:
        assert roster.frame.equals(whole.frame)


@budget(max_examples=100, deadline=None)
@given(st.binary(max_size=2000), st.sampled_from(["roster.zip", "students.csv", "students.txt", "students.xlsx"]))
def test_noise_is_refused(content: bytes, name: str) -> None:
    """Bytes at random are no roster."""
    assert read_bytes(content, name) is None


@pytest.mark.parametrize("name", ["oneroster-1.1.zip", "clever.zip"])
def test_a_zip_cut_at_any_byte_is_refused(name: str) -> None:
    """Truncation never yields fewer students: it yields none, and a line."""
    content = seeds()[name]
    whole = read_bytes(content, "roster.zip")
    assert whole is not None and len(whole.frame) == 5
    for length in range(len(content)):
        assert read_bytes(content[:length], "roster.zip") is None, length


@pytest.mark.parametrize("name", [name for name in TEXTS if "headerless" not in name])
def test_a_text_cut_at_any_byte_loses_no_row_in_silence(name: str) -> None:
    """Cut between rows a text is a shorter text, which only the guard can see. Cut inside a row, that row is counted,
    as a reject or with what is left of its last cell."""
    content = seeds()[name]
    whole = read_bytes(content, f"students{Path(name).suffix}")
    assert whole is not None
    header, *rows = content.splitlines(keepends=True)
    starts = list(accumulate(map(len, rows[:-1]), initial=len(header)))
    for length in range(1, len(content)):
        roster = read_bytes(content[:length], f"students{Path(name).suffix}")
        begun = sum(1 for start in starts if start < length)
        assert roster is None or roster.rows == begun, length


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this machine")
def test_the_fuzzer_finds_nothing(tmp_path: Path) -> None:
    """A short walk of the coverage-guided fuzzer; `python -m tests.fuzz 3600` takes a long one."""
    command = [sys.executable, "-m", "tests.fuzz", str(FUZZ_SECONDS)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"TMPDIR": str(tmp_path)}, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done " in done.stderr
