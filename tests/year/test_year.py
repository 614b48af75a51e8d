"""300 nights of a district with 5,000 students, each compared with what the library promised."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from access_service import audit
from access_service.domain.access import IN_GOOD_STANDING
from access_service.pin_vault import PinVault
from access_service.storage import engine, schema
from access_service.storage.engine import snapshot
from tests.year import story
from tests.year.nights import Year, YearNight
from tests.year.picture import picture
from tests.year.promises import is_term

DRAWN = Path("docs/year.svg")
FINDINGS = {
    story.HALF_A_FILE: {"removals", "file_shrunk"},
    story.SCHOOL_CLOSES: {"schools_gone"},
    story.NEIGHBOURS_FILE: {"creates", "removals", "collisions"},
}
OUTCOMES = {
    story.HALF_A_FILE: ["held"],
    story.NO_FILE: ["failed"],
    story.SCHOOL_CLOSES: ["held", "applied"],
    story.NEIGHBOURS_FILE: ["held"],
}


@pytest.fixture
def year(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Year]:
    """On SQLite, or on PostgreSQL with YEAR_ON=postgresql."""
    url = f"sqlite:///{tmp_path / 'access.db'}"
    if os.environ.get("YEAR_ON") == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    databases = engine.connect(url)
    schema.upgrade(databases)
    yield Year(databases, tmp_path)
    databases.dispose()


def test_a_school_year(year: Year) -> None:
    """Every card after every night is the one that was promised, each report says what happened, and docs/year.svg
    shows this year."""
    points = []
    for night in year.nights():
        _says_what_happened(night)
        _keeps_the_promises(night)
        points.append(night.point)
    assert len(points) == story.NIGHTS
    assert _broken_audit(night) == []
    assert picture(points) == DRAWN.read_text(encoding="utf-8"), "run `make year`"


def _says_what_happened(night: YearNight) -> None:
    usual = ["applied" if night.counts else "same_students"]
    said = [told.outcome for told in night.told]
    assert said == OUTCOMES.get(night.today, usual), night.today
    assert set(night.told[0].findings) == FINDINGS.get(night.today, set()), night.today
    if night.counts is not None:
        told = night.told[-1]
        others = ("update", "renew", "seen_again", "absent")
        counts = Counter({name: told.counts[name] for name in ("create", "return", "leave", "graduate")})
        counts["other"] = sum(told.counts[name] for name in others)
        assert counts == night.counts, night.today
        assert (told.season == "term") == is_term(night.today), night.today


def _keeps_the_promises(night: YearNight) -> None:
    """All that is stored, and at the door the first five who are others than the night before."""
    everybody = night.found.keys() | night.promised.keys()
    wrong = [(night.found.get(each), night.promised.get(each)) for each in everybody]
    assert [pair for pair in wrong if pair[0] != pair[1]][:3] == [], night.today
    for source_id in night.changed[:5]:
        card = night.promised[source_id]
        answer = night.nights.find(card.student_number)
        assert (answer.standing in IN_GOOD_STANDING) == card.works(night.today), (night.today, card)


def _broken_audit(night: YearNight) -> list[str]:
    with snapshot(night.nights.databases) as connection:
        heads = night.nights.settings().service.audit_heads
        return list(audit.verify(connection, PinVault.from_environment(), heads))
