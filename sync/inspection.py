"""Look at a roster before anything is configured: what it is, what is in it, and a district file to start from."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

from access_service.domain.student import GRADES
from access_service.settings import District
from sync.formats import read_package
from sync.formats.reader import Reader
from sync.package import open_package
from sync.report import counted
from sync.roster import Roster

# Of a long list a person is shown so many.
MOST_LINES = 40
FIELDS = ["source_id", "student_number", "school", "grade", "given_name", "family_name"]

DISTRICT = Template("""\
# Made by `roster-sync inspect`. Lines marked CHANGE hold what a roster cannot say.

[district]
code = "change-me"                 # CHANGE, and name this file so
name = "CHANGE"
timezone = "America/New_York"      # CHANGE

[agreement]
signed_by = "CHANGE"
starts = 2026-07-01                # CHANGE
ends = 2027-06-30                  # CHANGE
fields = $fields

[feed]
host = "sftp.example.org"          # CHANGE
user = "library"                   # CHANGE
# CHANGE: `roster-sync check-source` shows it
host_keys = ["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]

[rules]
library_number = "29{student_number}"   # CHANGE to a prefix that no other card has

[rules.student_number]
pattern = '$pattern'

[[rules.patron_types]]
grades = $grades
patron_type = "STUDENT"            # CHANGE

[rules.schools]                    # school code = home branch: CHANGE
$schools

[rules.pin]
rule = "$pin"                      # MMDD is weak; "unclaimed" has no PIN until the desk sets one

[rules.expiry]
pivot = "06-30"
expires = "09-15"

[[examples]]
student_number = "$number"
school = $school
grade = $grade
library_number = "29$number"
""")


@dataclass(frozen=True)
class Inspection:
    """What a file holds. Numbers are shown by their shape only: 9 for a digit, A for a letter."""

    roster: Roster
    styles: dict[str, str]

    @property
    def shapes(self) -> Counter[str]:
        return Counter(map(shape, self.roster.frame["student_number"]))

    @property
    def schools(self) -> Counter[str]:
        return Counter(self.roster.frame["school"])

    @property
    def grades(self) -> Counter[str]:
        return Counter(grade or "not understood" for grade in self.roster.frame["grade"])


def shape(number: str) -> str:
    """A number without what is personal in it: "910000001" is "999999999"."""
    return re.sub("[A-Za-z]", "A", re.sub("[0-9]", "9", number)) or "blank"


def inspect(path: Path, district: District, today: date) -> Inspection:
    """Read a file as a run would, for a district's settings. Errors as read_package's."""
    with open_package(path) as package:
        roster = read_package(package, district, today)
        reader = Reader(package, district, today)
        return Inspection(roster, {file: reader.style(file).words for file in roster.columns})


def as_text(found: Inspection) -> Iterator[str]:
    """A page for a person, a line at a time."""
    roster = found.roster
    yield f"{roster.format}: {roster.rows:,} rows, {len(roster.frame):,} students, {roster.not_students:,} others"
    for file, receipt in roster.columns.items():
        yield f"  {file}: {found.styles[file]}; used {', '.join(receipt.used)}"
        if receipt.dropped:
            yield f"    never read: {', '.join(receipt.dropped)}"
    yield f"  grades: {_most(found.grades)}"
    yield f"  schools: {_most(found.schools)}"
    yield f"  student numbers, by shape: {_most(found.shapes)}"
    rejects = Counter(reject.code.value for reject in roster.rejects)
    if rejects:
        lines = "; ".join(f"{reject.file}:{reject.line} {reject.code}" for reject in roster.rejects[:MOST_LINES])
        yield f"  rejected {counted(rejects)}: {lines}"
    if warnings := {code.value: count for code, count in roster.warnings.items() if count}:
        yield f"  warnings {counted(warnings)}"


def as_district(found: Inspection) -> str:
    """A district file that fits this roster. What nobody can see in a roster is marked with CHANGE."""
    born = any(found.roster.frame["birth_date"])
    schools = sorted(found.schools)
    grades = [grade for grade in GRADES if grade in found.grades]
    example = _example(found.shapes)
    return DISTRICT.substitute(
        fields=json.dumps(FIELDS + (["birth_date"] if born else [])),
        pattern=_pattern(found.shapes),
        grades=json.dumps(grades),
        schools="\n".join(f'{json.dumps(code)} = "MAIN"   # {found.schools[code]:,} students' for code in schools),
        pin="MMDD" if born else "unclaimed",
        number=example,
        school=json.dumps(next(iter(schools), "")),
        grade=json.dumps(next(iter(grades), "")),
    )


def _pattern(shapes: Counter[str]) -> str:
    widths = {len(number) for number in shapes if set(number) == {"9"}}
    if not widths or any(set(number) != {"9"} for number in shapes if number != "blank"):
        return "[0-9A-Za-z]+"
    return rf"\d{{{min(widths)}}}" if len(widths) == 1 else rf"\d{{{min(widths)},{max(widths)}}}"


def _example(shapes: Counter[str]) -> str:
    """A made-up number of the commonest shape."""
    commonest = next((number for number, _ in shapes.most_common() if number != "blank"), "99999")
    return re.sub("A", "X", re.sub("9", "1", re.sub("[^9A]", "", commonest))) or "11111"


def _most(counts: Counter[str]) -> str:
    shown = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())[:MOST_LINES])
    return shown + (f", and {len(counts) - MOST_LINES} more" if len(counts) > MOST_LINES else "")
