"""OneRoster CSV 1.0 to 1.2.1 (1EdTech), bulk and delta: users, orgs, demographics, and from 1.2 on roles.

In a bulk package absence means departure, so one that lists what it does not hold, or has an empty users file, is
refused. A delta says only what changed.
"""

from collections.abc import Mapping

import pandas as pd

from access_service.domain.student import Role
from sync.formats.oneroster.births import read_births
from sync.formats.oneroster.columns import bare
from sync.formats.oneroster.manifest import Contents, contents, missing
from sync.formats.oneroster.parts import Part, find_parts, named_exactly
from sync.formats.oneroster.roles import NOTHING_SAID, StudentRoles, read_roles
from sync.formats.oneroster.schools import Schools, read_schools
from sync.formats.oneroster.students import people, said_elsewhere, whole
from sync.formats.oneroster.users import read_users
from sync.formats.reader import Reader
from sync.roster import OPT_OUT, Roster, WarningCode

__all__ = ["Part", "bare", "find_parts", "named_exactly", "read_oneroster"]


def read_oneroster(reader: Reader, parts: Mapping[str, Part]) -> Roster:
    """The students of a package, or what it says of them. Errors: BadRosterError, and nothing of it is used."""
    found = contents(reader, parts)
    schools = read_schools(reader, found)
    roles = _roles(reader, found, schools)
    users = read_users(reader, found, schools, roles) if "users" in found.parts else None
    listed = users.rows.columns["sourcedId"] if users else []
    births = read_births(reader, found.parts.get("demographics"))
    frames = [said_elsewhere(reader, listed, roles or NOTHING_SAID, schools, births)] if found.partial else []
    if users:
        users.fields["birth_date"] = [births.get(user, "") for user in listed]
        # A frame of a million rows wants the room.
        del births
        frames.insert(0, whole(people(reader, users, schools, roles), users.rows.part.file, roles, reader))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)
    if OPT_OUT in frame:
        # Who is in another file only says nothing of it.
        frame[OPT_OUT] = frame[OPT_OUT].where(frame[OPT_OUT].notna(), "")
    if "birth_date" in reader.district.agreement.fields and not found.partial:
        unborn = frame["birth_date"].tolist().count("") - frame["role"].tolist().count(Role.EDUCATOR)
        reader.warnings[WarningCode.BIRTH_DATE_MISSING] += unborn
    return Roster(
        format=found.format,
        frame=frame,
        rejects=tuple(reader.rejects),
        warnings=+reader.warnings,
        columns=reader.columns,
        named=reader.named,
        unknown_grades=reader.unknown_grades,
        rows=users.rows.table.rows if users else 0,
        not_students=len(listed) - sum(users.student) - sum(users.educator) if users else 0,
        partial=found.partial,
        orgs=schools.codes,
    )


def _roles(reader: Reader, found: Contents, schools: Schools) -> StudentRoles | None:
    if found.role_in_users:
        return None
    if "roles" in found.parts:
        return read_roles(reader, found, schools.codes)
    if not found.partial:
        raise missing("roles", reader)
    return NOTHING_SAID
