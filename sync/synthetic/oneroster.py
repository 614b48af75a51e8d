"""The synthetic district as a OneRoster bulk package, as the demo, the tests and the bench want it."""

from pathlib import Path
from typing import Literal

from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.formats import Format
from sync.synthetic.writing import write_roster

Version = Literal["1.1", "1.2"]


def write_oneroster(path: Path, district: SyntheticDistrict, version: Version = "1.1") -> None:
    """Write tonight's package: a zip where `path` ends in .zip, otherwise a folder of CSV files."""
    write_roster(path, district, Format(f"oneroster-{version}"))
