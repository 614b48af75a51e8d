"""What the desk is told is the matter, and in which words."""

from datetime import date
from typing import Any

import pytest

from access_service.domain.access import Standing
from access_service.domain.patron import Presence
from access_service.domain.pins import PinOwner
from access_service.explain import Explainer, Explanation
from access_service.settings import District
from access_service.storage import patrons
from access_service.storage.engine import Databases
from access_service.verdict import WORKS, Matter, Verdict, verdict
from access_service.web.admin.desk.words import said, shown_name
from tests.access_service import seed

LONG_AGO = date(2026, 6, 30)


def over(district: District) -> District:
    """The same, its agreement at its end."""
    agreement = district.agreement.model_copy(update={"starts": date(2020, 1, 1), "ends": LONG_AGO})
    return district.model_copy(update={"agreement": agreement})


def test_each_patron_has_one_thing_that_is_the_matter(databases: Databases) -> None:
    """The first of all that keeps the card from working, or that nothing does."""
    facts: dict[Matter, dict[str, Any]] = {
        Matter.NOTHING: {},
        Matter.EXPIRED: {"expires": LONG_AGO},
        Matter.BLOCKED_BY_ILS: {"blocked": True},
        Matter.LEFT: {"presence": Presence.LEFT, "left_on": LONG_AGO},
        Matter.NO_PIN: {},
    }
    for number, (matter, changed) in enumerate(facts.items(), 1):
        pin = None if matter is Matter.NO_PIN else "0412"
        seed.store(databases, seed.patron(number, f"{number:07}", **changed), pin)
    with databases.reader.connect() as connection:
        demo = seed.district()
        explainer = Explainer(connection, {"demo": demo}, seed.VAULT, seed.NOON)
        records = sorted(patrons.records(connection, range(1, 6)), key=lambda record: record.patron_id)
        assert [verdict(explainer, record).matter for record in records] == list(facts)
        theirs = Explainer(connection, {"demo": demo}, seed.VAULT, seed.NOON, PinOwner.ILS)
        assert verdict(theirs, records[0]).matter is Matter.PIN_OF_ILS
        ended = verdict(Explainer(connection, {"demo": over(demo)}, seed.VAULT, seed.NOON), records[0])
        assert ended.matter is Matter.AGREEMENT_OVER and ended.until < seed.TODAY


@pytest.mark.parametrize("matter", Matter)
def test_every_matter_has_its_words(matter: Matter) -> None:
    """Sentences, for people who have a queue before them; only what works is said to."""
    told = Verdict(matter, Explanation(Standing.ACTIVE, (), "ask"), seed.TODAY, 61, ("vendor",))
    answer = said(told, seed.patron())
    assert (answer.word == "Works") == (answer.kind == "good") == (matter in WORKS)
    assert answer.why.endswith(".") and answer.step and "{" not in answer.why + answer.step


def test_a_name_is_as_long_as_it_may_be() -> None:
    """A given name and one letter, for those who may not read it whole."""
    for given, family, short in (
        ("Ana Maria", "de la Cruz", "Ana d."),
        ("", "Morales", "M."),
        ("Ana", "", "Ana"),
        ("", " ", "(no name)"),
    ):
        assert shown_name(seed.patron(given_name=given, family_name=family), whole=False) == short
    assert shown_name(seed.patron(), whole=True) == "Ada Lovelace"
