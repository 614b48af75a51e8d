"""Look at a roster before anything is configured: what it is, what is in it, and a district file to start from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from pathlib import Path

from pydantic import ValidationError

from access_service.errors import OperatorError
from access_service.remedies import remedy
from access_service.settings import District, Feed
from sync.formats import read_package
from sync.formats.reader import Reader
from sync.package import open_package
from sync.roster import Roster
from sync.stand_ins import shape, stand_ins

# Of a long list a person is shown so many.
MOST_LINES = 40
MOST_PLACES = 10
FIELDS = ["source_id", "student_number", "school", "grade", "given_name", "family_name"]


@dataclass(frozen=True)
class Inspection:
    """What a file holds, read by `feed`. Numbers are shown by their shape only: 9 for a digit, A for a letter.

    `stand_ins` are columns that could have the student number where its own is blank, with their commonest shape.
    """

    roster: Roster
    feed: Feed
    stand_ins: Mapping[str, str]
    folder: bool

    @property
    def shapes(self) -> Counter[str]:
        return Counter(map(shape, self.roster.students["student_number"]))

    @property
    def schools(self) -> Counter[str]:
        return Counter(self.roster.students["school"])

    @property
    def grades(self) -> Counter[str]:
        return Counter(grade or "not understood" for grade in self.roster.students["grade"])


def inspect(path: Path, district: District, today: date) -> Inspection:
    """Read a file as a run would, for a district's settings. Errors as read_package's."""
    with open_package(path) as package:
        roster = read_package(package, district, today)
        reader = Reader(package, district, today)
        return Inspection(roster, district.feed, stand_ins(reader, roster), path.is_dir())


def trying(district: District, tried: Iterable[str]) -> District:
    """The district with other [feed] keys, each given as "columns.grade=YearGroup". Errors: OperatorError."""
    feed = district.feed.model_dump()
    for key, value in (each.partition("=")[::2] for each in tried):
        table, _, name = key.rpartition(".")
        try:
            reduce(lambda outer, inner: outer.setdefault(inner, {}), filter(None, table.split(".")), feed)[name] = value
        except (AttributeError, TypeError) as error:
            raise OperatorError(f"--feed {key}: no such key; docs/configuration.md has those of [feed]") from error
    try:
        return district.model_copy(update={"feed": Feed.model_validate(feed)})
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise OperatorError(f"--feed {key}: no such key or value; docs/configuration.md has those of [feed]") from error


def as_text(found: Inspection) -> Iterator[str]:
    """A page for a person, a line at a time."""
    roster = found.roster
    staff = f"{roster.educators:,} educators, " if roster.educators else ""
    people = f"{len(roster.students):,} students, {staff}{roster.not_students:,} others"
    yield f"{roster.format}: {roster.rows:,} rows, {people}"
    for file, receipt in roster.columns.items():
        yield f"  {file}: {receipt.written}; used {', '.join(receipt.used)}"
        if receipt.dropped:
            yield f"    never read: {', '.join(receipt.dropped)}"
    yield from _fields(found)
    yield f"  grades: {_most(found.grades)}"
    if roster.unknown_grades:
        yield f"  grades that nobody knows: {_most(roster.unknown_grades)}; [feed.values.grade] can say what they mean"
    yield f"  schools: {_most(found.schools)}"
    yield f"  student numbers, by shape: {_most(found.shapes)}"
    yield from _oddities(roster)


def _fields(found: Inspection) -> Iterator[str]:
    """Where each field comes from, and how much of it is blank; those that the roster does not have."""
    frame, named = found.roster.students, found.roster.named
    missing = []
    for field in (*FIELDS, "birth_date"):
        blank = frame[field].eq("").mean() if len(frame) else 0
        if blank == 1:
            missing.append(field)
        else:
            source = f" from {named[field]}" if field in named else ""
            yield f"  {field}{source}" + (f", blank in {100 * blank:.1f} % of students" if blank else "")
    if missing:
        yield f"  missing: {', '.join(missing)}"
    for name, commonest in found.stand_ins.items():
        yield f'  student_number is mostly blank; {name} is not ({commonest}): --feed "columns.student_number={name}"'


def _oddities(roster: Roster) -> Iterator[str]:
    """What was rejected and what was tolerated, each with its cause."""
    lines: dict[str, list[str]] = defaultdict(list)
    for reject in roster.rejects:
        lines[reject.code].append(f"{reject.file}:{reject.line}")
    for code, places in sorted(lines.items()):
        shown = ", ".join(places[:MOST_PLACES]) + (", ..." if len(places) > MOST_PLACES else "")
        yield f"  rejected {len(places):,} {code}: {remedy(code).cause} ({shown})"
    for warning, count in sorted(roster.warnings.items()):
        if count:
            yield f"  noticed {count:,} {warning}: {remedy(warning).cause}"


def _most(counts: Mapping[str, int]) -> str:
    shown = ", ".join(f"{name or 'blank'} ({count:,})" for name, count in sorted(counts.items())[:MOST_LINES])
    return shown + (f", and {len(counts) - MOST_LINES} more" if len(counts) > MOST_LINES else "")
