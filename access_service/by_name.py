"""Somebody who has no number at hand is sought by name and school."""

from collections.abc import Sequence

from rapidfuzz.distance import JaroWinkler
from sqlalchemy import Connection

from access_service.domain.names import words
from access_service.domain.patron import Presence
from access_service.storage import names
from access_service.storage.names import Named

MOST = 20
LONGEST = 100
# How much a word is alike that is misspelled.
NEAR = 0.85

Spelled = tuple[Named, list[str]]


def by_name(connection: Connection, typed: str, district: str, school: str) -> list[int]:
    """The patron ids of those at a school in whose name a word begins with each typed one, the best first; where there
    are none, of those whose words are nearly the same. One more than MOST where there are more."""
    parts = words(typed[:LONGEST])
    if not parts:
        return []
    there = names.of_school(connection, district, school)
    everybody = [(each, words(f"{each.family_name} {each.given_name}")) for each in there]
    found = [one for one in everybody if all(any(word.startswith(part) for word in one[1]) for part in parts)]
    found = found or [one for one in everybody if all(_near(part, one[1]) for part in parts)]
    return [each.patron_id for each, _ in sorted(found, key=lambda one: _rank(one, parts))[: MOST + 1]]


def _near(part: str, theirs: Sequence[str]) -> bool:
    return any(JaroWinkler.similarity(part, word) >= NEAR for word in theirs)


def _rank(one: Spelled, parts: Sequence[str]) -> tuple[bool, int, list[str]]:
    """Who left comes last; before them whose words are the very ones."""
    each, theirs = one
    return each.presence == Presence.LEFT, -sum(part in theirs for part in parts), theirs
