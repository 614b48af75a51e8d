"""The demo's ILS: it takes loads from a folder, as a loader does, and writes what it knows into a file."""

import csv
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# As config/service.toml would have it.
ILS = """
[ils]
format = "csv"
[ils.delivery]
to = "folder"
folder = {inbox}
[ils.csv]
columns = [
  {{ header = "barcode", field = "library_number" }},
  {{ header = "student_id", field = "key" }},
  {{ header = "first_name", field = "given_name" }},
  {{ header = "last_name", field = "family_name" }},
  {{ header = "category", field = "patron_type" }},
  {{ header = "home_branch", field = "branch" }},
  {{ header = "expires", field = "expires" }},
]
[ils.extract]
folder = {folder}
pattern = "patrons.csv"
load_hours = 0
[ils.extract.columns]
number = "barcode"
key = "student_id"
patron_type = "category"
branch = "home_branch"
expires = "expires"
blocked = "blocked"
"""
COLUMNS = ("barcode", "student_id", "first_name", "last_name", "category", "home_branch", "expires", "blocked")
# Grown-ups who have cards of the library.
OTHERS = (
    ("21234000000017", "", "Ada", "Sample", "ADULT", "CENTRAL", "2033-01-31", ""),
    ("21234000000025", "", "Alan", "Sample", "ADULT", "RIVER", "2033-01-31", "fines"),
)


class DemoLibrary:
    """`folder` has "in", where loads come, "taken", where they go, and "patrons.csv", all that it knows."""

    def __init__(self, folder: Path) -> None:
        self.inbox, self._taken, self._patrons = folder / "in", folder / "taken", folder / "patrons.csv"

    def prepare(self, *, anew: bool) -> None:
        """Have the folders, and where it begins anew know nobody."""
        for place in (self.inbox, self._taken):
            if anew:
                shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True, exist_ok=True)
        if anew or not self._patrons.exists():
            self._write([dict(zip(COLUMNS, row, strict=True)) for row in OTHERS])

    def terms(self) -> str:
        """What service.toml says of it."""
        return ILS.format(inbox=json.dumps(str(self.inbox)), folder=json.dumps(str(self._patrons.parent)))

    @property
    def taken(self) -> list[Path]:
        """The files of loads, in their order."""
        return sorted(self._taken.iterdir())

    def take(self) -> int:
        """Take what has come: each row overwrites what it says of its account. How many accounts there are then."""
        accounts = {row["barcode"]: row for row in _rows(self._patrons)}
        for file in sorted(self.inbox.glob("*.csv")):
            for row in _rows(file):
                accounts.setdefault(row["barcode"], dict.fromkeys(COLUMNS, "")).update(row)
            file.replace(self._taken / file.name)
        self._write(accounts.values())
        return len(accounts)

    def _write(self, rows: Iterable[Mapping[str, str]]) -> None:
        with self._patrons.open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)
