"""What Koha's misc/import_patrons.pl does to patrons, as its source says; the patrons lie in the file KOHA_PATRONS.

Run as a program in its place, with the same options. It says at the end what it did, as Koha does.
"""

import argparse
import csv
import json
import os
from collections import Counter
from pathlib import Path

Patron = dict[str, str]
COLUMNS = ("cardnumber", "surname", "firstname", "branchcode", "categorycode", "dateexpiry", "password")
BRANCHES, CATEGORIES = ("MAPLE", "RIVER"), ("STUDENT-K5", "STUD-612", "EDUCATOR")


def main() -> None:
    options = _options()
    place = Path(os.environ["KOHA_PATRONS"])
    patrons: list[Patron] = json.loads(place.read_text()) if place.exists() else []
    with open(options.file, encoding="utf-8", newline="") as file:
        done = Counter(_take(row, patrons, options) for row in csv.DictReader(file))
    place.write_text(json.dumps(patrons))
    print(json.dumps(done))  # noqa: T201 - as Koha's does


def _take(row: Patron, patrons: list[Patron], options: argparse.Namespace) -> str:
    defaults = dict(pair.split("=", 1) for pair in options.default)
    told = {name: row.get(name) or defaults.get(name, "") for name in COLUMNS}
    if not told["surname"] or told["branchcode"] not in BRANCHES or told["categorycode"] not in CATEGORIES:
        return "invalid"
    attributes = dict(one.split(":", 1) for one in next(csv.reader([row.get("patron_attributes", "")]), []))
    if options.matchpoint == "cardnumber":
        found = [patron for patron in patrons if patron["cardnumber"] == told["cardnumber"]]
    else:
        value = attributes.get(options.matchpoint)
        found = [patron for patron in patrons if value and patron.get(f"attribute {options.matchpoint}") == value]
    known = found[0] if len(found) == 1 else None
    if any(patron is not known and patron["cardnumber"] == told["cardnumber"] for patron in patrons):
        return "invalid"
    kept = {f"attribute {code}": value for code, value in attributes.items()}
    if known is None:
        patrons.append(told | kept)
        return "imported"
    if not options.overwrite:
        return "already_in_db"
    _overwrite(known, {name: told[name] for name in told if name in row or name in defaults}, kept, options)
    return "overwritten"


def _overwrite(known: Patron, told: Patron, kept: Patron, options: argparse.Namespace) -> None:
    """Blanks too, but no password unless it is told to, and no field that is to be preserved."""
    preserved = {"password", *options.preserve_field}
    known |= {name: value for name, value in told.items() if name not in preserved}
    if not options.preserve_extended_attributes:
        for name in [name for name in known if name.startswith("attribute ")]:
            del known[name]
    known |= kept


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("file", "matchpoint"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("default", "preserve-field"):
        parser.add_argument(f"--{name}", action="append", default=[])
    for name in ("overwrite", "preserve-extended-attributes"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--confirm", action="store_true", required=True)
    parser.add_argument("-v", action="count")
    return parser.parse_args()


if __name__ == "__main__":
    main()
