"""roles.csv of 1.2: who is a student, where, and until when."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sync.formats.oneroster.manifest import Contents
from sync.formats.oneroster.rows import Rows, read_rows
from sync.formats.oneroster.words import (
    EDUCATORS,
    GONE,
    PRIMARY,
    ROLE_TYPES,
    SECONDARY,
    STUDENT,
    among,
    iso_dates,
    role_word,
    understood,
)
from sync.formats.reader import Reader
from sync.roster import RejectCode, WarningCode


@dataclass(frozen=True, slots=True)
class StudentRoles:
    """The orgs where each user is a student, those of today and primary ones first; of `educators`, where they are
    served, the same, and none of those who are students too; who was either and is no more; and of a partial package
    who is no student. Where they are not `complete`, of the others nothing is said."""

    orgs: Mapping[str, tuple[str, ...]]
    educators: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ended: Collection[str] = frozenset()
    adults: Collection[str] = frozenset()
    complete: bool = False


NOTHING_SAID = StudentRoles({})


def read_roles(reader: Reader, contents: Contents, schools: Mapping[str, str]) -> StudentRoles:
    """Errors: BadRosterError. A role that nobody can read is a reject, and its user counts as present."""
    part = contents.parts["roles"]
    wanted = {"userSourcedId": True, "roleType": False, "role": True, "orgSourcedId": True}
    rows = read_rows(reader, part, wanted | {"beginDate": False, "endDate": False})
    said = understood(reader.values("role", rows.columns["role"]), role_word, reader)
    over = _over(rows, reader)
    users, orgs = rows.columns["userSourcedId"], rows.columns["orgSourcedId"]
    if "" in said:
        said = [
            STUDENT if not word and end and not sent else word
            for word, end, sent in zip(said, over, rows.columns["role"], strict=True)
        ]
        for at in (index for index, word in enumerate(said) if not word):
            rows.reject(at, RejectCode.ROLE_UNKNOWN, "role", users[at], schools.get(orgs[at], ""))
    student = [index for index, word in enumerate(said) if word == STUDENT]
    complete = not (part.delta or reader.partial)
    for at in (at for at in student if not users[at] and (complete or not over[at])):
        rows.reject(at, RejectCode.ID_MISSING, "userSourcedId", "", schools.get(orgs[at], ""))
    current = _orgs([at for at in student if users[at] and not over[at]], rows, reader, complete)
    staff = [at for at, word in enumerate(said) if word in EDUCATORS and users[at]] if reader.educators else []
    educators = _orgs([at for at in staff if not over[at]], rows, reader, complete) if staff else {}
    reader.count(WarningCode.ALSO_A_STUDENT, len(educators.keys() & current.keys()))
    educators = {user: orgs for user, orgs in educators.items() if user not in current}
    ended = {users[at] for at in student if over[at]} - current.keys() - educators.keys() - {""}
    if complete:
        past = {users[at] for at in staff if over[at]} - current.keys() - educators.keys() - ended
        educators |= dict.fromkeys(past, ())
        ended |= past
    if not contents.partial:
        return StudentRoles(current, educators, ended, complete=complete)
    adults = {user for user, word in zip(users, said, strict=True) if word not in (STUDENT, "")} - current.keys()
    if complete:
        return StudentRoles(current, educators, ended, adults, complete)
    # Another role of theirs may go on, unsaid since it did not change.
    reader.warnings[WarningCode.ROLE_ENDED_IN_DELTA] += len(ended)
    return StudentRoles(current, educators, frozenset(), adults - ended)


def _over(rows: Rows, reader: Reader) -> list[bool]:
    """Whether each row has ended. The end date is the first day that no longer counts; one that nobody can read ends
    nothing."""
    today = reader.today.isoformat()
    ends, said = iso_dates(rows.columns["endDate"], reader), rows.statuses()
    if not any(ends) and not any(said):
        return [False] * len(ends)
    return [status in GONE or "" < end <= today for status, end in zip(said, ends, strict=True)]


def _orgs(at: list[int], rows: Rows, reader: Reader, complete: bool) -> dict[str, tuple[str, ...]]:
    """The orgs by user of these rows. A role that is yet to begin makes a student too: enrolled, and soon there."""
    users, orgs = rows.columns["userSourcedId"], rows.columns["orgSourcedId"]
    alone: dict[str, tuple[str, ...]] = {org: (org,) for org in set(orgs)}
    found = {users[index]: alone[orgs[index]] for index in at}
    if complete and len(found) == len(at):
        return found
    today = reader.today.isoformat()
    begins = iso_dates(rows.columns["beginDate"], reader)
    kinds = understood(rows.columns["roleType"], among(ROLE_TYPES), reader)
    several: dict[str, tuple[str, ...]] = {}
    for index in sorted(at, key=lambda index: (begins[index] > today, kinds[index] != PRIMARY)):
        several[users[index]] = (*several.get(users[index], ()), orgs[index])
    if complete:
        return several
    # A second school that is new says nothing of the first, which a delta does not repeat.
    placed = {users[index] for index in at if kinds[index] != SECONDARY}
    return {user: all_ if user in placed else () for user, all_ in several.items()}
