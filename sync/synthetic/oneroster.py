"""Writes a synthetic district as a OneRoster 1.1 or 1.2 bulk package."""

import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO

from sync.synthetic.district import Person, SyntheticDistrict, adults, students
from sync.synthetic.names import FAMILY
from sync.synthetic.tables import MANIFEST, MANIFEST_NAMES, ORGS, TABLES, Table, Version

_LEVELS = {"1": "Elementary", "2": "Middle", "3": "High"}
_BATCH = 500


def write_oneroster(path: Path, district: SyntheticDistrict, version: Version = "1.1") -> None:
    """Write tonight's package: a zip where `path` ends in .zip, otherwise a folder of CSV files.

    The same district and version give the same bytes; another `today` gives other bytes, for the manifest names it.
    A zip appears under its name only when it is whole.
    """
    if path.suffix != ".zip":
        path.mkdir(parents=True, exist_ok=True)
        _write_files(path, district, version)
        return
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as scratch:
        files, whole = Path(scratch, "files"), Path(scratch, path.name)
        files.mkdir()
        _write_files(files, district, version)
        _pack(files, whole)
        whole.replace(path)


def _write_files(folder: Path, district: SyntheticDistrict, version: Version) -> None:
    tables = TABLES[version]
    orgs = {code: district.opaque_id("org", number) for number, code in enumerate(district.schools)}
    with ExitStack() as stack:
        files = {table: stack.enter_context(_create(folder, table.name, table.header)) for table in tables}
        _write_people(files, students(district), orgs)
        _write_people({t: file for t, file in files.items() if t.has_adults}, adults(district), orgs)
    with _create(folder, "orgs", ORGS) as file:
        file.writelines(_orgs(district, orgs))
    with _create(folder, "manifest", MANIFEST) as file:
        file.writelines(_manifest(district, {"orgs", *(table.name for table in tables)}, version))


def _create(folder: Path, name: str, header: str) -> IO[str]:
    file = (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
    file.write(f"{header}\r\n")
    return file


def _write_people(files: Mapping[Table, IO[str]], people: Iterator[Person], orgs: Mapping[str, str]) -> None:
    # All files in one pass: making the people costs more than writing them.
    while batch := list(islice(people, _BATCH)):
        for table, file in files.items():
            file.writelines([table.line(person, orgs[person.school]) for person in batch])


def _orgs(district: SyntheticDistrict, orgs: Mapping[str, str]) -> Iterator[str]:
    parent = district.opaque_id("district", 0)
    yield f"{parent},,,Maple County Schools,district,,\r\n"
    for number, (code, org) in enumerate(orgs.items()):
        name = f"{FAMILY[number * 7 % len(FAMILY)]} {_LEVELS[code[0]]} School"
        yield f"{org},,,{name},school,{code},{parent}\r\n"


def _manifest(district: SyntheticDistrict, supplied: Set[str], version: Version) -> Iterator[str]:
    yield f"manifest.version,1.0\r\noneroster.version,{version}\r\n"
    for name in MANIFEST_NAMES[version]:
        yield f"file.{name},{'bulk' if name in supplied else 'absent'}\r\n"
    yield f"source.systemName,synthetic district\r\nsource.systemCode,exported {district.today}\r\n"


def _pack(files: Path, path: Path) -> None:
    # Opened by name an entry is dated 1980, so that the hour changes no bytes. Level 1: ids do not compress anyway.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for file in sorted(files.iterdir()):
            with file.open("rb") as source, package.open(file.name, "w") as target:
                shutil.copyfileobj(source, target, 1024 * 1024)
