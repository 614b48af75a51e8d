"""Synthetic rosters to look at: as bytes and cells, and as the project's own reader sees them."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from access_service.errors import OperatorError
from access_service.settings import District, load
from sync.formats import read_package
from sync.package import open_package
from sync.roster import Roster
from sync.synthetic.district import Person, SyntheticDistrict
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.oddities.people import PEOPLE, all_of
from sync.synthetic.writing import write_roster

DEMO = load(Path("config")).district("demo")


@dataclass(frozen=True)
class File:
    """One file of a zip."""

    data: bytes
    delimiter: str = ","
    encoding: str = "utf-8"

    @cached_property
    def text(self) -> str:
        return self.data.decode(self.encoding)

    @cached_property
    def rows(self) -> list[list[str]]:
        """Header and rows as a lenient reader takes them apart."""
        return list(csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter))

    def cells(self, name: str) -> list[str]:
        at = self.rows[0].index(name)
        return [row[at] for row in self.rows[1:]]


def unzipped(path: Path) -> dict[str, File]:
    with zipfile.ZipFile(path) as package:
        return {name: File(package.read(name)) for name in package.namelist()}


def written(
    folder: Path, district: SyntheticDistrict, form: Format, oddities: Sequence[Oddity] = (), name: str = "roster.zip"
) -> Path:
    path = folder / name
    write_roster(path, district, form, oddities)
    return path


def read(path: Path, district: SyntheticDistrict, settled: District = DEMO) -> Roster:
    """Errors: OperatorError."""
    with open_package(path) as package:
        return read_package(package, settled, district.today)


def read_or_refused(path: Path, district: SyntheticDistrict) -> Roster | str:
    """The roster, or the line with which the operator is told that it is none."""
    try:
        return read(path, district)
    except OperatorError as error:
        return str(error)


def known(district: SyntheticDistrict, form: Format, oddities: Sequence[Oddity] = ()) -> dict[str, Person]:
    """Everybody who should be in the file, by source id."""
    changes = [FORMS[form].change, *(PEOPLE[each] for each in Oddity if each in oddities and each in PEOPLE)]
    change: Callable[[Person, SyntheticDistrict], Person | None] = all_of(changes)
    return {person.source_id: person for person in FORMS[form].stream(district, change)}
