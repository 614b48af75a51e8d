"""Roster formats. A package is known by its headers, never by the names of its files alone."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType

from access_service.settings import District
from sync.formats.flat import read_flat
from sync.formats.headers import FlatFormat, flat_format
from sync.formats.oneroster import Part, find_parts, named_exactly, read_oneroster
from sync.formats.reader import Reader
from sync.formats.sds import read_sds
from sync.package import Package
from sync.roster import BadRosterError, Roster

__all__ = ["read_package"]


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
    if _is_oneroster(reader, parts):
        sds = "roles" in parts and parts["roles"].is_sds and {"users.csv", "roles.csv"} <= set(package.names)
        return read_sds(reader) if sds else read_oneroster(reader, parts)
    found = list(_flat_files(reader))
    if len(found) == 1:
        return read_flat(reader, *found[0])
    if found:
        raise BadRosterError(
            f"{found[0][0]} and {found[1][0]} both look like students; set [feed] pattern to one of them"
        )
    listed = ", ".join(package.names[:8]) or "no CSV files"
    raise BadRosterError(
        f"no file with an id, a school and a grade for each student; it has {listed}. [feed] columns can name them"
    )


def _is_oneroster(reader: Reader, parts: Mapping[str, Part]) -> bool:
    """Whether the package is OneRoster, or SDS v2.1, by the names of the standard or by headers that belong together.

    A district that names the columns of id and school has a flat file, whatever else its header looks like.
    """
    if named_exactly(parts):
        return True
    if {"source_id", "school"} & reader.district.feed.columns.keys():
        return False
    together = {"orgs", "roles", "demographics"} & parts.keys()
    return "manifest" in parts or bool("users" in parts and together) or bool(reader.partial and parts)


def _flat_files(reader: Reader) -> Iterator[tuple[str, FlatFormat]]:
    """The files that could be students. Of several the one of a known product is meant, not any flat file."""
    own = {str(field): name for field, name in reader.district.feed.columns.items()}
    forms = ((file, flat_format(reader.header(file), own)) for file in reader.package.names)
    found = [(file, form) for file, form in forms if form]
    named = [(file, form) for file, form in found if form.known_by]
    yield from named or found
