"""The files of a package, known by what is in their header, whatever they are called."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from access_service.errors import OperatorError
from sync.formats.oneroster.columns import STANDARD, bare, columns_of
from sync.formats.reader import Reader
from sync.formats.table import Row
from sync.roster import BadRosterError

# A header with one of these columns is of a class, an enrolment, a session: nothing that we read.
_FOREIGN = frozenset({"classsourcedid", "coursesourcedid", "title", "classtype", "schoolyear", "profiletype"})
# Any of these sets of columns makes a file what it is; in this order, since users can have a birth date too.
_KNOWN_BY: Mapping[str, tuple[Set[str], ...]] = {
    "manifest": ({"propertyName", "value"},),
    "users": (
        {"sourcedId", "givenName", "familyName"},
        {"sourcedId", "enabledUser", "username"},
        {"sourcedId", "role", "orgSourcedIds", "identifier"},
    ),
    "roles": ({"userSourcedId", "role", "roleType"}, {"userSourcedId", "role", "orgSourcedId"}),
    "demographics": ({"sourcedId", "birthDate"},),
    "orgs": ({"sourcedId", "type", "name"}, {"sourcedId", "type", "identifier"}),
}
KINDS = tuple(_KNOWN_BY)
# SDS v2.1 has a file of this name too: a user, a role and a school, and no id of its own.
_SDS_ROLES = frozenset({"usersourcedid", "isprimary"})


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the package. `delta`: only what changed is in it."""

    kind: str
    file: str
    header: Row
    delta: bool = False

    @property
    def columns(self) -> frozenset[str]:
        return columns_of(self.kind, self.header)

    @property
    def is_sds(self) -> bool:
        names = set(map(bare, self.header))
        return self.kind == "roles" and names >= _SDS_ROLES and "sourcedid" not in names


def find_parts(reader: Reader) -> dict[str, Part]:
    """The files by kind; what is none of them is left alone. Errors: BadRosterError where two are of a kind."""
    found: dict[str, list[Part]] = {}
    for part in _parts(reader):
        found.setdefault(part.kind, []).append(part)
    return {kind: _one(parts) for kind, parts in found.items()}


def named_exactly(parts: Mapping[str, Part]) -> bool:
    """Whether a file has the name that the standard gives it: then nothing else can be meant."""
    return any(part.file == f"{part.kind}.csv" for part in parts.values() if part.kind in ("users", "orgs", "manifest"))


def _parts(reader: Reader) -> Iterator[Part]:
    for file in reader.package.names:
        header = _header(reader, file)
        if kind := _kind(header) or _kind_by_name(file, header):
            yield Part(kind, file, header)


def _header(reader: Reader, file: str) -> Row:
    try:
        return reader.header(file)
    except OperatorError:
        # If it is ours, reading all of it will say so better; if it is not, it may be anything.
        return []


def _kind(header: Sequence[str]) -> str:
    if not _FOREIGN.isdisjoint(map(bare, header)):
        return ""
    return next((kind for kind in KINDS if any(known <= columns_of(kind, header) for known in _KNOWN_BY[kind])), "")


def _kind_by_name(file: str, header: Sequence[str]) -> str:
    """By a name alone: one of the standard's, or with other words where there is an id under it too."""
    stem, names = os.path.splitext(file)[0], set(map(bare, header))
    if stem in STANDARD:
        return stem
    if not names & {"sourcedid", "usersourcedid"} or names & _FOREIGN:
        return ""
    return next((kind for kind in KINDS if {kind, kind.removesuffix("s")} & set(re.split("[^a-z]+", stem))), "")


def _one(parts: list[Part]) -> Part:
    exact = [part for part in parts if part.file == f"{part.kind}.csv"] or parts
    if len(exact) > 1:
        raise BadRosterError(
            f"{exact[0].file} and {exact[1].file} both look like {exact[0].kind}.csv; send one of them"
        )
    return exact[0]
