"""What it takes to connect a vendor: a test card."""

import re
from pathlib import Path

import pytest

from access_service.cli_vendor import random_pin
from access_service.domain.pins import PinKind, PinRule
from tests.commands import Commands
from tests.place import Place

ADD = ("client", "add", "vendor", "--dialect", "rest", "--network", "127.0.0.1")


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    """An installation before its first night."""
    return Place.on_sqlite(tmp_path, commands, empty)


def test_a_test_card_works_for_its_client(place: Place) -> None:
    """Number and PIN are shown once and let the client in; the card is listed and on record, its PIN is not."""
    place.day(*ADD, "--district", "demo")
    shown = place.day("client", "test-card", "vendor").out
    number, pin = re.findall(r"^(?:number|PIN, shown only now): (\d+)$", shown, re.MULTILINE)
    assert (number, len(pin)) == ("299999999", 4)
    assert '"authenticated": true' in place.day("lookup", number, "--client", "vendor", "--with-pin", typed=pin).out
    listed = place.day("exception", "list").out
    assert listed.startswith("demo: exception 1: test card patron 1 299999999, until 2")
    assert listed.endswith(": for vendor to try\n")
    assert "exception_add" in place.day("audit", "list").out
    told = re.sub(r"\d{4}-\d\d-\d\d\S*", "", listed + place.day("audit", "list").out)
    assert not re.search(rf"\b{pin}\b", told)


def test_a_test_card_is_in_a_district_that_the_client_serves(place: Place) -> None:
    """Of several one must be chosen, and no other."""
    demo = place.config / "districts" / "demo.toml"
    text = demo.read_text(encoding="utf-8").replace('code = "demo"', 'code = "river"').replace("29", "31")
    (place.config / "districts" / "river.toml").write_text(text, encoding="utf-8")
    place.day(*ADD, "--district", "demo", "--district", "river")
    said = "--district: should be one that vendor is answered about: demo, river"
    assert place.day("client", "test-card", "vendor").refused() == said
    assert place.day("client", "test-card", "vendor", "--district", "moon").refused() == said
    assert "number: 319999999" in place.day("client", "test-card", "vendor", "--district", "river").out
    assert place.day("client", "test-card", "nobody").refused() == "no client 'nobody'; there are: vendor"


@pytest.mark.parametrize(
    ("rule", "digits"),
    [
        (PinRule(PinKind.MMDD), 4),
        (PinRule(PinKind.MMDDYYYY), 8),
        (PinRule(PinKind.LAST, digits=5), 5),
        (PinRule(PinKind.LAST, digits=1), 4),
        (PinRule(PinKind.UNCLAIMED), 6),
    ],
)
def test_a_test_pin_is_as_long_as_the_districts(rule: PinRule, digits: int) -> None:
    """Forms and apps of vendors check how long one is."""
    assert all(re.fullmatch(rf"[0-9]{{{digits}}}", random_pin(rule)) for _ in range(50))
