"""Roster formats. A package is known by its headers, never by the names of its files alone."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

from access_service.settings import District
from sync.formats.flat import read_flat
from sync.formats.headers import STAFF_FORMATS, FlatFormat, flat_format, folded, is_header, missing, staff_format
from sync.formats.oneroster import Part, find_parts, named_exactly, read_oneroster
from sync.formats.reader import Reader
from sync.formats.sds import read_sds
from sync.formats.table import Row, shown
from sync.package import SHEET, Package
from sync.roster import BadRosterError, Roster

__all__ = ["read_package"]

# A file of people who are no students, by its name: its header may be that of the students beside it.
OTHERS = re.compile("teacher|staff|facult|employee|parent|guardian|contact|admin|principal")
# A header in which so little is found is no list of students that lacks something.
MOST_MISSING = 3
SDS_V2_USERS = frozenset({"sourcedid", "orgsourcedids", "role", "grade"})


def read_package(
    package: Package,
    district: District,
    today: date,
    orgs: Mapping[str, str] = MappingProxyType({}),
    *,
    partial: bool = False,
) -> Roster:
    """The students of a package in any format that is known.

    `orgs` are the schools of the last accepted roster, for a package that says only what changed. `partial` takes any
    package for such a one. Errors: BadRosterError, and nothing of it is used.
    """
    reader = Reader(package, district, today, orgs, partial)
    parts = find_parts(reader)
    if _is_oneroster(reader, parts) and not _is_sds_v2(reader):
        sds = "roles" in parts and parts["roles"].is_sds and {"users.csv", "roles.csv"} <= set(package.names)
        return read_sds(reader) if sds else read_oneroster(reader, parts)
    found = list(_flat_files(reader))
    staff = _staff_files(reader) if reader.educators else []
    # Rows of staff alone can have been put right.
    if len(found) == 1 or (staff and reader.partial and not found):
        return read_flat(reader, [*found, *staff])
    if found:
        raise BadRosterError(
            f"{found[0][0]} and {found[1][0]} both look like students; set [feed] pattern to one of them"
        )
    raise BadRosterError(_why_not(reader))


def _staff_files(reader: Reader) -> list[tuple[str, FlatFormat]]:
    """The files of educators that stand beside the students', the one that teaches first."""
    found = [(file, form) for file in reader.package.names if (form := staff_format(file, reader.header(file)))]
    return sorted(found, key=lambda each: STAFF_FORMATS.index(each[1]))


def _why_not(reader: Reader) -> str:
    """What to say of a package in which no file is known."""
    files = reader.package.names
    headers = {file: reader.header(file) for file in files}
    known = {
        file: header for file, header in headers.items() if is_header(header, reader.district.feed.columns.values())
    }
    if files and not reader.district.feed.header:
        return f"{files[0]}: [feed.columns] should give the positions of source_id, student_number, school and grade"
    if len(files) == 1 and not any(headers[files[0]]):
        return f"{files[0]}: its first line is empty; the export should begin with its header"
    if len(files) == 1 and len(headers[files[0]]) == 1:
        return f"{files[0]}: one column only; comma, tab, pipe or semicolon should stand between cells"
    if files and not known:
        return (
            f"{files[0]}: no file with an id, a school and a grade for each student, for no header was recognised; "
            "name the columns in [feed.columns], and where there is no header set [feed] header = false"
        )
    own = {str(field): name for field, name in reader.district.feed.columns.items()}
    lacks = {file: missing(header, own, reader.district.feed.school) for file, header in known.items()}
    if len(files) == 1 or min(map(len, lacks.values()), default=MOST_MISSING) < MOST_MISSING:
        return _nearest(known, lacks)
    listed = ", ".join(files[:8]) or "no CSV files"
    return f"no file with an id, a school and a grade for each student; it has {listed}"


def _nearest(headers: Mapping[str, Row], lacks: Mapping[str, list[str]]) -> str:
    """What is missing in the file that lacks least, the first such that is not named for somebody else."""
    file = min(lacks, key=lambda file: (len(lacks[file]), bool(OTHERS.search(file)), "student" not in file))
    where = ", or everybody's school in [feed] school" if "school" in lacks[file] else ""
    has = ", ".join(map(shown, headers[file][:12]))
    return (
        f"{file}: no file with an id, a school and a grade for each student, for no column here is known to be the "
        f"{' or the '.join(lacks[file])}; name it in [feed.columns]{where}; there are {has}"
    )


def _is_sds_v2(reader: Reader) -> bool:
    """Microsoft's users.csv with the role and grade in it, which no OneRoster has together."""
    if "users.csv" not in reader.package.names:
        return False
    users = {folded(name) for name in reader.header("users.csv")}
    return users >= SDS_V2_USERS and not users & {"enableduser", "grades", "identifier", "status"}


def _is_oneroster(reader: Reader, parts: Mapping[str, Part]) -> bool:
    """Whether the package is OneRoster, or SDS v2.1, by the names of the standard or by headers that belong together.

    A district that names the columns of id and school has a flat file, whatever else its header looks like.
    """
    if parts.keys() == {"users"} and "sourcedId" not in parts["users"].columns and any(_flat_files(reader)):
        # Others call their list users.csv too.
        return False
    if named_exactly(parts):
        return True
    if {"source_id", "school"} & reader.district.feed.columns.keys():
        return False
    together = {"orgs", "roles", "demographics"} & parts.keys()
    return "manifest" in parts or bool("users" in parts and together) or bool(reader.partial and parts)


def _flat_files(reader: Reader) -> Iterator[tuple[str, FlatFormat]]:
    """The files that could be students. Of several the one of a known product is meant, not any flat file."""
    feed = reader.district.feed
    own = {str(field): name for field, name in feed.columns.items()}
    forms = ((file, flat_format(reader.header(file), own, feed.school)) for file in reader.package.names)
    found = [(file, form) for file, form in forms if form]
    students = [(file, form) for file, form in found if not OTHERS.search(file)] or found
    named = [(file, form) for file, form in students if form.known_by] or students
    # Of a workbook's sheets the first.
    yield from {file.partition(SHEET)[0]: (file, form) for file, form in reversed(named)}.values()
