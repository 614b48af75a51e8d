"""Numbers of nobody here, and PINs that the ILS keeps: what is asked there, what is not, and what clients read."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import date
from time import monotonic

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from structlog.testing import capture_logs

from access_service import settings as config
from access_service.directory import settled
from access_service.domain.access import Answer, PinResult, Standing
from access_service.domain.client import DialectName, Options, Release
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.pins import PinOwner
from access_service.domain.sip2 import Sip2Options
from access_service.domain.student import Role
from access_service.errors import UnavailableError
from access_service.protocols.sip2 import answers
from access_service.protocols.sip2.codec import Message
from access_service.settings import Settings
from access_service.storage.engine import Databases
from access_service.storage.tables import attempts, ils_accounts, ils_loads, traffic
from tests.access_service import seed
from tests.access_service.model_ils import HOLDER, Holder, PatronApiIls, Sip2Ils, framed, information
from tests.access_service.sip2.serving import serving
from tests.access_service.sip2.talk import LOGIN, ask_63, fields, sealed

NUMBER, PIN = HOLDER.number, HOLDER.pin
NOBODY = "21000000000099"
LAPSED = Holder("21000000000025", "1111", expires="20261102")
BARRED = Holder("21000000000033", "2222", flags="Y" + " " * 13, blocked="c")
AUTHORIZED = {"Authorization": f"Bearer {seed.KEY}"}
VENDOR = seed.client(options=Options(relay=True))


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", Sip2Ils.LOGIN[1])


# What is asked there does not depend on the database.
EITHER = pytest.mark.parametrize(
    ("database_url", "ils"),
    [("sqlite", Sip2Ils), ("sqlite", PatronApiIls), ("postgresql", Sip2Ils)],
    indirect=True,
)


@pytest.fixture
def ils(request: pytest.FixtureRequest) -> Iterator[Sip2Ils | PatronApiIls]:
    with request.param(HOLDER, LAPSED, BARRED) as model:
        yield model


def relayed(
    ils: Sip2Ils | PatronApiIls, owner: PinOwner = PinOwner.SERVICE, seconds: float = 0.3, **districts: str
) -> Settings:
    """Districts by code and template, and the model as their ILS."""
    table = {"host": "127.0.0.1", "port": ils.port, "tls": False, "timeout_seconds": seconds}
    table |= {"protocol": "sip2", "login": Sip2Ils.LOGIN[0]} if isinstance(ils, Sip2Ils) else {"protocol": "patronapi"}
    known = [seed.district(code, template) for code, template in (districts or {"demo": "29{student_number}"}).items()]
    made = seed.settings(*known)
    service = made.service.model_copy(
        update={"relay": config.Relay.model_validate(table), "pins": config.Pins(owner=owner)}
    )
    return made.model_copy(update={"service": service})


def told(answer: Answer) -> tuple[Standing, PinResult, str | None]:
    return answer.standing, answer.pin, answer.record.patron.library_number if answer.record else None


@EITHER
def test_a_number_of_nobody_is_the_ils_to_answer(databases: Databases, ils: Sip2Ils | PatronApiIls) -> None:
    """Standing and PIN apart, as for students; nothing of it is stored or counted."""
    directory = seed.directory(databases, relayed(ils))
    for number, pin, standing, result in (
        (NUMBER, PIN, Standing.ACTIVE, PinResult.OK),
        (NUMBER, "9", Standing.ACTIVE, PinResult.WRONG),
        (NUMBER, " ", Standing.ACTIVE, PinResult.MISSING),
        (LAPSED.number, LAPSED.pin, Standing.EXPIRED, PinResult.OK),
        (BARRED.number, BARRED.pin, Standing.BLOCKED, PinResult.OK),
        (NOBODY, PIN, Standing.UNKNOWN, PinResult.UNCHECKED),
    ):
        answer = directory.authenticate(number, pin, VENDOR)
        assert told(answer) == (standing, result, None if standing is Standing.UNKNOWN else number)
        assert answer.authenticated == (number == NUMBER and pin == PIN)
    assert told(directory.find(NUMBER, VENDOR)) == (Standing.ACTIVE, PinResult.UNCHECKED, NUMBER)
    assert not directory._usage._waiting.sign_ins


@EITHER
def test_only_for_clients_that_are_given_it(databases: Databases, ils: Sip2Ils | PatronApiIls) -> None:
    """To the others the number is unknown, and the ILS hears nothing."""
    directory = seed.directory(databases, relayed(ils))
    assert directory.authenticate(NUMBER, PIN, seed.client()).standing is Standing.UNKNOWN
    assert directory.find(NUMBER, seed.client()).standing is Standing.UNKNOWN
    assert not ils.heard


@EITHER
def test_what_a_student_reads_as_is_never_asked_there(databases: Databases, ils: Sip2Ils | PatronApiIls) -> None:
    """Found, ambiguous, or of a district that the client does not serve: the ILS, which has them all, is not asked."""
    seed.store(databases, seed.patron(1))
    seed.store(databases, seed.patron(2, "7777777", district="other", library_number="317777777"))
    seed.store(databases, seed.patron(3, "8888888"))
    seed.name_as(databases, IdentifierKind.CONTESTED, "0000555", seed.patron(3))
    directory = seed.directory(databases, relayed(ils, demo="29{student_number}", other="31{student_number}"))
    assert directory.authenticate("12345", "0412", VENDOR).authenticated
    for number, standing in (
        ("290012345", Standing.ACTIVE),
        ("0000555", Standing.AMBIGUOUS),
        ("317777777", Standing.UNKNOWN),
        ("7777777", Standing.UNKNOWN),
        ("31 7777777", Standing.UNKNOWN),
    ):
        assert directory.authenticate(number, "9", VENDOR).standing is standing
        assert directory.find(number, VENDOR).standing is standing
    assert not ils.heard


@EITHER
def test_guesses_are_throttled_here_too(databases: Databases, ils: Sip2Ils | PatronApiIls) -> None:
    """Five are free; then the right PIN is refused for a while, in our words. The same wrong one counts once."""
    clock = seed.Clock()
    directory = seed.directory(databases, relayed(ils), clock)
    assert {directory.authenticate(NUMBER, "1", VENDOR).pin for _ in range(7)} == {PinResult.WRONG}
    assert directory.authenticate(NUMBER, PIN, VENDOR).authenticated
    for guess in range(5):
        assert directory.authenticate(NUMBER, f"1{guess}", VENDOR).pin is PinResult.WRONG
    locked = directory.authenticate(NUMBER, PIN, VENDOR)
    assert (locked.pin, locked.standing, locked.relayed) == (PinResult.LOCKED, Standing.ACTIVE, None)
    assert directory.authenticate(NUMBER, PIN, replace(VENDOR, name="another")).authenticated
    clock.now = clock.now.replace(hour=18)
    assert directory.authenticate(NUMBER, PIN, VENDOR).authenticated


@EITHER
def test_wrong_pins_count_whatever_the_ils_says_of_them(databases: Databases, ils: Sip2Ils | PatronApiIls) -> None:
    """An ILS can say of a wrong PIN that it knows nobody, or something odd: neither gives any number of guesses."""
    directory = seed.directory(databases, relayed(ils))
    spoil = ils.spoil

    def nobody(answer: bytes) -> bytes:
        if isinstance(ils, PatronApiIls):
            return answer.replace(b"RETCOD=1", b"NOTHING=1").replace(b"ERRNUM=4", b"NOTHING=4")
        return (
            framed(information(NOBODY, "").replace(NOBODY, NUMBER), answer[-7:-6].decode())
            if b"CQN" in answer
            else answer
        )

    ils.spoil = nobody
    for guess in range(5):
        with suppress(UnavailableError):
            assert not directory.authenticate(NUMBER, f"1{guess}", VENDOR).authenticated
    assert directory.authenticate(NUMBER, PIN, VENDOR).pin is PinResult.LOCKED
    ils.spoil = spoil
    assert directory.authenticate(NUMBER, PIN, replace(VENDOR, name="another")).authenticated


@EITHER
def test_numbers_of_nobody_at_all_are_counted_as_such(databases: Databases, ils: Sip2Ils | PatronApiIls) -> None:
    """What the ILS does not know either is a client's try of an unknown number; a cardholder's is not."""
    directory = seed.directory(databases, relayed(ils))
    for number, pin in ((NOBODY, "1"), (NOBODY, None), (NUMBER, PIN), (NUMBER, None), (NUMBER, "1")):
        settled(directory.begin(number, pin, VENDOR))
    directory._usage.flush()
    with databases.reader.connect() as connection:
        assert tuple(connection.execute(select(traffic.c.asked, traffic.c.unknown)).one()) == (5, 2)


@EITHER
def test_an_ils_that_is_away_is_nobodys_failure(databases: Databases, ils: Sip2Ils | PatronApiIls) -> None:
    """Students are served, of others nobody can say, no try counts, and all is right again when it is back."""
    seed.store(databases, seed.patron())
    directory = seed.directory(databases, relayed(ils))
    spoil, ils.spoil = ils.spoil, lambda _: b""
    for pin in ("1", "2", PIN):
        with pytest.raises(UnavailableError):
            directory.authenticate(NUMBER, pin, VENDOR)
    assert directory.authenticate("12345", "0412", VENDOR).authenticated
    assert directory.authenticate("12345", "9", VENDOR).pin is PinResult.WRONG
    with databases.reader.connect() as connection:
        assert [row.patron_id for row in connection.execute(select(attempts))] == [1]
    ils.spoil = spoil
    assert directory._cardholders
    directory._cardholders._relay._pool._breaker._next_try = 0
    assert directory.authenticate(NUMBER, PIN, VENDOR).authenticated


@pytest.fixture
def web(databases: Databases, ils: Sip2Ils | PatronApiIls) -> FlaskClient:
    seed.store(databases, seed.patron())
    seed.admit(databases, VENDOR)
    return seed.web(databases, relayed(ils))


@EITHER
def test_what_clients_read(web: FlaskClient, ils: Sip2Ils | PatronApiIls) -> None:
    """The ILS's own page where the client speaks the ILS's dialect, and our words for the same in any other."""
    asked = {"number": NUMBER, "pin": PIN}
    verdict = web.post("/v1/authentications", json=asked, headers=AUTHORIZED).json or {}
    assert (verdict["authenticated"], verdict["patron"]["family_name"]) == (True, "Hopper")
    assert (verdict["patron"]["role"], verdict["patron"]["expires"]) == (Role.CARDHOLDER, "2028-01-31")
    wrong = web.post("/v1/authentications", json=asked | {"pin": "1"}, headers=AUTHORIZED).json or {}
    assert (wrong["standing"], wrong["pin"], wrong["patron"]) == ("active", "wrong", None)
    card = web.get(f"/v1/patrons/{NUMBER}", headers=AUTHORIZED)
    assert (card.status_code, (card.json or {})["patron"]["library_number"]) == (200, NUMBER)
    assert web.get(f"/v1/patrons/{NOBODY}", headers=AUTHORIZED).status_code == 404
    for pin, line in ((PIN, "RETCOD=0<BR>"), ("1", "ERRNUM=4<BR>"), ("", "ERRNUM=4<BR>")):
        page = web.get(f"/PATRONAPI/{NUMBER}/{pin}/pintest").get_data(as_text=True)
        assert line in page and page.count("RETCOD=0") == (pin == PIN)
    dump = web.get(f"/PATRONAPI/{NUMBER}/dump").get_data(as_text=True)
    if isinstance(ils, PatronApiIls):
        assert dump == ils.page(NUMBER, "dump")
    else:
        assert f"P BARCODE[pb]={NUMBER}<BR>" in dump and "EXP DATE[p43]=01-31-28<BR>" in dump
    assert "ERRNUM=1<BR>" in web.get(f"/PATRONAPI/{NOBODY}/dump").get_data(as_text=True)


@EITHER
def test_when_the_ils_is_away_each_dialect_says_so(
    web: FlaskClient, ils: Sip2Ils | PatronApiIls, capfd: pytest.CaptureFixture[str]
) -> None:
    """503, and a count; no line of the log has a number, a PIN or a name."""
    ils.hold.clear()
    assert web.post("/v1/authentications", json={"number": NUMBER, "pin": PIN}, headers=AUTHORIZED).status_code == 503
    for path in (f"{NUMBER}/dump", f"{NUMBER}/{PIN}/pintest"):
        assert web.get(f"/PATRONAPI/{path}").status_code == 503
    student = web.post("/v1/authentications", json={"number": "12345", "pin": "0412"}, headers=AUTHORIZED).json or {}
    assert student["authenticated"]
    counts = web.get("/metrics").get_data(as_text=True)
    assert 'access_relay_questions_total{outcome="unavailable"} 3.0' in counts
    assert "away" in (said := "".join(capfd.readouterr()))
    assert not [fact for fact in (NUMBER, PIN, "Hopper", Sip2Ils.LOGIN[1]) if fact in said]


def test_an_ils_that_is_away_is_told_once(databases: Databases) -> None:
    """By the relay: neither dialect adds a line to each question."""
    seed.admit(databases, VENDOR)
    with Sip2Ils() as gone:
        configured = relayed(gone)
    with capture_logs() as lines:
        web = seed.web(databases, configured)
        for _ in range(5):
            asked = web.post("/v1/authentications", json={"number": NUMBER, "pin": PIN}, headers=AUTHORIZED)
            assert asked.status_code == 503
        with serving(databases, configured=configured) as served, served.connect() as line:
            assert line.ask(LOGIN) == "941" and line.ask(ask_63(NUMBER, PIN)).startswith("96")
    events = Counter(each["event"] for each in lines)
    assert events["the ILS is away"] == 1 and events["no answer of the ILS"] == 4 and not events["failed"]


def test_others_are_told_what_they_were_released(databases: Databases) -> None:
    """Where it is we who put the ILS's answer into words."""
    poor = replace(VENDOR, releases=frozenset({Release.EXPIRES}), dialects=frozenset({DialectName.REST}))
    seed.admit(databases, poor)
    with Sip2Ils() as ils:
        web = seed.web(databases, relayed(ils))
        verdict = web.post("/v1/authentications", json={"number": NUMBER, "pin": PIN}, headers=AUTHORIZED).json or {}
    assert verdict["authenticated"] and verdict["patron"] == {"expires": "2028-01-31"}


# -- students, where the ILS keeps the PINs ----------------------------------------------------------------------


@pytest.fixture
def school(databases: Databases) -> Iterator[Sip2Ils]:
    """An ILS with two students, of whom one has a card of ours."""
    seed.store(databases, seed.patron(1), pin=None)
    seed.store(databases, seed.patron(2, "0000002"), pin=None)
    seed.store(databases, seed.patron(3, "0000003", role=Role.TEST_CARD), pin="4711")
    with Sip2Ils(Holder("290012345", "5150"), Holder("290000002", "6160"), Holder("290000077", "7170")) as model:
        yield model


def test_a_pin_that_the_ils_keeps_is_verified_there(databases: Databases, school: Sip2Ils) -> None:
    """Whoever asks; the standing is ours, and so are usage and throttle. A test card is ours altogether."""
    directory = seed.directory(databases, relayed(school, PinOwner.ILS))
    plain = seed.client()
    assert directory.authenticate("12345", "5150", plain).authenticated
    assert directory.authenticate("12345", "0412", plain).pin is PinResult.WRONG
    assert directory.authenticate("12345", "", plain).pin is PinResult.MISSING
    assert directory.find("12345", plain).standing is Standing.ACTIVE
    assert sum(directory._usage._waiting.sign_ins.values()) == 1
    heard = len(school.heard)
    assert directory.authenticate("0000003", "4711", plain).authenticated
    assert len(school.heard) == heard
    for guess in range(5):
        directory.authenticate("12345", f"{guess}", plain)
    assert directory.authenticate("12345", "5150", plain).pin is PinResult.LOCKED


def test_a_student_is_asked_for_by_the_number_that_the_ils_has(databases: Databases, school: Sip2Ils) -> None:
    """The one that loads told it; whom they told of nobody, their number there is another's."""
    account = {"district": "demo", "state": "held", "made": True, "told": "{}", "theirs": "[]", "load": 1}
    load = {"district": "demo", "number": 1, "state": "delivered", "made_at": seed.NOON, "whole": True, "counts": "{}"}
    with databases.writer.begin() as connection:
        connection.execute(insert(ils_loads).values(answered=0, tries=0, **load))
        connection.execute(insert(ils_accounts).values(patron_id=1, number="290000077", **account))
    directory = seed.directory(databases, relayed(school, PinOwner.ILS))
    assert directory.authenticate("12345", "7170", VENDOR).authenticated
    assert directory.authenticate("0000002", "6160", VENDOR).pin is PinResult.NONE_ISSUED


def test_nobody_else_says_that_a_pin_is_right(databases: Databases, school: Sip2Ils) -> None:
    """Not the service when the ILS is away, nor what it once stored; and the standing is never the ILS's."""
    seed.store(databases, seed.patron(4, "0000004", expires=date(2026, 1, 1)), pin="0412")
    school.holders["290000004"] = Holder("290000004", "8180")
    directory = seed.directory(databases, relayed(school, PinOwner.ILS))
    late = directory.authenticate("0000004", "8180", VENDOR)
    assert (late.standing, late.pin, late.authenticated) == (Standing.EXPIRED, PinResult.OK, False)
    assert directory.authenticate("0000004", "0412", VENDOR).pin is PinResult.WRONG
    school.spoil = lambda _: b""
    with pytest.raises(UnavailableError):
        directory.authenticate("12345", "5150", VENDOR)


# -- in SIP2 ---------------------------------------------------------------------------------------------------------


def test_a_client_of_sip2_hears_the_ils(databases: Databases) -> None:
    """Field by field as the ILS says it, but for what the client is never told; to a 23 what a 24 has. A question
    about the card alone, and a locked card, have no right PIN."""
    hiding = replace(VENDOR, options=Options(relay=True, sip2=Sip2Options(hidden_fields=("BD", "BE"))))
    with Sip2Ils() as ils:
        directory = seed.directory(databases, relayed(ils))
        right = directory.authenticate(NUMBER, PIN, hiding)
        bare = directory.find(NUMBER, hiding)
    whole = information(NUMBER, PIN)
    asked = Message("63", "001", {"AA": NUMBER})
    assert answers.patron(asked, right, VENDOR, "town", seed.NOON).decode() == whole
    told = whole.replace("BDHarbor Street 1|BEgrace@example.org|", "")
    assert answers.patron(asked, right, hiding, "town", seed.NOON).decode() == told
    assert b"|BLY|CQN|" in answers.patron(asked, bare, hiding, "town", seed.NOON)
    brief = answers.patron(replace(asked, code="23"), right, VENDOR, "town", seed.NOON).decode()
    assert brief == f"24{whole[2:37]}AOtown|AA{NUMBER}|AEHopper, Grace|BLY|CQY|BHUSD|BV1.50|AFGreetings.|"
    locked = replace(right, pin=PinResult.LOCKED, relayed=None)
    assert b"|BLY|CQN|" in answers.patron(asked, locked, VENDOR, "town", seed.NOON)


def test_a_vendor_of_sip2_has_one_sign_in_box(databases: Databases) -> None:
    """Students and cardholders over one connection, each message with its own check; while the ILS is silent, students
    are served as ever, and of the others nobody can say."""
    seed.store(databases, seed.patron())
    seed.admit(databases, VENDOR)
    with Sip2Ils() as ils, serving(databases, configured=relayed(ils, seconds=3)) as served, ExitStack() as open_lines:
        lines = [open_lines.enter_context(served.connect()) for _ in range(12)]
        assert {line.ask(LOGIN) for line in lines} == {"941"}
        vendor, *others = lines
        assert vendor.ask(sealed(ask_63(NUMBER, PIN), 3)) == sealed(information(NUMBER, PIN), 3)
        assert fields(vendor.ask(ask_63()))["CQ"] == "Y"
        assert fields(vendor.ask(ask_63(NUMBER, "1")))["CQ"] == "N"
        ils.hold.clear()
        for line in others:
            line.send(ask_63(NUMBER, PIN))
        began = monotonic()
        assert [fields(vendor.ask(ask_63(pin=pin)))["CQ"] for pin in ("0412", "1", "2", "0412")] == ["Y", "N", "N", "Y"]
        assert monotonic() - began < 2
        assert {line.read() for line in others} == {"96AZFEF6"}
