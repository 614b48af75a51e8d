"""Whom a roster knows by another source id: by the student number, unless name or birth date say otherwise."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from access_service.domain.identifiers import fold
from access_service.domain.patron import HERE
from access_service.domain.student import Student
from access_service.settings import District
from access_service.storage.source_ids import Known, Move, freed
from sync.marks import marks, person
from sync.plan import ROLES
from sync.roster import Roster

COLUMNS = ("source_id", "student_number", "given_name", "family_name", "birth_date", "role")


@dataclass(frozen=True, slots=True)
class Pairing:
    """`pairs` are patrons whom the roster has under another source id, of whom `confirmed` by name and birth date.
    `freed` are those whose id is another's by now, and who are in the roster no more. `contradicting` have a row with
    their student number that is somebody else's by name and birth date, or that nobody can tell. `new` counts source
    ids that nobody has, and `missing` patrons whose id is not in the roster."""

    pairs: tuple[tuple[Known, Move], ...]
    freed: tuple[Known, ...]
    contradicting: tuple[Known, ...]
    confirmed: int
    new: int
    missing: int

    @property
    def moves(self) -> tuple[Move, ...]:
        return (*(move for _, move in self.pairs), *map(freed, self.freed))

    @property
    def counts(self) -> dict[str, int]:
        return {
            "matched": len(self.pairs),
            "confirmed": self.confirmed,
            "contradicting": len(self.contradicting),
            "freed": len(self.freed),
            "new": self.new,
            "missing": self.missing,
        }

    @property
    def of_another_district(self) -> bool:
        """Whether it looks like it: more contradict than match, or nothing but numbers matches, and of few."""
        only_numbers = not self.confirmed and 2 * len(self.pairs) < self.missing
        return only_numbers or len(self.contradicting) > len(self.pairs)


def pair(stored: Iterable[Known], roster: Roster, district: District, key: bytes) -> Pairing:
    """Patrons and rows, one to one. `key` is the one that marks are made with."""
    rows = {student.source_id: student for student in _students(roster)}
    here = {*rows, *(reject.source_id for reject in roster.rejects if reject.source_id)}
    by_id = {known.source_id: known for known in stored}
    pairs: list[tuple[Known, Move]] = []
    contradicting: list[Known] = []
    confirmed = 0
    for known, row in _same_number(by_id.values(), rows.values(), district):
        found = marks(key, row)
        same = _same_person(known, row, found)
        gone = known.source_id not in here and known.presence in HERE
        staying = rows.get(known.source_id)
        if same and not (staying and person(marks(key, staying)) == person(found)):
            confirmed += 1
        elif same is False or not gone or row.source_id in by_id:
            # An id that is or was somebody's changes hands for name and birth date only.
            contradicting += [known] if gone else []
            continue
        pairs.append((known, Move(known.patron_id, known.source_id, row.source_id, known.marks, found)))
    moving = {known.source_id for known, _ in pairs}
    taken = (by_id[move.new] for _, move in pairs if move.new in by_id and move.new not in moving)
    served = [known for known in by_id.values() if known.presence in HERE]
    return Pairing(
        pairs=tuple(pairs),
        freed=tuple(taken),
        contradicting=tuple(contradicting),
        confirmed=confirmed,
        new=sum(source_id not in by_id for source_id in rows),
        missing=sum(known.source_id not in here for known in served),
    )


def _same_number(
    stored: Iterable[Known], rows: Iterable[Student], district: District
) -> Iterator[tuple[Known, Student]]:
    """Who has a row's number in the same role, and another source id. A number of two rows is nobody's; one who is
    served comes before one who left with the same number."""
    terms = district.rules.terms
    owners: dict[tuple[str, str], Known] = {}
    for known in stored:
        number = known.role, fold(known.student_number)
        if number[1] and (number not in owners or known.presence in HERE):
            owners[number] = known
    claimed: dict[tuple[str, str], list[Student]] = {}
    for row in rows:
        number = row.role, fold(terms[row.role].number.apply(row.student_number) or "")
        if number in owners:
            claimed.setdefault(number, []).append(row)
    for key, claimants in claimed.items():
        if len(claimants) == 1 and claimants[0].source_id != owners[key].source_id:
            yield owners[key], claimants[0]


def _same_person(known: Known, row: Student, found: bytes) -> bool | None:
    """By name and birth date; where those are not known of both, two other names say no. None: nobody can tell."""
    if known.marks and found:
        return person(known.marks) == person(found)
    names = (known.given_name, row.given_name), (known.family_name, row.family_name)
    return False if all(then and now and then.casefold() != now.casefold() for then, now in names) else None


def _students(roster: Roster) -> Iterator[Student]:
    columns = (roster.frame[name].tolist() for name in COLUMNS)
    for source_id, number, given, family, born, role in zip(*columns, strict=True):
        birth_date = date.fromisoformat(born) if born else None
        yield Student(source_id, number, "", "", given, family, birth_date, role=ROLES[role])
