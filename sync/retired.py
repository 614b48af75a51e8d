"""Library numbers of patrons who were forgotten: no number is minted again for somebody else."""

from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import Connection

from access_service.domain.identifiers import fold
from access_service.domain.patron import Patron
from access_service.storage import ageing
from access_service.storage.ageing import Forgettable


def retire(key: bytes, district: str, forgotten: Iterable[Forgettable]) -> dict[bytes, bytes]:
    """The marks to keep: of each number, and of who had it."""
    return {
        _number(key, each.library_number): _holder(key, district, each.source_id, each.student_number)
        for each in forgotten
    }


def claimed(connection: Connection, key: bytes, arriving: Iterable[tuple[str, Patron]]) -> set[str]:
    """Of arriving patrons by source id, those whose number was somebody else's. Who had it may have it again."""
    if not ageing.any_retired(connection):
        return set()
    wanted = {source_id: (_number(key, patron.library_number), patron) for source_id, patron in arriving}
    holders = ageing.holders(connection, {mark for mark, _ in wanted.values()})
    return {
        source_id
        for source_id, (mark, patron) in wanted.items()
        if mark in holders and holders[mark] != _holder(key, patron.district, source_id, patron.student_number)
    }


def _number(key: bytes, library_number: str) -> bytes:
    return _mark(key, b"retired", fold(library_number))


def _holder(key: bytes, district: str, source_id: str, student_number: str) -> bytes:
    return _mark(key, b"holder", f"{district}\x1f{source_id}\x1f{fold(student_number)}")


def _mark(key: bytes, purpose: bytes, value: str) -> bytes:
    return blake2b(value.encode(), key=key, person=purpose, digest_size=16).digest()
