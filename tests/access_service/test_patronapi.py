from datetime import date, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from access_service.domain.access import Answer, PinResult, Standing
from access_service.domain.client import DialectName, Release
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import PatronRecord, Presence
from access_service.protocols.patronapi import codec
from access_service.storage.engine import Databases
from tests.access_service import seed

GOLDEN = Path(__file__).parent / "golden"
RIGHT, WRONG, NOBODY = ((GOLDEN / f"pintest_{name}.html").read_text() for name in ("right", "wrong", "unknown"))


@pytest.fixture
def web(databases: Databases) -> FlaskClient:
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client(), key=None)
    return seed.web(databases)


def page(web: FlaskClient, path: str) -> str:
    response = web.get(f"/PATRONAPI/{path}")
    assert (response.status_code, response.content_type) == (200, "text/html; charset=utf-8")
    return response.get_data(as_text=True)


def test_golden_transcripts(web: FlaskClient) -> None:
    """Every byte is as III sends it: labels, codes, order, line ends."""
    asked = {
        "dump_active": "0012345/dump",
        "dump_unknown": "7654321/dump",
        "pintest_right": "0012345/0412/pintest",
        "pintest_wrong": "0012345/0413/pintest",
        "pintest_unknown": "7654321/0412/pintest",
    }
    for golden, path in asked.items():
        assert page(web, path).encode() == (GOLDEN / f"{golden}.html").read_bytes()


@pytest.mark.parametrize(
    ("golden", "record", "releases"),
    [
        ("dump_left.html", seed.patron(presence=Presence.LEFT, left_on=date(2026, 11, 1)), seed.EVERYTHING),
        ("dump_no_date.html", seed.patron(expires=date(2069, 1, 1)), seed.EVERYTHING),
        ("dump_nothing_released.html", seed.patron(), frozenset()),
        (
            "dump_hostile.html",
            seed.patron(
                family_name="O\r\nMBLOCK[p56]=<b>-</b>\u2028",
                given_name="Zoë\x00 \x1b",
                branch="M\n",
                patron_type="<BR>",
            ),
            frozenset({Release.NAME, Release.BRANCH, Release.PATRON_TYPE}),
        ),
    ],
)
def test_golden_dumps(golden: str, record: PatronRecord, releases: frozenset[Release]) -> None:
    """One who left has a past date, 2069 has none, unreleased facts have no line, and no value makes a line."""
    answer = Answer(Standing.ACTIVE, PinResult.UNCHECKED, record)
    assert codec.dump(answer, releases).encode() == (GOLDEN / golden).read_bytes()


@pytest.mark.parametrize(
    ("expires", "shown"),
    [
        (date(2068, 12, 31), "12-31-68"),
        (date(2069, 1, 1), "  -  -  "),
        (date.max, "  -  -  "),
        (date(1970, 1, 1), "01-01-70"),
        (date(1969, 12, 31), "01-01-70"),
        (date(1900, 2, 28), "01-01-70"),
    ],
)
def test_no_date_reads_as_another_century(expires: date, shown: str) -> None:
    """Two digits of a year are read as 1969-2068, so nothing outside is written."""
    page_ = codec.dump(Answer(Standing.ACTIVE, PinResult.UNCHECKED, seed.patron(expires=expires)), ())
    assert f"EXP DATE[p43]={shown}<BR>\n" in page_


def test_a_pin_may_hold_a_slash_and_a_number_spaces(databases: Databases) -> None:
    """What clients escape, and what they forget to, arrives as it was typed."""
    seed.store(databases, seed.patron(), pin="a/b c+")
    seed.admit(databases, seed.client(), key=None)
    web = seed.web(databases)
    pins, numbers = ("a%2Fb%20c+", "a/b c+", "%20a%2Fb%20c%2B%20"), ("0012345", "12345", "29 0012 345", "29+0012+345")
    assert {page(web, f"{number}/{pin}/pintest") for number in numbers for pin in pins} == {RIGHT}


def test_a_posted_pin(databases: Databases) -> None:
    """Palace posts the number as it is and the PIN quoted once, and VLC's servers read it as a form."""
    seed.store(databases, seed.patron(), pin="a/b&c")
    seed.admit(databases, seed.client(), key=None)
    web = seed.web(databases)

    def post(body: str) -> str:
        response = web.post("/PATRONAPI/pintest", data=body, content_type="application/x-www-form-urlencoded")
        assert response.status_code == 200
        return response.get_data(as_text=True)

    assert post("number=0012345&pin=a%2Fb%26c") == RIGHT
    assert post("number=29 0012345&pin=a%2Fb%26c") == RIGHT
    assert post("number=0012345&pin=a") == WRONG
    assert post("number=0012345") == WRONG
    assert post("pin=a%2Fb%26c") == NOBODY
    assert post("") == NOBODY


def test_no_pin_and_no_possible_pin_are_wrong(web: FlaskClient) -> None:
    """A missing, blank or endless PIN is answered like a wrong one."""
    assert {page(web, f"0012345/{pin}/pintest") for pin in ("", "%20", "9" * 65)} == {WRONG}


def test_a_pin_that_was_never_issued_is_wrong(databases: Databases) -> None:
    """A student without a PIN is found, and no PIN opens."""
    seed.store(databases, seed.patron(), pin=None)
    seed.admit(databases, seed.client(), key=None)
    web = seed.web(databases)
    assert [page(web, f"12345/{pin}/pintest") for pin in ("0412", "", "None")] == [WRONG] * 3


def test_a_locked_patron_looks_like_a_wrong_pin(web: FlaskClient) -> None:
    """After five wrong PINs the right one is refused in the same bytes; the dump stays as it was."""
    for pin in range(5):
        assert page(web, f"12345/{pin}/pintest") == WRONG
    assert page(web, "12345/0412/pintest") == WRONG
    assert "EXP DATE[p43]=09-15-27" in page(web, "12345/dump")


def test_a_right_pin_of_an_ended_card(databases: Databases) -> None:
    """RETCOD=0 says that the PIN is right; that the card has ended is the date's to say, from the first day on."""
    seed.store(databases, seed.patron(1, "0000001", expires=seed.TODAY - timedelta(days=1)))
    seed.store(databases, seed.patron(2, "0000002", presence=Presence.LEFT, left_on=seed.TODAY))
    seed.admit(databases, seed.client(), key=None)
    web = seed.web(databases)
    for number in ("0000001", "0000002"):
        assert page(web, f"{number}/0412/pintest") == RIGHT
        assert "EXP DATE[p43]=11-02-26<BR>" in page(web, f"{number}/dump")


def test_a_contested_number_is_nobody(databases: Databases) -> None:
    """A number that two people would own is not found, and no PIN opens it."""
    record = seed.store(databases, seed.patron())
    seed.name_as(databases, IdentifierKind.CONTESTED, "0012345", record)
    seed.admit(databases, seed.client(), key=None)
    web = seed.web(databases)
    assert page(web, "0012345/0412/pintest") == NOBODY
    assert page(web, "0012345/dump") == NOBODY


def family_name_match(dumped: str, typed: str) -> bool:
    """As Palace compares what was typed in place of a PIN: what stands before the comma, or else the last word."""
    fields = [line.removesuffix("<BR>").split("=", 1) for line in dumped.split("\n") if line.endswith("<BR>")]
    name = next((value for label, value in fields if label == "PATRN NAME[pn]"), None)
    if name is None:
        return False
    family = name.split(",")[0] if "," in name else name.split(" ")[-1]
    return family.upper() == typed.upper()


@pytest.mark.parametrize(
    ("family", "given", "typed"),
    [
        ("Lovelace", "Ada", "lovelace"),
        ("De la Cruz", "Ana", "DE LA CRUZ"),
        ("De la Cruz", "", "De la Cruz"),
        ("King, Jr", "Ada", "King Jr"),
        ("Nuñez", "Zoë", "nuñez"),
        ("", "Ada", None),
        ("", "", None),
        ("<>", "Ada", None),
    ],
)
def test_a_family_name_in_place_of_a_pin(family: str, given: str, typed: str | None) -> None:
    """Programs that compare the family name with the dump find it whole; a patron without one is let in by nothing."""
    answer = Answer(Standing.ACTIVE, PinResult.UNCHECKED, seed.patron(family_name=family, given_name=given))
    dumped = codec.dump(answer, {Release.NAME})
    opens = [text for text in (typed or "", "", " ", given, "Lovelaces") if family_name_match(dumped, text)]
    assert opens == ([typed] if typed else [])
    assert not family_name_match(codec.dump(answer, ()), family)


def test_errors_are_no_page_of_iii(databases: Databases) -> None:
    """What a client cannot have asked is a plain error: no code and no word that it reads."""
    seed.admit(databases, seed.client(), key=None)
    web = seed.web(databases)
    for method, path, status in (("PUT", "1/dump", 405), ("GET", "1/2/3", 404), ("POST", "1/dump", 405)):
        refused = web.open(f"/PATRONAPI/{path}", method=method)
        assert (refused.status_code, refused.content_type) == (status, "text/plain; charset=utf-8")
    too_much = web.post("/PATRONAPI/pintest", data={"number": "1" * 20_000})
    assert (too_much.status_code, too_much.text) == (413, "Request Entity Too Large\n")


def test_only_the_network_of_a_client_is_answered(databases: Databases) -> None:
    """Another address, or a client of another dialect, is refused with HTTP 403 and no word that could let in."""
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client("vendor", networks=(ip_network("192.0.2.0/24"),)), key=None)
    seed.admit(databases, seed.client("ils", dialects=frozenset({DialectName.REST})))
    web = seed.web(databases)
    for path in ("0012345/0412/pintest", "0012345/dump"):
        response = web.get(f"/PATRONAPI/{path}")
        assert (response.status_code, response.get_data(as_text=True)) == (403, "Forbidden\n")
    allowed = web.get("/PATRONAPI/0012345/0412/pintest", environ_base={"REMOTE_ADDR": "::ffff:192.0.2.9"})
    assert (allowed.status_code, allowed.get_data(as_text=True)) == (200, RIGHT)
