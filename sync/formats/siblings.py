"""The rows of one student, one for each contact or school, as one row.

They may differ in columns that are not used, and in their school: then the student is at several. The first cell that
is not blank counts. Rows that contradict each other about who somebody is are nobody's card.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from access_service.domain.student import Role
from sync.formats.reader import Reader, rejected
from sync.roster import RejectCode, WarningCode

WHO = ("student_number", "given_name", "family_name", "birth_date", "pin", "state_id")
# Infinite Campus: P is the enrolment itself; partial and special education services stand beside it.
SIDE_SERVICES = ("S", "N")
Cells = NDArray[np.object_]
Numbers = NDArray[np.intp]


def folded_rows(frame: pd.DataFrame, file: str, reader: Reader, role: Role) -> pd.DataFrame:
    """One row for each id that has any, in the order of the first ones. Contradicting rows become rejects."""
    if len(set(frame["source_id"].tolist())) == len(frame):
        return frame
    repeated = frame["source_id"].duplicated(keep=False).to_numpy() & (frame["source_id"] != "").to_numpy()
    rows = _current(frame[repeated])
    student, ids = pd.factorize(rows["source_id"])
    first = rows[~rows["source_id"].duplicated()].copy()
    torn = np.zeros(len(ids), dtype=bool)
    for column in (*WHO, "grade"):
        cells, disagree = _agreed(rows[column].to_numpy(dtype=object), student, len(ids))
        first[column] = cells
        if column in WHO:
            torn |= disagree
        else:
            reader.count(WarningCode.ROWS_DISAGREE, int((disagree & ~torn).sum()))
    first["school"] = _schools(rows, student, reader.served(role))
    rejected(frame[frame["source_id"].isin(ids[torn])], file, RejectCode.ID_DUPLICATE, reader)
    return pd.concat([frame[~repeated], first[~torn]]).sort_index()


def _current(rows: pd.DataFrame) -> pd.DataFrame:
    """Of a student's rows those that count: not one left behind, nor a service beside the enrolment itself."""
    for column in [column for column in ("exit", "service") if column in rows]:
        beside = rows[column].isin(SIDE_SERVICES) if column == "service" else rows[column] != ""
        if beside.any():
            rows = rows[~beside | ~rows["source_id"].isin(set(rows.loc[~beside, "source_id"]))]
    return rows


def _agreed(cells: Cells, student: Numbers, students: int) -> tuple[Cells, NDArray[np.bool_]]:
    """Of each student the first cell that is not blank, and whether another one says otherwise."""
    said = cells != ""
    first = np.full(students, "", dtype=object)
    # From the last row to the first: the earliest is written last, and stays.
    first[student[said][::-1]] = cells[said][::-1]
    disagree = np.zeros(students, dtype=bool)
    disagree[student[said & (cells != first[student])]] = True
    return first, disagree


def _schools(rows: pd.DataFrame, student: Numbers, where: Collection[str]) -> Cells:
    """Of each person's schools the first that is served, else the first."""
    schools = rows["school"].to_numpy(dtype=object)
    served = rows["school"].isin(list(where)).to_numpy()
    at_any = _agreed(schools, student, student.max() + 1)[0]
    at_served = _agreed(np.where(served, schools, ""), student, student.max() + 1)[0]
    return np.where(at_served != "", at_served, at_any)
