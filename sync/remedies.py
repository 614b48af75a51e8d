"""What caused each finding and what to do about it, in the words of docs/codes.md (a test compares them)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from access_service.domain.mapping import Exclusion
from sync.guard import Finding
from sync.roster import RejectCode, WarningCode


class Remedy(NamedTuple):
    cause: str
    cure: str


REMEDIES: Mapping[StrEnum, Remedy] = {
    Finding.REMOVALS: Remedy(
        "more patrons newly absent or leaving than `[limits]` allow: a partial export, a school left out, a rule edit",
        "look at the file with the district; if it is right (graduation), raise the limit for this run",
    ),
    Finding.UPDATES: Remedy(
        "more cards would change than `[limits]` allow: a shifted column, a summer rollover",
        "look at a few students in the file; if it is right, raise the limit for this run",
    ),
    Finding.COLLISIONS: Remedy(
        "many rows have numbers that are somebody else's: new source ids for the same students, or another"
        " district's file",
        "ask the district whether its ids changed",
    ),
    Finding.RENAMED: Remedy(
        "many patrons have another name or birth date: a shifted column, first and last name swapped",
        "look at the columns with the district",
    ),
    Finding.REKEYED: Remedy(
        "many students are missing under one source id and new under another, by name and birth date: the"
        " SIS gave new ids",
        "ask the district; nobody is taken for somebody new meanwhile",
    ),
    Finding.RECYCLED: Remedy(
        "many source ids belong to other people now, by name and birth date",
        "ask the district whether it gives ids twice",
    ),
    Finding.FILE_SHRUNK: Remedy(
        "the file is much smaller than the last accepted one",
        "ask the district for a complete export",
    ),
    Finding.BLANKS: Remedy(
        "a column that was filled is blank in many rows",
        "the district looks at its export",
    ),
    Finding.GRADE_MIX: Remedy(
        "the grades are spread otherwise than in the last roster: other codes, a level left out",
        "look at the grades in `roster-sync inspect`",
    ),
    Finding.ID_SHAPE: Remedy(
        "source ids or student numbers have another length or other characters: lost zeros, another column",
        "the district looks at its export",
    ),
    Finding.SCHOOLS_GONE: Remedy(
        "nobody is left of a served school that had ten students or more",
        "ask the district for a complete export",
    ),
    RejectCode.ROW_WIDTH: Remedy(
        "the row has more or fewer cells than the header: an unquoted comma, a cut-off line",
        "the district exports with quotes",
    ),
    RejectCode.LINE_BREAK: Remedy(
        "a cell has a line break in it: often a stray quote that swallowed rows",
        "the district removes the quote",
    ),
    RejectCode.CONTROL_CHARACTER: Remedy(
        "a cell has an unprintable character",
        "the district retypes the cell",
    ),
    RejectCode.FIELD_TOO_LONG: Remedy(
        "a cell has over 1,000 characters",
        "the district looks at the cell",
    ),
    RejectCode.ID_MISSING: Remedy(
        "no `sourcedId`",
        "the district fills it in",
    ),
    RejectCode.ID_TOO_LONG: Remedy(
        "a `sourcedId` of over 255 characters",
        "the district looks at the column",
    ),
    RejectCode.ID_DUPLICATE: Remedy(
        "one `sourcedId` on rows that say different things; all of them are rejected",
        "the district removes the wrong ones",
    ),
    WarningCode.BIRTH_DATE_UNREADABLE: Remedy(
        "a birth date that is not YYYY-MM-DD; the student has no PIN made of it",
        "the district mends the column's format",
    ),
    WarningCode.BIRTH_DATE_MISSING: Remedy(
        "a student without a birth date; the student has no PIN made of it",
        "the district fills it in",
    ),
    WarningCode.ROW_REPEATED: Remedy(
        "a row stands there twice; one counts",
        "nothing",
    ),
    WarningCode.FALLBACK_ENCODING: Remedy(
        "a file was not UTF-8 and was read in `feed.fallback_encoding`",
        "the district exports UTF-8",
    ),
    WarningCode.NO_MANIFEST: Remedy(
        "the package has no manifest.csv",
        "nothing, or the district adds it",
    ),
    Exclusion.SCHOOL_MISSING: Remedy(
        "the row names no school, or none that the roster lists",
        "the district fills it in",
    ),
    Exclusion.UNKNOWN_GRADE: Remedy(
        "nobody knows this grade code",
        "ask the district what it means",
    ),
    Exclusion.NUMBER_MISSING: Remedy(
        "no student number",
        "the district fills it in",
    ),
    Exclusion.NUMBER_PATTERN: Remedy(
        "the number does not fit `[rules.student_number] pattern`",
        "ask the district, or mend the pattern",
    ),
    Exclusion.NUMBER_TOO_LONG: Remedy(
        "the library number is longer than `rules.number_max_length`",
        "shorten the template",
    ),
    Exclusion.NUMBER_COLLISION: Remedy(
        "two people have the number; neither gets in with it",
        "the district says whose it is",
    ),
    Exclusion.ID_RECYCLED: Remedy(
        "a source id has another name and birth date than before: it may be another child, who must not get"
        " this patron's card",
        "the district says who it is",
    ),
}


def remedy(code: str) -> Remedy:
    """Cause and cure of a code as it is stored: no two vocabularies here share a word."""
    return _BY_TEXT[code]


_BY_TEXT = {code.value: found for code, found in REMEDIES.items()}
