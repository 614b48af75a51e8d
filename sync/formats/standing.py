"""What a flat file says about whether somebody is a student, and still here."""

import re
from enum import Enum

from access_service.domain.student import Role
from sync.formats.dates import iso_date
from sync.formats.headers import folded
from sync.formats.reader import Reader, each
from sync.roster import Said, WarningCode


class Status(Enum):
    BLANK = 0
    ACTIVE = 1
    GONE = 2
    UNKNOWN = 3


# "*" is Aeries' pre-enrolled; 0 and -1 are PowerSchool's enrolled and pre-registered.
_ACTIVE = frozenset(
    "0 -1 * a active y yes enrolled enroled current currentlyenrolled registered preregistered preenrolled attending "
    "present primary".split()
)
_GONE = frozenset(
    "2 3 i inactive w withdrawn withdrew transferred transferredout graduated graduate exited exit deleted dropped "
    "droppedout left leaver noshow terminated expelled deceased".split()
)
# In PowerSchool's own column a 1 is inactive too; in somebody else's it could be a yes.
_GONE_IN_POWERSCHOOL = frozenset({"1", "4", "-2"})
_EDUCATORS = frozenset(
    "educator teacher staff faculty employee administrator admin principal aide counselor proctor professor lecturer "
    "librarian substitute".split()
)
_OTHERS = frozenset("parent guardian contact relative other".split())
OTHER = "other"
PASSED = "exit date passed"

Cells = list[str]


def exits(reader: Reader, statuses: Cells | None, header: str, dates: Cells | None) -> Cells | None:
    """Why each has gone, or "". A known status decides; an exit date that has passed decides where there is none.

    A word that nobody knows sends nobody away, and is counted. None where no column says anything.
    """
    words = None if statuses is None else reader.values("status", statuses)
    known = {word: _status(word, folded(header) == "enrollstatus") for word in {"", *(words or ())}}
    if words and (unknown := {word for word, status in known.items() if status is Status.UNKNOWN}):
        reader.count(WarningCode.STATUS_UNKNOWN, sum(map(unknown.__contains__, words)))
    if dates is None:
        return words and each(words, lambda word: _exit(word, known[word], passed=False))
    today = reader.today.isoformat()
    passed = each(dates, lambda cell: "" < iso_date(cell, reader.today) < today)
    rows = zip(words or [""] * len(dates), passed, strict=True)
    return each(rows, lambda row: _exit(row[0], known[row[0]], passed=row[1]))


def _status(word: str, powerschool: bool) -> Status:
    # A minus before a number is its sign.
    plain = re.sub(r"[\s_/]|(?<=.)-", "", word.lower())
    if not plain:
        return Status.BLANK
    if plain in _GONE or (powerschool and plain in _GONE_IN_POWERSCHOOL):
        return Status.GONE
    return Status.ACTIVE if plain in _ACTIVE else Status.UNKNOWN


def _exit(word: str, status: Status, *, passed: bool) -> str:
    if status is Status.GONE:
        return word.lower()
    return PASSED if passed and status is not Status.ACTIVE else ""


def roles_of(reader: Reader, cells: Cells, unless_said: str) -> Cells:
    """The role of each, or OTHER. A library's file may have its teachers in it too; who has a word that nobody knows
    is what one is `unless_said`."""
    return each(reader.values("role", cells), lambda cell: _role(folded(cell), unless_said))


def _role(word: str, unless_said: str) -> str:
    if word in _OTHERS:
        return OTHER
    if word in _EDUCATORS:
        return Role.EDUCATOR.value
    return Role.STUDENT.value if word == Role.STUDENT else unless_said


def opt_outs(
    reader: Reader, ids: Cells, cells: Cells, *, partial: bool = False, blank_says_nothing: bool = False
) -> Cells:
    """What each row says of its opt-out. Whom one row opts out, all do; a word that nobody knows opts out, and is
    counted. A blank of a partial roster says nothing where it would say "in", and of staff it never says anything."""
    meanings = {**reader.district.feed.values["opt_out"], **({"": ""} if blank_says_nothing else {})}
    unknown = {cell for cell in set(cells) if cell not in meanings}
    if unknown:
        reader.count(WarningCode.OPT_OUT_UNKNOWN, sum(map(unknown.__contains__, cells)))
    said = each(cells, lambda cell: meanings.get(cell, Said.OUT.value))
    out = {source_id for source_id, word in zip(ids, said, strict=True) if word == Said.OUT}
    silent = {("", Said.IN)} if partial else set()
    rows = zip(ids, cells, said, strict=True)
    return [Said.OUT.value if i in out else "" if (cell, word) in silent else word for i, cell, word in rows]
