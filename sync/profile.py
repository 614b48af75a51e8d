"""What a roster is like as a whole. Kept of the last accepted one, so that the next can be seen to be unlike it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from sync.roster import COLUMNS, OPT_OUT, Roster, Said

# Looks at ids are of so many rows, spread over the file.
SAMPLE = 20_000
IDS = ("source_id", "student_number")

Shares = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares are percent of `students`: blank cells by column, ids by shape. `grades` and `schools` are counts, and
    `orgs` the school code of each of the roster's own org ids. `named` is the header that each field was read from,
    `written` the "ENCODING" (of names that have more than ASCII in them) and "DELIMITER" of the files, and `rules` the
    version by which it was read; all three are empty in what an older program kept. `opt_outs` counts those whom a
    column of the roster opts out, None where there is no such column. Educators are only
    counted."""

    students: int
    blanks: Shares
    grades: Mapping[str, int]
    shapes: Mapping[str, Shares]
    schools: Mapping[str, int]
    orgs: Mapping[str, str] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: str = ""
    opt_outs: int | None = None
    educators: int = 0

    @classmethod
    def of(cls, roster: Roster, fields: Iterable[str], rules: str = "") -> "Profile":
        """The profile of a complete roster; blanks are counted in the agreed `fields` only."""
        students = roster.students
        columns = {name: students[name].tolist() for name in COLUMNS if name in fields}
        return cls(
            students=len(students),
            blanks={name: 100 * cells.count("") / max(1, len(cells)) for name, cells in columns.items()},
            grades=dict(Counter(columns["grade"])),
            shapes={
                name: shares(map(shape, cells[:: 1 + len(cells) // SAMPLE]))
                for name, cells in columns.items()
                if name in IDS
            },
            schools=dict(Counter(columns["school"])),
            orgs=roster.orgs,
            named=roster.named,
            written=_written(roster, columns),
            rules=rules,
            opt_outs=roster.frame[OPT_OUT].tolist().count(Said.OUT) if OPT_OUT in roster.frame else None,
            educators=len(roster.frame) - len(students),
        )

    @classmethod
    def from_json(cls, text: str) -> "Profile":
        return cls(**json.loads(text))

    def as_json(self) -> str:
        return json.dumps(asdict(self))


def _written(roster: Roster, columns: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """How quotes are written is seen in the rows of a night, and no trait of the file's."""
    styles = [receipt.written.split(", ") for receipt in roster.columns.values() if receipt.written]
    written = {"delimiter": sorted({delimiter for _, delimiter, *_ in styles})}
    # ASCII is the same in all of them.
    if not all("".join(cells).isascii() for cells in columns.values()):
        written["encoding"] = sorted({encoding for encoding, *_ in styles})
    return written


def shape(number: str) -> str:
    """Length and kinds of characters: "7 9" has seven digits, "36 9A-" digits, letters and others."""
    kinds = ("9", any(map(str.isdigit, number))), ("A", any(map(str.isalpha, number))), ("-", not number.isalnum())
    return f"{len(number)} {''.join(sign for sign, there in kinds if there)}" if number else "blank"


def shares(cells: Iterable[str] | Mapping[str, int]) -> Shares:
    """Percent of each, of cells or of their counts."""
    counts = Counter(cells)
    total = max(1, counts.total())
    return {cell: 100 * count / total for cell, count in counts.items()}
