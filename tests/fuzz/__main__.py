"""`python -m tests.fuzz [SECONDS]`: let a coverage-guided fuzzer look for bytes that the reader does not expect.

Needs atheris. The corpus begins with one small file of every format, and is forgotten at the end.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["sync.formats", "sync.package"]):
    from tests.fuzz.target import read_bytes

from tests.fuzz.seeds import seeds

NAMES = ("roster.zip", "students.csv", "students.xlsx", "students.txt")


def one_input(data: bytes) -> None:
    """The first byte says what the file is called."""
    if data:
        read_bytes(data[1:], NAMES[data[0] % len(NAMES)])


def main(seconds: str = "60") -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
        for number, (name, content) in enumerate(seeds().items()):
            kind = next(n for n, known in enumerate(NAMES) if known.endswith(Path(name).suffix))
            Path(corpus, str(number)).write_bytes(bytes([kind]) + content)
        limits = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=65536"]
        atheris.Setup([sys.argv[0], *limits, corpus], one_input)
        atheris.Fuzz()


main(*sys.argv[1:])
