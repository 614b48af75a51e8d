"""What any bytes may do to the reader: be a roster, or be refused in one line. Nothing else."""

import re
import tempfile
from datetime import date
from pathlib import Path

from access_service.errors import OperatorError
from sync.formats import read_package
from sync.package import open_package
from sync.reading import NOBODYS
from sync.roster import COLUMNS, Roster

TODAY = date(2026, 11, 20)
# What no cell of a roster may hold: control characters, and white space at its ends.
DIRTY = re.compile(r"[\x00-\x1f\x7f-\x9f]|^\s|\s$")


def read_bytes(data: bytes, name: str) -> Roster | None:
    """The roster in a file of these bytes, or None where it is refused. AssertionError for anything in between."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_bytes(data)
        try:
            with open_package(file, 64 * 1024 * 1024) as package:
                roster = read_package(package, NOBODYS, TODAY)
        except OperatorError as error:
            refusal = str(error)
        else:
            check(roster)
            return roster
    assert len(refusal) < 600 and "\n" not in refusal
    return None


def check(roster: Roster) -> None:
    """What holds of every roster that is read."""
    frame = roster.frame
    assert tuple(frame.columns) == COLUMNS
    ids = frame["source_id"].tolist()
    assert len(set(ids)) == len(ids) and "" not in ids
    for column in COLUMNS:
        assert not any(DIRTY.search(cell) for cell in frame[column].tolist()), column
    for reject in roster.rejects:
        assert reject.line >= 1 and reject.file
