"""What a roster that says only what changed means, beside what is stored."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pandas as pd
from sqlalchemy import Connection

from access_service.domain.patron import HERE, Patron, PatronRecord
from access_service.storage import patrons
from sync.roster import COLUMNS, Roster

# What a stored patron can say in place of a blank cell.
KEPT = tuple(name for name in Patron.__dataclass_fields__ if name in COLUMNS and name != "source_id")
# Two of these make a row of nobody's that we know worth a word; of an adult a delta often says one.
PLACING = ("student_number", "school", "grade")

Known = Mapping[str, PatronRecord]


def completed(connection: Connection, district: str, roster: Roster, *, mended: bool) -> Roster:
    """A partial roster with what its rows leave out, as it is stored. PINs are kept elsewhere.

    Rows of people who are not here that do not say where they would be are left out, and counted as of no student.
    `mended` rows were kept for a fault: none is left out, and what is still missing there is still at fault.
    """
    frame = roster.frame
    known = patrons.by_source_id(connection, district, frame["source_id"].tolist())
    told = [mended or enough for enough in _say_enough(frame, known)]
    frame = frame if all(told) else frame[told].reset_index(drop=True)
    others = roster.not_students + len(told) - len(frame)
    names = [name for name in KEPT if not (mended and name in PLACING)]
    return replace(roster, frame=_filled(frame, known, names), not_students=others)


def _say_enough(frame: pd.DataFrame, known: Known) -> list[bool]:
    """Whether each row is of somebody here, or says where they would be."""
    placing = zip(*(frame[name].tolist() for name in PLACING), strict=True)
    rows = zip(map(known.get, frame["source_id"].tolist()), placing, strict=True)
    return [
        cells.count("") < len(PLACING) - 1 or bool(record and (_here(record) or cells[PLACING.index("school")]))
        for record, cells in rows
    ]


def _here(record: PatronRecord) -> bool:
    return record.presence in HERE


def _filled(frame: pd.DataFrame, known: Known, names: Iterable[str]) -> pd.DataFrame:
    blank = dict.fromkeys(KEPT, "")
    facts = {source_id: {name: getattr(record.patron, name) for name in KEPT} for source_id, record in known.items()}
    # The school of one who left is where they were: they are a student again where a roster says so.
    facts |= {source_id: facts[source_id] | {"school": ""} for source_id, each in known.items() if not _here(each)}
    stored = [facts.get(source_id, blank) for source_id in frame["source_id"].tolist()]
    kept = {name: [sent or fact[name] for sent, fact in zip(frame[name], stored, strict=True)] for name in names}
    return frame.assign(**{name: pd.Series(cells, index=frame.index, dtype=object) for name, cells in kept.items()})
