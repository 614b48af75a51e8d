"""A first load in each format of files, against `csv` writing the same values."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

from access_service.ils import Action, FormatName
from sync.ils.formats import FORMATS
from sync.ils.orders import Account, Order
from tests.bench.rows import Row
from tests.sync.ils.changes import NEW
from tests.sync.ils.golden import ils_of, with_files

SIZE = 150_000
ROUNDS = 5


def load_rows() -> Iterator[Row]:
    """The fastest of some rounds each, for the machine does other things too."""
    accounts = [_account(patron_id) for patron_id in range(1, SIZE + 1)]
    for name in with_files():
        fields = FORMATS[name].fields(ils_of(name))
        orders = [Order(Action.CREATE, account, fields) for account in accounts]
        values = [[str(getattr(account, field)) for field in sorted(fields)] for account in accounts]
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_files(name, orders))
            theirs.append(_csv(values))
        seen = f"{min(ours):.2f} s over {min(theirs):.2f} s"
        yield Row(f"first load of {SIZE:,} as {name} over csv", min(ours) / min(theirs), 3, True, seen)


def _account(patron_id: int) -> Account:
    number = f"{patron_id:07}"
    return replace(NEW, patron_id=patron_id, key=str(patron_id), library_number=f"29{number}", student_number=number)


def _files(name: FormatName, orders: list[Order]) -> float:
    """Seconds. What is written is let go piece by piece, as a file would take it."""
    files = FORMATS[name].files
    assert files
    start = perf_counter()
    for file in files(orders, ils_of(name)):
        for _ in file.chunks:
            pass
    return perf_counter() - start


def _csv(rows: list[list[str]]) -> float:
    start = perf_counter()
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return perf_counter() - start
