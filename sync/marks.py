"""Who somebody is, without saying it: a keyed mark of name and birth date, under a key that only the night holds."""

from hashlib import blake2b

from access_service.domain.student import Student

HALF = 8


def marks(key: bytes, student: Student) -> bytes:
    """16 bytes: name with birth date, by which a person is known under another source id, and source id with birth
    date, by which another birth date is seen. Empty where the roster gives no full name or no birth date."""
    if not (student.birth_date and student.given_name and student.family_name):
        return b""
    born = student.birth_date.isoformat()
    person = f"{student.given_name.casefold()}\x1f{student.family_name.casefold()}\x1f{born}"
    return _mark(key, b"person", person) + _mark(key, b"born", f"{student.source_id}\x1f{born}")


def person(found: bytes) -> bytes:
    return found[:HALF]


def other_birth_date(one: bytes, other: bytes) -> bool:
    """Whether two marks of one source id have different birth dates; unknown ones are not different."""
    return bool(one and other) and one[HALF:] != other[HALF:]


def _mark(key: bytes, purpose: bytes, text: str) -> bytes:
    return blake2b(text.encode(), key=key, person=purpose, digest_size=HALF).digest()
