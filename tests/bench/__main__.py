"""`make bench`: the ratios of the speeds that matter, measured in one run, printed and kept in var/bench.json.

SIZE says how many students (default 1,000,000). Everything is made here and stays on this machine's loopback.
"""

import json
import os
import sys
import tempfile
from itertools import chain
from pathlib import Path

from tests.bench.doors import siege_rows, sip2_rows
from tests.bench.loads import load_rows
from tests.bench.night import night_rows
from tests.bench.pages import page_rows
from tests.bench.reading import reading_rows
from tests.bench.rows import Row
from tests.bench.sign_in import apply_rows, sign_in_rows
from tests.bench.transfer import transfer_rows

RESULTS = Path("var/bench.json")


def main() -> None:
    size = int(os.environ.get("SIZE", "1000000"))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        reading = reading_rows(home, size)
        for row in chain(
            transfer_rows(home),
            load_rows(),
            sign_in_rows(home),
            sip2_rows(home),
            siege_rows(home),
            page_rows(home),
            reading,
            apply_rows(home, size),
            night_rows(home, size),
        ):
            rows.append(row)
            print(row.as_text(), flush=True)  # noqa: T201 - what a bench is for
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([row.as_json() for row in rows], indent=2) + "\n")
    sys.stdout.write(f"written to {RESULTS}\n")


main()
