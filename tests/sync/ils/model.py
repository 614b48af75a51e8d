"""A model of an ILS that loads our CSV files as real loaders do: it overwrites with what it is given, blanks included,
knows an account by its key or else its number, and has no idea of what it was sent before."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

COLUMNS = [
    {"header": "barcode", "field": "library_number"},
    {"header": "student", "field": "key"},
    {"header": "old_barcode", "field": "former_number"},
    {"header": "first", "field": "given_name"},
    {"header": "last", "field": "family_name"},
    {"header": "type", "field": "patron_type"},
    {"header": "home", "field": "branch"},
    {"header": "expires", "field": "expires"},
]

# What service.toml says of it.
TABLE = f"""
[ils]
format = "csv"
[ils.delivery]
to = "folder"
folder = "FOLDER"
[ils.csv]
columns = [{", ".join(f'{{header = "{c["header"]}", field = "{c["field"]}"}}' for c in COLUMNS)}]
"""

Row = Mapping[str, str]


def configure(service: Path, folder: Path) -> None:
    """Have an installation load its patrons into a folder."""
    folder.mkdir(parents=True)
    with service.open("a", encoding="utf-8") as text:
        text.write(TABLE.replace("FOLDER", str(folder)))


class ModelIls:
    """Accounts as rows of the columns above. `refuses` says of a row whether it vanishes in silence."""

    def __init__(self) -> None:
        self.accounts: list[dict[str, str]] = []

    def load(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Files in the order of their names, as a loader's folder has them."""
        for name, content in sorted(files):
            action = name.split("-")[3].removesuffix(".csv")
            for row in csv.DictReader(io.StringIO(content.decode(), newline="")):
                getattr(self, f"_{action}")(row)

    def _create(self, row: Row) -> None:
        found = self._find(row)
        if found is None:
            self.accounts.append(found := {})
        found.update(row)

    _update = _create

    def _renumber(self, row: Row) -> None:
        if found := self._find({"student": row["student"], "barcode": row["old_barcode"]}):
            assert all(other is found or other["barcode"] != row["barcode"] for other in self.accounts)
            found["barcode"] = row["barcode"]

    def _expire(self, row: Row) -> None:
        if found := self._find(row):
            found.update(row)

    def _find(self, row: Row) -> dict[str, str] | None:
        for name in ("student", "barcode"):
            for account in self.accounts:
                if row.get(name) and account.get(name) == row[name]:
                    return account
        return None

    @property
    def state(self) -> list[list[tuple[str, Any]]]:
        return sorted(sorted(account.items()) for account in self.accounts)
