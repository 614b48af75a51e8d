"""Tonight's roster, and one student in it to try the service with."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from access_service.domain.mapping import to_patron
from access_service.domain.patron import Patron
from access_service.domain.pins import issued_pin
from access_service.domain.student import Student
from access_service.errors import OperatorError
from access_service.settings import District
from sync.synthetic.district import Person, SyntheticDistrict, students
from sync.synthetic.oneroster import write_oneroster


@dataclass(frozen=True)
class Sample:
    """One made-up student as the library knows them, and a student number that is nobody's tonight."""

    student_number: str
    library_number: str
    pin: str
    nobody: str


def publish(folder: Path, district: SyntheticDistrict) -> None:
    """Put tonight's package where the library looks for it; those of other nights go."""
    for old in folder.glob("*.zip"):
        old.unlink()
    write_oneroster(folder / f"maple-{district.today}-night-{district.night}.zip", district)


def sample(roster: SyntheticDistrict, agreed: District) -> Sample:
    """A student of tonight and of the night before, with a PIN and a number that starts with a zero."""
    before = {person.source_id for person in students(replace(roster, night=max(roster.night - 1, 0)))}
    tonight = list(students(roster))
    for person in tonight:
        # In July a night with a new kindergarten may be held, and then the service does not know it.
        known = person.source_id in before and person.grade != "KG"
        if known and person.number.startswith("0") and person.birth_date:
            return _as_agreed(person, agreed, roster.today, _nobody(tonight))
    raise OperatorError("no student of the synthetic district fits; the demo needs a larger one")


def _as_agreed(person: Person, agreed: District, today: date, nobody: str) -> Sample:
    student = Student(
        person.source_id,
        person.number,
        person.school,
        person.grade,
        birth_date=date.fromisoformat(person.birth_date),
    )
    patron = to_patron(student, agreed.rules, agreed.code, agreed.rules.expiry.date_for(today))
    pin = issued_pin(agreed.rules.pin, student, today)
    if not isinstance(patron, Patron) or pin is None:
        raise OperatorError(
            f"config/districts/{agreed.code}.toml: its rules give a synthetic student no card or no PIN"
        )
    return Sample(patron.student_number, patron.library_number, pin, nobody)


def _nobody(tonight: list[Person]) -> str:
    taken = {person.number for person in tonight}
    return next(number for n in range(5_000_000, 10_000_000) if (number := str(n)) not in taken)
