"""Reading alone: what strict checking costs over `pandas.read_csv`, and what a large Clever package costs in memory."""

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pandas as pd

from sync.formats.table import read_table
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.oneroster import write_oneroster
from tests.bench.rows import Row

ROUNDS = 5
USED = ("sourcedId", "status", "orgSourcedIds", "role", "givenName", "familyName", "identifier", "grades")
READ_ROSTER = "import sys; from sync import read_roster; print(len(read_roster(sys.argv[1]).frame))"


def reading_rows(folder: Path, size: int) -> Iterator[Row]:
    """The rows of reading."""
    district = SyntheticDistrict(datetime.now(UTC).date(), size=size)
    yield _strict(folder / "reading", district)
    yield _clever(folder / "clever.zip", district)


def _strict(folder: Path, district: SyntheticDistrict) -> Row:
    write_oneroster(folder, district)
    users = folder / "users.csv"
    ours, theirs = [], []
    for _ in range(ROUNDS):
        start = perf_counter()
        with users.open("rb") as stream:
            read_table(stream, users.name, dict.fromkeys(USED, True))
        ours.append(perf_counter() - start)
        start = perf_counter()
        pd.read_csv(users, dtype=str, keep_default_na=False)
        theirs.append(perf_counter() - start)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    seen = f"{statistics.median(ours):.1f} s over {statistics.median(theirs):.1f} s"
    return Row(f"strict reading of {district.size:,} users over read_csv as text", ratio, 1.5, True, seen)


def _clever(path: Path, district: SyntheticDistrict) -> Row:
    write_clever(path, district)
    process = subprocess.Popen([sys.executable, "-c", READ_ROSTER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout
    students = int(process.stdout.read())
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) or students != district.size:
        raise SystemExit(f"reading Clever: {students} students, status {status}")
    return Row(
        f"GiB to read {students:,} students from a Clever zip",
        used.ru_maxrss / 2**20,
        3,
        True,
        f"{path.stat().st_size:,} bytes",
    )
