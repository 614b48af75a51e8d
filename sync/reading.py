"""Read a roster without the rest: no database, no district, no configuration."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from access_service.settings import Agreement, District, Feed, RosterField
from sync.formats import read_package
from sync.package import open_package
from sync.roster import Roster

# For a file of which nobody has settled anything yet: every field may be looked at, no school is served.
NOBODYS = District.model_validate(
    {
        "district": {"code": "nobody", "name": "not settled", "timezone": "UTC"},
        "agreement": {
            "signed_by": "nobody",
            "starts": "2000-01-01",
            "ends": "2100-01-01",
            "fields": list(get_args(RosterField)),
        },
        "feed": {
            "host": "nowhere",
            "user": "nobody",
            "host_keys": ["SHA256:" + "A" * 43],
            "fallback_encoding": "cp1252",
        },
        "rules": {
            "student_number": {},
            "library_number": "{student_number}",
            "patron_types": [],
            "schools": {},
            "pin": {"rule": "unclaimed"},
            "expiry": {"pivot": "06-30", "expires": "09-15"},
            "educators": {
                "staff_number": {},
                "library_number": "T{staff_number}",
                "patron_type": "",
                "pin": {"rule": "unclaimed"},
                "expiry": {"pivot": "06-30", "expires": "09-15"},
            },
        },
        "examples": [{"student_number": "1", "school": "1", "grade": "01"}],
    }
)


def read_roster(
    path: str | Path,
    *,
    fields: Collection[RosterField] = get_args(RosterField),
    feed: Mapping[str, Any] = MappingProxyType({}),
    today: date | None = None,
) -> Roster:
    """The students of a roster: a zip, a folder or one file, in any format that docs/rosters.md names.

    `fields` are those that may be read; every other column is dropped while reading. `feed` has keys of a district's
    [feed] table that say how to read: columns, values, header, fallback_encoding. `today` decides what has ended.

    `roster.frame` is a pandas DataFrame with a row a student and the columns of `sync.roster.COLUMNS`, all text and
    never null: birth_date is YYYY-MM-DD or "", grade a CEDS code or "", exit why the roster says that the student has
    gone, or "", role "student", or "" where a partial roster does not say. `roster.rejects` are the rows that cannot be
    used, by file, line and code; `roster.warnings` counts what was tolerated; `roster.columns` says which columns of
    each file were used and which were dropped. A `partial` roster (a delta) names only those who changed.

    Errors: `access_service.errors.OperatorError`, one line for a person, where nothing of the file can be trusted.
    """
    district = NOBODYS.model_copy(
        update={
            "agreement": Agreement.model_validate({**NOBODYS.agreement.model_dump(), "fields": fields}),
            "feed": Feed.model_validate({**NOBODYS.feed.model_dump(), **feed}),
            "rules": replace(NOBODYS.rules, educators=None),
        }
    )
    with open_package(Path(path)) as package:
        return read_package(package, district, today or datetime.now(UTC).date())
