"""A district's configuration to start from, made of what its roster shows."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePath
from string import Template

from access_service.domain.student import GRADES
from sync.inspection import FIELDS, Inspection
from sync.roster import WarningCode

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
pattern = $name
$feed[rules]
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


def as_district(found: Inspection, name: str) -> str:
    """A district file that fits this roster, which came as `name`. What it cannot show is marked with CHANGE."""
    born = any(found.roster.students["birth_date"])
    schools = sorted(filter(None, found.schools)) or ["CHANGE"]
    # Where no grade was understood the file still loads.
    grades = [grade for grade in GRADES if grade in found.grades] or ["OTHER"]
    example = _example(found.shapes)
    return DISTRICT.substitute(
        name=json.dumps(_pattern_of(name, found)),
        feed="".join(f"{line}\n" for line in [*_how_to_read(found), ""]),
        fields=json.dumps(FIELDS + (["birth_date"] if born else [])),
        pattern=_pattern(found.shapes),
        grades=json.dumps(grades),
        schools="\n".join(f'{json.dumps(code)} = "MAIN"   # {found.schools[code]:,} students' for code in schools),
        pin="MMDD" if born else "unclaimed",
        number=example,
        school=json.dumps(schools[0]),
        grade=json.dumps(grades[0]),
    )


def _pattern_of(name: str, found: Inspection) -> str:
    """A pattern for tomorrow's name: digits are often a date."""
    if not found.folder:
        return re.sub("[0-9][0-9_-]*", "*", name)
    kinds = {PurePath(file).suffix for file in found.roster.columns}
    return f"*{kinds.pop()}" if len(kinds) == 1 else "*"


def _how_to_read(found: Inspection) -> Iterator[str]:
    """The keys of [feed] that this roster needs, and its words that nobody knows."""
    if found.folder:
        yield 'package = "files"'
    if found.roster.warnings[WarningCode.FALLBACK_ENCODING]:
        yield 'fallback_encoding = "cp1252"'
    if not found.feed.header:
        yield "header = false"
    if found.feed.school:
        yield f"school = {json.dumps(found.feed.school)}"
    yield from _columns(found)
    yield from _values(found)


def _columns(found: Inspection) -> Iterator[str]:
    if found.feed.columns:
        yield "\n[feed.columns]"
        yield from (f"{field} = {json.dumps(name)}" for field, name in found.feed.columns.items())
    elif found.stand_ins:
        yield "\n[feed.columns]                 # CHANGE: the student number's own column is blank; is it one of these?"
        yield from (f"# student_number = {json.dumps(name)}   # {like}" for name, like in found.stand_ins.items())


def _values(found: Inspection) -> Iterator[str]:
    """What cells mean, the grades last: below them stand those that nobody knows."""
    known = dict(found.feed.values)
    known |= {"grade": known.pop("grade", {})}
    for field, words in known.items():
        unknown = found.roster.unknown_grades if field == "grade" else {}
        if words or unknown:
            yield f"\n[feed.values.{field}]"
        yield from (f"{json.dumps(word)} = {json.dumps(meaning)}" for word, meaning in words.items())
        if unknown:
            yield "# CHANGE: what each means, such as TK; without a line it gets no card"
        yield from (f'# {json.dumps(code)} = ""   # {n:,} rows' for code, n in unknown.items())


def _pattern(shapes: Counter[str]) -> str:
    widths = {len(number) for number in shapes if set(number) == {"9"}}
    if not widths or any(set(number) != {"9"} for number in shapes if number != "blank"):
        return "[0-9A-Za-z]+"
    return rf"\d{{{min(widths)}}}" if len(widths) == 1 else rf"\d{{{min(widths)},{max(widths)}}}"


def _example(shapes: Counter[str]) -> str:
    """A made-up number of the commonest shape."""
    commonest = next((number for number, _ in shapes.most_common() if number != "blank"), "99999")
    return re.sub("A", "X", re.sub("9", "1", re.sub("[^9A]", "", commonest))) or "11111"
