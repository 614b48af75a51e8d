"""The roster as read: one frame of text columns, what was wrong with it, and where it came from."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import numpy as np
import pandas as pd

from access_service.domain.student import Role
from access_service.errors import OperatorError

# The frame's columns, all text. `birth_date` is ISO or "", `grade` a code of GRADES or "", `exit` why the SIS says
# that this person has gone, or "", `role` a Role, or "" where a partial roster does not say. The fingerprint of a row
# covers all of them.
COLUMNS = (
    "source_id",
    "student_number",
    "school",
    "grade",
    "given_name",
    "family_name",
    "birth_date",
    "pin",
    "state_id",
    "exit",
    "role",
)

# One more where the district's file has one: what each row says of its opt-out. No part of the fingerprint.
OPT_OUT: Final = "opt_out"


class Said(StrEnum):
    """What a row can say of its opt-out; or "", nothing."""

    IN = "in"
    OUT = "out"


class BadRosterError(OperatorError):
    """A file that cannot be trusted as a whole. Nothing of it is used."""


class RejectCode(StrEnum):
    """What was wrong with a row that is not used. docs/codes.md has cause and cure of each."""

    ROW_WIDTH = "row_width"
    LINE_BREAK = "line_break"
    CONTROL_CHARACTER = "control_character"
    FIELD_TOO_LONG = "field_too_long"
    ID_MISSING = "id_missing"
    ID_TOO_LONG = "id_too_long"
    ID_DUPLICATE = "id_duplicate"
    ID_DAMAGED = "id_damaged"
    ROLE_UNKNOWN = "role_unknown"


class WarningCode(StrEnum):
    """What was wrong with a value that is not used, in a row that is; or what was tolerated."""

    BIRTH_DATE_UNREADABLE = "birth_date_unreadable"
    BIRTH_DATE_MISSING = "birth_date_missing"
    BIRTH_DATE_PLACEHOLDER = "birth_date_placeholder"
    STATUS_UNKNOWN = "status_unknown"
    OPT_OUT_UNKNOWN = "opt_out_unknown"
    ROWS_DISAGREE = "rows_disagree"
    ROW_REPEATED = "row_repeated"
    FALLBACK_ENCODING = "fallback_encoding"
    NO_MANIFEST = "no_manifest"
    ROW_BLANK = "row_blank"
    NUMBER_CELL = "number_cell"
    EXCEL_TEXT = "excel_text"
    LINES_ABOVE_HEADER = "lines_above_header"
    HEADER_REPEATED = "header_repeated"
    FOOTER = "footer"
    MANIFEST_CONTRADICTS = "manifest_contradicts"
    VERSION_BY_HEADERS = "version_by_headers"
    EMPTY_FILE = "empty_file"
    HEADER_SPELLING = "header_spelling"
    HEADER_ORDER = "header_order"
    COLUMN_UNKNOWN = "column_unknown"
    VALUE_SPELLING = "value_spelling"
    NULL_CELL = "null_cell"
    STATUS_IN_BULK = "status_in_bulk"
    STATUS_UNREADABLE = "status_unreadable"
    ROLE_ENDED_IN_DELTA = "role_ended_in_delta"
    ORG_UNKNOWN = "org_unknown"
    ORG_TYPE_UNKNOWN = "org_type_unknown"
    ALSO_A_STUDENT = "also_a_student"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is not used. `source_id` is None where nobody can tell whose it is; then it suspends absence
    counting in its `school`, or in the district where that is None too.

    `column` is the one at fault, as the file names it, or "". `cells` are the agreed columns of the row as sent, by
    their names in the file; none where the row has another width, for then nobody can tell which cell is which.
    """

    file: str
    line: int
    code: RejectCode
    source_id: str | None = field(default=None, repr=False)
    school: str | None = None
    column: str = ""
    cells: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """A row as it came: the columns that are read of it, by their names in the file."""

    file: str
    line: int
    cells: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Columns:
    """The receipt of one file: which columns came, which were used, which were dropped at the door, and how the file
    was `written` ("UTF-8, comma")."""

    received: tuple[str, ...]
    used: tuple[str, ...]
    written: str = ""

    @property
    def dropped(self) -> tuple[str, ...]:
        return tuple(name for name in self.received if name not in self.used)


@dataclass(frozen=True, slots=True)
class Roster:
    """The people of one roster: its students and, where the district serves them, its educators. `rows` counts data
    rows of the files with people in them, whoever they are.

    A `partial` roster says only what changed: whoever is not in it has not left, and a blank cell says nothing.
    `named` is the header that each field was read from, as the file spells it. `orgs` is the school code of each of
    the roster's own org ids, for a later partial roster that names no schools.
    `unknown_grades` are codes that nobody knows, with how often they are there.
    """

    format: str
    frame: pd.DataFrame
    rejects: tuple[Reject, ...]
    warnings: Counter[WarningCode]
    columns: dict[str, Columns]
    rows: int
    not_students: int
    partial: bool = False
    named: Mapping[str, str] = field(default_factory=dict)
    orgs: Mapping[str, str] = field(default_factory=dict, repr=False)
    unknown_grades: Mapping[str, int] = field(default_factory=dict)

    @property
    def educators(self) -> int:
        return int(self.frame["role"].tolist().count(Role.EDUCATOR))

    @property
    def students(self) -> pd.DataFrame:
        """The frame without its educators."""
        return self.frame[self.frame["role"] != Role.EDUCATOR] if self.educators else self.frame


def fingerprints(frame: pd.DataFrame, key: bytes) -> list[bytes]:
    """16 bytes a row, keyed, over all columns. The reader lets no separator into a cell."""
    student = blake2b(key=key, digest_size=16)
    # A seed of their own: what is stored of students was made before there were other roles.
    seeds = defaultdict(lambda: student, {Role.EDUCATOR: blake2b(key=key, person=b"educator", digest_size=16)})
    facts = (frame[name].tolist() for name in COLUMNS if name not in {"role", "state_id"})
    prints: list[bytes] = []
    rows = zip(frame["role"].tolist(), frame["state_id"].tolist(), zip(*facts, strict=True), strict=True)
    for role, state_id, row in rows:
        digest = seeds[role].copy()
        # The same for a column that came later.
        digest.update("\x1f".join((*row, state_id) if state_id else row).encode())
        prints.append(digest.digest())
    return prints


def content(prints: list[bytes]) -> bytes:
    """One digest of a set of fingerprints, whatever their order."""
    lanes = np.frombuffer(b"".join(prints), dtype=np.uint64).reshape(-1, 2)
    return bytes(lanes.sum(axis=0, dtype=np.uint64).tobytes())
