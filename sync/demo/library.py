"""The demo's ILS: it takes loads from a folder, as a loader does, and writes what it knows into a file."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

# As config/service.toml would have it.
ILS = """
[ils]
format = "csv"
[ils.delivery]
to = "folder"
folder = {folder}
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
"""
COLUMNS = ("barcode", "student_id", "first_name", "last_name", "category", "home_branch", "expires")


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
        if anew:
            self._patrons.unlink(missing_ok=True)

    @property
    def taken(self) -> list[Path]:
        """The files of loads, in their order."""
        return sorted(self._taken.iterdir())

    def take(self) -> int:
        """Take what has come: each row overwrites what it says of its account. How many accounts there are then."""
        accounts = {row["barcode"]: row for row in self._known()}
        for file in sorted(self.inbox.glob("*.csv")):
            for row in _rows(file):
                accounts.setdefault(row["barcode"], dict.fromkeys(COLUMNS, "")).update(row)
            file.replace(self._taken / file.name)
        with self._patrons.open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, COLUMNS)
            writer.writeheader()
            writer.writerows(accounts.values())
        return len(accounts)

    def _known(self) -> Iterator[dict[str, str]]:
        return _rows(self._patrons) if self._patrons.exists() else iter(())


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)
