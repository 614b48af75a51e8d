"""Who somebody is, without saying it: a keyed mark of name and birth date, under a key that only the night holds."""

from datetime import date
from hashlib import blake2b

from access_service.domain.identifiers import fold
from access_service.domain.student import Student

PART = 8


def marks(key: bytes, student: Student) -> bytes:
    """Parts of 8 bytes: name with birth date, by which a person is known under another source id; source id with birth
    date, by which another birth date is seen; and the state's id, where the roster gives one, by which a person is
    known in another district. Empty where it gives no full name or no birth date."""
    if not (student.birth_date and student.given_name and student.family_name):
        return b""
    born = student.birth_date.isoformat()
    person = f"{student.given_name.casefold()}\x1f{student.family_name.casefold()}\x1f{born}"
    state_id = fold(student.state_id)
    state = _mark(key, b"state", state_id) if state_id else b""
    return _mark(key, b"person", person) + _mark(key, b"born", f"{student.source_id}\x1f{born}") + state


def person(found: bytes) -> bytes:
    return found[:PART]


def other_birth_date(one: bytes, other: bytes) -> bool:
    """Whether two marks of one source id have different birth dates; unknown ones are not different."""
    return bool(one and other) and one[PART : 2 * PART] != other[PART : 2 * PART]


def born_on(key: bytes, source_id: str, day: date | None, found: bytes) -> bool | None:
    """Whether the marks of this source id have this birth date; None where one of the two is not known."""
    if day is None or not found:
        return None
    return found[PART : 2 * PART] == _mark(key, b"born", f"{source_id}\x1f{day.isoformat()}")


def kept(found: bytes, stored: bytes) -> bytes:
    """The marks of one whom a roster names that leaves out what is the same."""
    return found + stored[len(found) :] if found else stored


def _mark(key: bytes, purpose: bytes, text: str) -> bytes:
    return blake2b(text.encode(), key=key, person=purpose, digest_size=PART).digest()
