"""Schools and their codes."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sync.formats.oneroster.manifest import Contents, missing
from sync.formats.oneroster.rows import Rows, read_rows
from sync.formats.oneroster.words import GONE, ORG_TYPES, SCHOOL, among, understood
from sync.formats.reader import Reader
from sync.roster import BadRosterError, WarningCode

# Where a user is, the org that counts first in front.
Orgs = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schools:
    """School code by org id; the ids of orgs that are none; the codes that are served."""

    codes: Mapping[str, str]
    others: Collection[str]
    served: Collection[str]

    def code(self, orgs: Orgs) -> str:
        """Of a student's orgs the first school that is served, else the first school, else "".

        What is in no orgs.csv is not repeated: under a wrong header it is somebody's name.
        """
        codes = self._codes(orgs)
        return next((code for code in codes if code in self.served), codes[0] if codes else "")

    def ordered(self, primary: str, orgs: Orgs) -> Orgs:
        """With the primary org of users.csv in front. Beside schools that do not include it, it says nothing: somebody
        may have come from there."""
        if not primary or orgs[:1] == (primary,):
            return orgs
        if primary in orgs:
            return (primary, *(org for org in orgs if org != primary))
        return orgs if self._codes(orgs) else (*orgs, primary)

    def unheard_of(self, orgs: Orgs) -> bool:
        """Whether somebody has no school for want of a row in orgs.csv; at a district they have none either."""
        return not self._codes(orgs) and not {*orgs}.issubset({*self.others, ""})

    def _codes(self, orgs: Orgs) -> list[str]:
        return [self.codes[org] for org in orgs if org in self.codes]


def read_schools(reader: Reader, contents: Contents) -> Schools:
    """The code of a school is its identifier, or its id where that is blank. A partial package adds to those of the
    last roster. Errors: BadRosterError for a school that cannot be read: its students would seem to have left."""
    part, served = contents.parts.get("orgs"), reader.district.rules.schools
    if part is None:
        if not contents.partial:
            raise missing("orgs", reader)
        return Schools(reader.orgs, (), served)
    rows = read_rows(reader, part, {"sourcedId": True, "type": True, "identifier": False})
    if rows.table.rejects:
        first = rows.table.rejects[0]
        raise BadRosterError(f"{part.file} line {first.line}: {first.code}; export it again")
    known = dict(reader.orgs) if part.delta else {}
    codes: dict[str, str] = {}
    others: set[str] = set()
    for line, org, kind, code in _orgs(rows, reader, known):
        if kind not in (SCHOOL, ""):
            others.add(org)
        elif not org or codes.setdefault(org, code) != code:
            raise BadRosterError(f"{part.file} line {line}: a school with no sourcedId or another's; export it again")
        elif not kind:
            # A campus is a school to its students.
            reader.warnings[WarningCode.ORG_TYPE_UNKNOWN] += 1
    return Schools(known | codes, others, served)


def _orgs(rows: Rows, reader: Reader, known: Mapping[str, str]) -> Iterator[tuple[int, str, str, str]]:
    """Line, id, type and code of each org. Of a delta those that are deleted keep what is `known` of them, for whoever
    still names them, and so does a cell that is blank."""
    kinds = understood(rows.columns["type"], among(ORG_TYPES), reader)
    statuses = rows.statuses() if rows.part.delta else rows.columns["status"]
    ids, sent = rows.columns["sourcedId"], rows.columns["type"]
    codes = [code or known.get(org, org) for code, org in zip(rows.columns["identifier"], ids, strict=True)]
    columns = (rows.table.lines, ids, sent, kinds, reader.values("school", codes))
    for status, (line, org, stated, kind, code) in zip(statuses, zip(*columns, strict=True), strict=True):
        if not (rows.part.delta and status in GONE):
            yield line, org, SCHOOL if org in known and not stated else kind, code
