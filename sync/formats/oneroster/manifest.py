"""What a package says of itself, and what its files say. Where the two differ the files count, as the standard has it,
but for a file that is listed and missing: it could hide students."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sync.formats.oneroster.columns import bare
from sync.formats.oneroster.parts import Part
from sync.formats.oneroster.rows import read_rows
from sync.formats.oneroster.words import ABSENT, BULK, DELTA, MODES
from sync.formats.reader import Reader
from sync.roster import BadRosterError, WarningCode

OURS = ("users", "orgs", "roles", "demographics")
_VERSION = re.compile(r"(?<!\d)1[.p]([012])(?:[.p]?(\d))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Contents:
    """What is to be read, by kind. `role_in_users`: users.csv says who is a student, as in 1.1; else roles.csv does.
    `partial`: absence from it means nothing."""

    version: str
    parts: Mapping[str, Part]
    role_in_users: bool
    partial: bool

    @property
    def format(self) -> str:
        return f"OneRoster {self.version} {DELTA if self.partial else BULK}"


def contents(reader: Reader, parts: Mapping[str, Part]) -> Contents:
    """The files with their modes. Errors: BadRosterError."""
    said = _said(reader, parts)
    ours = {kind: _with_mode(reader, kind, parts.get(kind), said) for kind in OURS}
    there = {kind: part for kind, part in ours.items() if part}
    _compare_others(reader, said)
    if "users" not in there and not said and not reader.partial:
        raise missing("users", reader)
    version, role_in_users = _version(reader, there, said)
    # What is not needed may be a delta: it says nothing that could be missed.
    needed = ["users", *(["roles"] if not role_in_users else []), *_dates(reader)]
    delta = any(there[kind].delta for kind in needed if kind in there)
    return Contents(version, there, role_in_users, reader.partial or delta or "users" not in there)


def missing(kind: str, reader: Reader) -> BadRosterError:
    """The error for a file without which nothing can be read."""
    found = ", ".join(reader.package.names[:8]) or "no CSV files"
    return BadRosterError(f"no {kind}.csv in the package; it has {found}; export all of them together")


def _said(reader: Reader, parts: Mapping[str, Part]) -> dict[str, str]:
    """Value by property, both bare: {"fileusers": "bulk"}. Empty without a manifest."""
    if "manifest" not in parts:
        reader.warnings[WarningCode.NO_MANIFEST] += not reader.partial
        return {}
    columns = read_rows(reader, parts["manifest"], {"propertyName": True, "value": True}).columns
    said: dict[str, str] = {}
    for name, value in zip(map(bare, columns["propertyName"]), columns["value"], strict=True):
        if bare(said.setdefault(name, value)) != bare(value):
            reader.warnings[WarningCode.MANIFEST_CONTRADICTS] += 1
            # Said both ways, the one that takes nobody's card.
            said[name] = next((each for each in (said[name], value) if MODES.get(bare(each)) == DELTA), value)
    return said


def _mode(reader: Reader, kind: str, said: Mapping[str, str]) -> str:
    value = said.get(bare(f"file.{kind}"), "")
    mode = MODES.get(bare(value), "") if value else ABSENT
    if not mode:
        raise BadRosterError(f"manifest.csv: file.{kind} is {value[:12]!r}; it should be bulk, delta or absent")
    reader.warnings[WarningCode.VALUE_SPELLING] += bool(value) and value != mode
    return mode


def _with_mode(reader: Reader, kind: str, part: Part | None, said: Mapping[str, str]) -> Part | None:
    if not said:
        return part
    mode = _mode(reader, kind, said)
    if part and mode == ABSENT:
        reader.warnings[WarningCode.MANIFEST_CONTRADICTS] += 1
    if part or mode == ABSENT:
        return part and replace(part, delta=mode == DELTA)
    if kind == "demographics" and not _dates(reader):
        reader.warnings[WarningCode.MANIFEST_CONTRADICTS] += 1
        return None
    raise BadRosterError(
        f"manifest.csv: file.{kind} is {mode!r}, but {kind}.csv is not in the package; export it again"
    )


def _dates(reader: Reader) -> Sequence[str]:
    return ["demographics"] if "birth_date" in reader.district.agreement.fields else []


def _compare_others(reader: Reader, said: Mapping[str, str]) -> None:
    """Classes and enrolments are not our concern; the school's IT may like to know all the same."""
    names = {bare(name.rsplit(".", 1)[0]) for name in reader.package.names}
    for name, value in said.items():
        kind = name.removeprefix("file")
        if kind != name and kind not in OURS:
            there = any(kind in other for other in names)
            reader.warnings[WarningCode.MANIFEST_CONTRADICTS] += there != (MODES.get(bare(value), ABSENT) != ABSENT)


def _version(reader: Reader, parts: Mapping[str, Part], said: Mapping[str, str]) -> tuple[str, bool]:
    """The version, and whether users.csv has the roles. The headers decide; the manifest where they allow both."""
    match = _VERSION.search(said.get("onerosterversion", ""))
    stated = f"1.{match[1]}{'.' + match[2] if match[2] else ''}" if match else ""
    users = parts["users"].columns if "users" in parts else frozenset()
    in_users, in_roles = users >= {"role", "orgSourcedIds"}, "roles" in parts
    if in_users != in_roles:
        newer = in_roles
    else:
        newer = stated.startswith("1.2") if stated else in_roles or "role" not in users
    shown = stated if stated.startswith("1.2") == newer else ""
    if said and not shown:
        reader.warnings[WarningCode.VERSION_BY_HEADERS] += 1
    return shown or ("1.2" if newer else "1.1" if "enabledUser" in users else "1.0 or 1.1"), not newer
