"""Read OneRoster packages that a test has made, and say in short what came of them."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from access_service.settings import District, load
from sync.formats import read_package
from sync.package import Package
from sync.package.members import Member
from sync.roster import BadRosterError, Roster
from tests.sync.rosters import DEMOGRAPHICS, ORGS, ROLES, USERS_11, USERS_12, Pupil, csv_bytes, files

TODAY = date(2026, 10, 5)
HEADERS = {"users": USERS_11, "users12": USERS_12, "roles": ROLES, "orgs": ORGS, "demographics": DEMOGRAPHICS}
CONFIG = Path(__file__).parents[2] / "config"


def district(**tables: Any) -> District:
    raw = load(CONFIG).district("demo").model_dump()
    for table, keys in tables.items():
        raw[table] |= keys
    return District.model_validate(raw)


def read(
    content: Mapping[str, bytes],
    agreed: District | None = None,
    orgs: Mapping[str, str] = MappingProxyType({}),
    replayed: bool = False,
) -> Roster:
    """Read these files; `replayed` as rows that were put right, which say nothing of anybody else."""
    members = [Member(name, name, len(raw), partial(io.BytesIO, raw)) for name, raw in content.items()]
    return read_package(Package(members), agreed or district(), TODAY, orgs, partial=replayed)


def roster(students: Iterable[Pupil], version: str = "1.1", agreed: District | None = None, **changed: bytes) -> Roster:
    """Read a package of these students; `changed` replaces a file by name without ".csv"."""
    return read(files(students, version) | {f"{name}.csv": raw for name, raw in changed.items()}, agreed)


def refusal(content: Mapping[str, bytes], agreed: District | None = None) -> str:
    with pytest.raises(BadRosterError) as caught:
        read(content, agreed)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def column(found: Roster, name: str) -> list[str]:
    cells: list[str] = found.frame[name].tolist()
    return cells


def rejects(found: Roster) -> list[tuple[str, int, str, str | None]]:
    return [(each.file, each.line, each.code, each.source_id) for each in found.rejects]


def people(*rows: Mapping[str, str]) -> bytes:
    """users.csv of 1.1 with these rows; what a row leaves out is as of a third-grader."""
    usual = {"orgSourcedIds": "org-101", "role": "student", "identifier": "1", "grades": "03"}
    return csv_bytes(USERS_11, (usual | dict(row) for row in rows))


def manifest(**changed: str | None) -> bytes:
    said = {
        "manifest.version": "1.0",
        "oneroster.version": "1.1",
        "file.users": "bulk",
        "file.orgs": "bulk",
        "file.demographics": "bulk",
    }
    said |= {name.replace("_", ".", 1): mode for name, mode in changed.items() if mode is not None}
    kept = {name: mode for name, mode in said.items() if changed.get(name.replace(".", "_", 1), "") is not None}
    return csv_bytes(("propertyName", "value"), ({"propertyName": n, "value": v} for n, v in kept.items()))


def rows(found: Roster) -> list[dict[str, str]]:
    """The frame without its blank cells, nor what nearly all are, in the order of the ids."""
    records = found.frame.sort_values("source_id").to_dict("records")
    usual = ("role", "student")
    return [{str(name): cell for name, cell in record.items() if cell and (name, cell) != usual} for record in records]


def warned(found: Roster) -> dict[str, int]:
    return {code.value: count for code, count in found.warnings.items()}


def cells(rows: Sequence[Mapping[str, str]]) -> bytes:
    """A file with just the columns that the rows have."""
    return csv_bytes(list(dict.fromkeys(name for row in rows for name in row)), rows)


def without(content: Mapping[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: raw for name, raw in content.items() if name not in names}


def as_delta(kind: str, rows: Sequence[Mapping[str, str]]) -> bytes:
    """A delta file: each row active and modified some day, unless it says otherwise."""
    usual = {"status": "active", "dateLastModified": "2026-10-04T06:00:00.000Z"}
    return csv_bytes(HEADERS[kind], [usual | dict(row) for row in rows])
