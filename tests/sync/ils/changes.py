"""Every kind of change that a load can tell, of made-up people: what the golden file of each format shows."""

from dataclasses import replace
from datetime import date

from access_service.ils import AccountField, Action
from sync.ils.orders import Account, Order, nobody
from sync.ils.wanted import ENDING

F = AccountField
EVERYTHING = frozenset(AccountField) - {F.FORMER_NUMBER}

NEW = Account(
    patron_id=1,
    key="1",
    library_number="290000001",
    student_number="0000001",
    given_name="Testa",
    family_name="Synthetica",
    patron_type="STUDENT-K5",
    profile="starter",
    branch="MAPLE",
    school="101",
    grade="03",
    role="student",
    expires=date(2027, 9, 15),
    pin="0303",
)


def known(patron_id: int, **changed: object) -> Account:
    """Another account, which the ILS has already."""
    number = f"{patron_id:07}"
    one = replace(
        NEW, patron_id=patron_id, key=str(patron_id), library_number=f"29{number}", student_number=number, pin=""
    )
    return replace(one, **changed)  # type: ignore[arg-type]


def told(account: Account, *fields: AccountField) -> Order:
    return Order(Action.UPDATE, account, frozenset(fields))


CHANGES: dict[str, Order] = {
    "new": Order(Action.CREATE, NEW, EVERYTHING),
    "new name with accents": Order(
        Action.CREATE, known(2, given_name="Zoë", family_name="O'Brien-Núñez, Jr.", pin="1108"), EVERYTHING
    ),
    "educator": Order(
        Action.CREATE,
        known(3, role="educator", patron_type="EDUCATOR", library_number="250000003", grade="", pin=""),
        EVERYTHING,
    ),
    "new grade": told(known(4, grade="06", patron_type="STUDENT-612"), F.GRADE, F.PATRON_TYPE),
    "new school": told(known(5, school="102", branch="RIVER"), F.SCHOOL, F.BRANCH),
    "another name": told(known(6, given_name="José", family_name="Løvås"), F.GIVEN_NAME, F.FAMILY_NAME),
    "left": told(known(7, expires=date(2026, 10, 6)), F.EXPIRES),
    "returned": told(known(8), F.EXPIRES),
    "renumbered": Order(
        Action.RENUMBER, known(9, library_number="2921600000009"), frozenset({F.NUMBER}), former="290000009"
    ),
    "opted out": Order(Action.EXPIRE, nobody("290000010", date(2026, 10, 6)), ENDING, entry=1),
}
