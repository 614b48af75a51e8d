"""Whom a night leaves alone because a person said so: neither made nor changed nor ended."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
from sqlalchemy import Connection

from access_service.domain.identifiers import fold
from access_service.domain.student import Role
from access_service.pin_vault import PinVault
from access_service.settings import District
from access_service.storage import exceptions, patrons
from access_service.storage.exceptions import ExceptionKind
from access_service.storage.seen import VOID, Seen
from sync.plan import Matched


@dataclass(frozen=True, slots=True)
class Skips:
    """Those that stand today: patrons by source id, and keyed marks of whoever may still come."""

    source_ids: frozenset[str]
    source_marks: frozenset[bytes]
    number_marks: frozenset[bytes]

    def __bool__(self) -> bool:
        return bool(self.source_marks or self.number_marks)


def standing(connection: Connection, district: str, today: date) -> Skips:
    found = [
        each
        for each in exceptions.of_district(connection, district)
        if each.kind is ExceptionKind.SKIP and each.until >= today
    ]
    known = patrons.records(connection, [each.patron_id for each in found if each.patron_id])
    return Skips(
        source_ids=frozenset(record.patron.source_id for record in known),
        source_marks=frozenset(each.source_mark for each in found if each.source_mark),
        number_marks=frozenset(each.number_mark for each in found if each.number_mark),
    )


def left_alone(
    skips: Skips, district: District, vault: PinVault, served: pd.DataFrame, matched: Matched
) -> tuple[Matched, frozenset[str]]:
    """What remains to be planned, and the source ids of whom nobody touches. Of newcomers marks are worked out, and
    only where somebody is skipped."""
    if not skips:
        return matched, frozenset()
    ids, numbers, roles = (served[name].tolist() for name in ("source_id", "student_number", "role"))

    def theirs(index: int) -> bool:
        code, number = district.code, fold(district.rules.student_number.apply(numbers[index]) or numbers[index])
        return (
            ids[index] in skips.source_ids
            or not skips.source_marks.isdisjoint(vault.marks("skip source id", code, ids[index]))
            or (
                roles[index] != Role.EDUCATOR
                and not skips.number_marks.isdisjoint(vault.marks("skip number", code, number))
            )
        )

    newcomers = {index for index in matched.new if theirs(index)}
    rest = replace(
        matched,
        candidates=[pair for pair in matched.candidates if pair[1].source_id not in skips.source_ids],
        excluded=[row for row in matched.excluded if row.source_id not in skips.source_ids],
        missing=[row for row in matched.missing if row.source_id not in skips.source_ids],
        new=[index for index in matched.new if index not in newcomers],
    )
    return rest, skips.source_ids | {ids[index] for index in newcomers}


def taken_up_again(connection: Connection, district: str, today: date, stored: Iterable[Seen]) -> Iterable[Seen]:
    """What the last roster said, without the fingerprints of those for whom something has ended."""
    freed = exceptions.freed(connection, district, today)
    if not freed:
        return stored
    return (row._replace(fingerprint=VOID) if row.patron_id in freed else row for row in stored)
