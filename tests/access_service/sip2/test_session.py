"""The checklist of SIP2, each line a test, on a session without sockets."""

import re
from datetime import date, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access_service.clients import key_sha256
from access_service.domain.access import Answer, PinResult, Standing
from access_service.domain.client import DialectName, Release
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import Presence
from access_service.domain.relayed import RelayedMessage
from access_service.domain.sip2 import Encoding, checksum
from access_service.errors import StorageError
from access_service.protocols.sip2 import codec
from access_service.protocols.sip2.session import REPLAYED_FOR
from access_service.storage import clients
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.sip2.talk import (
    DATE,
    LOGIN,
    Talk,
    ask_23,
    ask_63,
    day,
    fields,
    logged_in,
    sealed,
    speaking,
)

DENIED, GOOD = "YYYY" + 10 * " ", 14 * " "
PERSONAL = {"AE": "Ada Lovelace", "PA": "20270915", "PC": "STU-ELEM", "AQ": "MAPLE", "XI": "1"}
BARE = {"AO", "AA", "AE", "BL", "CQ", "AF"}


def test_a_right_pin_is_told_what_was_released(databases: Databases) -> None:
    """A whole 64: blank flags, counts of nothing, the fields of the releases, AF last; in local time."""
    seed.store(databases, seed.patron())
    told = logged_in(databases).say(ask_63())
    assert told[:19] == f"64{GOOD}001" and abs(day(told[19:37]) - seed.NOON.astimezone().replace(tzinfo=None)) == (
        timedelta(0)
    )
    assert told[37:] == (
        "0" * 24 + "AOhere|AA0012345|AEAda Lovelace|BLY|CQY|PA20270915|PCSTU-ELEM|XI1|AQMAPLE|AFWelcome.|"
    )
    assert len(told) < codec.LONGEST


def test_24_is_as_the_standard_has_it(databases: Databases) -> None:
    """Patron status has the verdict and the name, and no extension."""
    seed.store(databases, seed.patron())
    told = logged_in(databases).say(ask_23())
    assert told[:19] == f"24{GOOD}001" and told[37:] == "AOhere|AA0012345|AEAda Lovelace|BLY|CQY|AFWelcome.|"


@pytest.mark.parametrize("pin", ["0413", "", " ", None])
@pytest.mark.parametrize("question", [ask_63, ask_23])
def test_without_a_right_pin_nothing_is_told_of_a_person(
    databases: Databases, pin: str | None, question: object
) -> None:
    """CQ is N, and only number, flags and words remain: wrong, empty, blank or no PIN."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases)
    told = talk.say(ask_63(pin=pin) if question is ask_63 else ask_23(pin=pin or ""))
    assert fields(told).keys() == BARE and fields(told)["AE"] == ""
    assert (told[2:16], fields(told)["BL"], fields(told)["CQ"]) == (GOOD, "Y", "N")
    assert fields(told)["AF"] == ("Please enter your PIN." if not (pin or "").strip() else fields(told)["AF"])
    assert told.endswith(f"AF{fields(told)['AF']}|")


def test_a_card_alone_can_be_asked_about(databases: Databases) -> None:
    """`pin_required = false`: flags and BL without a word of a PIN, and CQ is N all the same."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases, pin_required=False)
    for asked in (ask_63(pin=None), ask_63(pin=""), ask_23(pin="")):
        told = fields(talk.say(asked))
        assert (told["BL"], told["CQ"], told["AE"], told["AF"]) == ("Y", "N", "", "Welcome.")


YESTERDAY = seed.TODAY - timedelta(days=1)


@pytest.mark.parametrize(
    ("facts", "flags", "expires"),
    [
        ({"expires": YESTERDAY}, DENIED, "20261102"),
        ({"presence": Presence.LEFT, "left_on": seed.TODAY}, DENIED, "20261102"),
        ({"blocked": True}, DENIED, "20270915"),
        ({"presence": Presence.ABSENT}, GOOD, "20270915"),
        ({"expires": date.max}, GOOD, "20340730"),
    ],
)
def test_pin_and_standing_are_two_facts(
    databases: Databases, facts: dict[str, Any], flags: str, expires: str | None
) -> None:
    """A card that is known is BLY; that it has ended or is blocked is in the flags, whether or not the PIN is right."""
    seed.store(databases, seed.patron(**facts))
    talk = logged_in(databases)
    for pin, verdict in (("0412", "Y"), ("0413", "N")):
        told = talk.say(ask_63(pin=pin))
        read = fields(told)
        assert (told[2:16], read["BL"], read["CQ"]) == (flags, "Y", verdict)
        assert read.get("PA") == (expires if verdict == "Y" else None)
        assert ("EXPIRED" in read["AF"]) == (expires == "20261102") and ("blocked" in read["AF"]) == (
            "blocked" in facts
        )


def test_nobody_is_bln(databases: Databases) -> None:
    """Unknown and ambiguous: all denied, no counts, no name, the number echoed; only the words are another."""
    record = seed.store(databases, seed.patron())
    seed.name_as(databases, IdentifierKind.CONTESTED, "777", record)
    talk = logged_in(databases)
    for number, said in (("5550000", "not found"), ("777", "ask at the desk"), ("", "not found")):
        for told in (talk.say(ask_63(number)), talk.say(ask_63(number, pin=None)), talk.say(ask_23(number))):
            read = fields(told)
            assert told[2:16] == DENIED and said in read["AF"]
            assert (read["AA"], read["AE"], read["BL"], read["CQ"]) == (number, "", "N", "N")


@pytest.mark.parametrize("pin", [each for each in PinResult if each is not PinResult.OK])
@pytest.mark.parametrize("standing", Standing)
def test_only_a_right_pin_is_cqy(databases: Databases, pin: PinResult, standing: Standing) -> None:
    """Whatever the directory says otherwise (locked, refused, none issued) is N and tells no fact."""
    talk = logged_in(databases)
    talk.session.heard(ask_63().encode())
    told = talk.session.told(Answer(standing, pin, seed.patron())).data.decode()
    assert "CQN|" in told and "CQY" not in told and "Ada" not in told and "PA2" not in told


ILS_SAID = (
    *(("AO", "town"), ("AA", "2900"), ("AE", "Ursula Grown"), ("BL", "Y"), ("CQ", "Y"), ("BD", "1 Home Street")),
    *(("PA", "20301231"), ("AF", "From the ILS"), ("XX", "CQY")),
)


@pytest.mark.parametrize("right", [True, False])
def test_the_ils_speaks_for_its_own(databases: Databases, right: bool) -> None:
    """A relayed answer is the ILS's, but for blanks in place of N and words last; without a right PIN only the verdict
    is left of what it told."""
    talk = logged_in(databases, hidden_fields=("BD",))
    head = f"Y N{11 * ' '}001{DATE}{24 * '0'}"
    said = RelayedMessage(head, (*ILS_SAID[:4], ("CQ", "Y" if right else "N"), *ILS_SAID[5:]))
    answer = Answer(Standing.ACTIVE, PinResult.OK if right else PinResult.WRONG, seed.patron(), said)
    talk.session.heard(ask_63("2900").encode())
    told = talk.session.told(answer).data.decode()
    name, rest = ("Ursula Grown", "PA20301231|XXCQ Y|") if right else ("", "")
    verdict = f"AOtown|AA2900|AE{name}|BLY|CQ{'Y' if right else 'N'}|"
    assert told == f"64Y{13 * ' '}001{DATE}{24 * '0'}{verdict}{rest}AFFrom the ILS|\r"
    talk.session.heard(ask_23("2900").encode())
    assert talk.session.told(answer).data.decode() == f"24Y{13 * ' '}001{DATE}{verdict}AFFrom the ILS|\r"


def test_a_long_answer_of_the_ils_is_one_read_too(databases: Databases) -> None:
    """Its last fields go, never the verdict."""
    talk = logged_in(databases)
    many = tuple((f"X{n}", 90 * "x") for n in range(10)) + tuple(("AF", 90 * "y") for _ in range(10))
    talk.session.heard(sealed(ask_63()).encode())
    said = RelayedMessage(f"{14 * ' '}001{DATE}{24 * '0'}", (("BL", "Y"), ("CQ", "Y"), *many))
    told = talk.session.told(Answer(Standing.ACTIVE, PinResult.OK, seed.patron(), said)).data
    assert len(told) <= codec.LONGEST and b"BLY|CQY|X0" in told and b"|AFyyy" in told


def test_what_was_not_released_or_is_hidden_is_not_told(databases: Databases) -> None:
    """Releases rule in this dialect too, and a client can be spared a field that it trips over."""
    seed.store(databases, seed.patron())
    released = speaking(hidden_fields=("PA", "XI", "BD"))
    seed.admit(databases, seed.client(options=released.options, releases=frozenset(Release) - {Release.NAME}))
    talk = Talk.with_(databases)
    talk.say(LOGIN)
    read = fields(talk.say(ask_63()))
    assert read.keys() == BARE | {"PC", "AQ"} and read["AE"] == "" and read["CQ"] == "Y"


@pytest.mark.parametrize(
    ("home", "told"), [("AQ", "|AQMAPLE|AF"), ("XH", "|XHMAPLE|AF"), ("AF", "|AFMAPLE|AF"), ("", "|XI1|AF")]
)
def test_the_home_library_is_where_the_client_looks(databases: Databases, home: str, told: str) -> None:
    """In AQ, in words, in a field of its own, or nowhere; AF with the message stays last."""
    seed.store(databases, seed.patron())
    assert f"{told}" in (said := logged_in(databases, home_library=home).say(ask_63())) and said.endswith("AFWelcome.|")


def test_the_name_follows_the_clients_template(databases: Databases) -> None:
    """Last name first, for those who print labels."""
    seed.store(databases, seed.patron(given_name="Zoë|BLN\r", family_name=""))
    assert fields(logged_in(databases, name="{family_name} / {given_name}").say(ask_63()))["AE"] == "/ ZoeBL N"


def test_people_are_spoken_to_in_the_language_of_the_question(databases: Databases) -> None:
    """Spanish for 008 and 021, English for 001, else the client's own; what comes back is what was asked for."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases, language="es", encoding="utf-8")
    for asked, word in (("008", "Bienvenido."), ("021", "Bienvenido."), ("001", "Welcome."), ("000", "Bienvenido.")):
        told = talk.raw(ask_63(language=asked).encode()).data.decode()
        assert told[16:19] == asked and told.endswith(f"AF{word}|\r")
    assert talk.say(ask_63(language="BLN"))[16:19] == "000"


def test_error_detection_is_mirrored(databases: Databases) -> None:
    """The number comes back, past 9 too, with four upper-case digits; without a checksum there is none; AZ alone is one
    too."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases)
    for sequence in (*range(12), 100, None):
        told = talk.say(sealed(ask_63(), sequence))
        shown = "" if sequence is None else f"AY{sequence}"
        assert re.search(rf"AFWelcome\.\|{shown}AZ[0-9A-F]{{4}}$", told)
        assert codec.parse(told.encode(), Encoding.ASCII).sound
    assert "AZ" not in talk.say(ask_63()) and talk.say(sealed("99" + "0802.00", 4))[-9:-4] == "AY4AZ"


def test_a_wrong_checksum_is_asked_for_again(databases: Databases) -> None:
    """96 with its own checksum; a client that cannot stop is cut off; `unchecked` takes it, `required` wants one."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases)
    wrong = sealed(ask_63())[:-1] + "G"[:0] + "0"
    wrong = wrong if not codec.parse(wrong.encode(), Encoding.ASCII).sound else wrong[:-1] + "1"
    assert [talk.say(wrong) for _ in range(3)] == ["96AZFEF6"] * 3 and talk.closed
    assert "CQY" in (loose := logged_in_again(databases, "loose", error_detection="unchecked")).say(wrong)
    assert not loose.closed
    strict = logged_in_again(databases, "strict", error_detection="required")
    assert strict.say(ask_63()) == "96AZFEF6" and "CQY" in strict.say(sealed(ask_63()))


def logged_in_again(databases: Databases, name: str, **options: Any) -> Talk:
    """A further client beside the vendor."""
    seed.admit(databases, speaking(name, **options), key=f"key-of-{name}")
    talk = Talk.with_(databases)
    assert talk.say(sealed(f"9300CN{name}|COkey-of-{name}|"))[:3] == "941"
    return talk


def test_the_last_answer_is_said_again(databases: Databases) -> None:
    """97: without AY, with AZ where there was one; 96 where there was no answer yet."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    talk = Talk.with_(databases)
    assert talk.say("97AZFEF5") == "96AZFEF6"
    talk.say(LOGIN)
    told = talk.say(sealed(ask_63(), 5))
    body = told[: told.index("AY")]
    assert [talk.say("97AZFEF5"), talk.say("97")] == [body + "AZ" + checksum((body + "AZ").encode())] * 2
    plain = talk.say(ask_63())
    assert talk.say("97") == plain


def test_a_repeated_message_is_answered_as_before(databases: Databases) -> None:
    """The same message with the same AY is the same question, for a while; another with the same checksum is not."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    clock = seed.Clock()
    talk = Talk.with_(databases, clock=clock)
    talk.say(LOGIN)
    first = talk.say(sealed(ask_63(), 1))
    clock.now += timedelta(seconds=9)
    assert talk.say(sealed(ask_63(), 1)) == first
    # 0412 and 0421 have the same sum.
    assert sealed(ask_63(pin="0421"), 1)[-4:] == sealed(ask_63(), 1)[-4:]
    assert "CQN" in talk.say(sealed(ask_63(pin="0421"), 1))
    assert talk.say(sealed(ask_63(), 1)) != first
    clock.now += REPLAYED_FOR
    assert "CQY" in (late := talk.say(sealed(ask_63(), 1))) and late != first


def test_a_terminal_logs_in(databases: Databases) -> None:
    """Login and key of one client, at an address of its networks; after three bad ones we hang up."""
    seed.admit(databases, speaking(login="desk"))
    seed.admit(databases, seed.client("web", dialects=frozenset({DialectName.REST})), key="other")
    talk, as_desk = Talk.with_(databases), f"9300CNdesk|CO{seed.KEY}|"
    assert [talk.say(LOGIN), talk.say("9300CNdesk|COwrong|")] == ["940", "940"] and not talk.closed
    assert talk.say(sealed("9300CNweb|COother|", 3))[:6] == "940AY3" and talk.closed
    assert Talk.with_(databases).say(as_desk) == "941"
    assert Talk.with_(databases, "192.0.2.1").say(as_desk) == "940"


def test_a_bad_login_ends_the_one_before(databases: Databases) -> None:
    """Whoever logs in anew and fails is nobody."""
    talk = logged_in(databases)
    assert talk.say("9300CNvendor|COwrong|") == "940"
    assert talk.raw(ask_63().encode()) == talk.raw(ask_63().encode()) and talk.closed


def test_before_a_login_there_are_no_answers(databases: Databases) -> None:
    """A question, or a status where that is not allowed, ends the connection, in silence."""
    seed.admit(databases, speaking())
    for asked in (ask_63(), ask_23(), "9900802.00", f"35{DATE}AO|AA1|", f"11NN{DATE}{DATE}AO|AA1|AB2|AC|"):
        talk = Talk.with_(databases)
        assert (talk.say(asked), talk.closed) == ("", True)
    talk = Talk.with_(databases)
    assert [(talk.say("odd"), talk.closed) for _ in range(3)] == [("", False), ("", False), ("", True)]


def test_a_status_comes_before_a_login_where_that_is_allowed(databases: Databases) -> None:
    """Relais asks 99 first; only at the networks of such a client, and it opens nothing else."""
    seed.admit(databases, speaking(status_before_login=True))
    talk = Talk.with_(databases, institution="Maple Library")
    told = talk.say("9900802.00")
    assert told[:16] == "98YNNNNN10000320" and told[16:36].endswith("2.00")
    assert told[36:] == "AOMaple Library|BXYNNNYYYYYNNNNNNN|AFWelcome.|"
    assert talk.say(LOGIN) == "941"
    assert (Talk.with_(databases, "192.0.2.1").say("9900802.00")) == ""
    talk = Talk.with_(databases)
    talk.say("9900802.00")
    assert (talk.say(ask_63()), talk.closed) == ("", True)


def test_an_address_can_be_a_login(databases: Databases) -> None:
    """23 without 93, of a client that never logs in; no second such client may have the address."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking(without_login=True))
    assert "CQY" in Talk.with_(databases).say(ask_23())
    stranger = Talk.with_(databases, "192.0.2.1")
    assert (stranger.say(ask_23()), stranger.closed) == ("", True)


def test_terminals_can_be_prompted(databases: Databases) -> None:
    """`login:` and `password:` as at a terminal, or a 93 all the same."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking(prompts=True))
    talk = Talk.with_(databases)
    assert talk.session.greeting() == b"login: "
    assert [talk.say(said) for said in ("vendor", "wrong", "", "vendor", seed.KEY)] == [
        "password: ",
        "Invalid login\r\nlogin: ",
        "",
        "password: ",
        "Login OK.  Initiating SIP",
    ]
    assert "CQY" in talk.say(ask_63())
    talk = Talk.with_(databases)
    talk.session.greeting()
    assert talk.say(LOGIN) == "941"
    talk = Talk.with_(databases)
    talk.session.greeting()
    for n in range(3):
        talk.say("vendor")
        talk.say("wrong")
        assert talk.closed == (n == 2)
    assert Talk.with_(databases, "192.0.2.1").session.greeting() == b""


def test_the_institution_is_never_the_question(databases: Databases) -> None:
    """AO may be empty, wrong or missing; ours is told, or theirs where we have none, or the client's name."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    talk = Talk.with_(databases, institution="Maple")
    talk.say(LOGIN)
    for house in ("AO|", "AOelsewhere|", ""):
        assert fields(talk.say(ask_63(house=house)))["AO"] == "Maple"
    talk = Talk.with_(databases)
    talk.say(LOGIN)
    assert [fields(talk.say(asked))["AO"] for asked in (ask_63(), ask_63(house="AO|"), "9900802.00")] == [
        "here",
        "vendor",
        "vendor",
    ]


def test_what_is_of_no_use_here_is_overlooked(databases: Databases) -> None:
    """Summary flags, BP and BQ, fields in another order, an AC, a number with blanks."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases)
    odd = f"63001{DATE}Y         AD0412|BP00001|BQ00005|ACterm|AA 00 12345|AOx|"
    assert fields(talk.say(odd))["CQ"] == "Y"
    assert "CQY" in talk.say(f"63001{DATE}{10 * ' '}AA0012345|AD0412|")


def test_unknown_messages_are_overlooked(databases: Databases) -> None:
    """No answer, no crash, and the next question is answered."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases)
    for odd in ("ZZ", "00", "64" + GOOD, "96AZFEF6", "GET / HTTP/1.1", "\x00", "é", "9"):
        assert (talk.say(odd), talk.closed) == ("", False)
    assert "CQY" in talk.say(ask_63())


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        (f"11NN{DATE}{DATE}AOx|AA1|AB2|AC|", f"120NUN{DATE}AOx|AA1|AB2|AJ|AH|"),
        (f"09N{DATE}{DATE}APx|AOx|AB2|AC|", f"100NUN{DATE}AOx|AB2|AQ|"),
        (f"15+{DATE}AOx|AA1|", f"160N{DATE}AOx|AA1|"),
        (f"17{DATE}AOx|AB2|", f"18010001{DATE}AB2|AJ|"),
        (f"19{DATE}AOx|AB2|", f"200{DATE}AB2|"),
        (f"29NN{DATE}{DATE}AOx|AA1|AB2|", f"300NUN{DATE}AOx|AA1|AB2|AJ|AH|"),
        (f"37{DATE}0100USDBV1|AOx|AA1|", f"38N{DATE}AOx|AA1|"),
        (f"65{DATE}AOx|AA1|", f"66000000000{DATE}AOx|"),
    ],
)
def test_loans_are_refused_politely(databases: Databases, asked: str, refused: str) -> None:
    """Each in its own shape, with words last: who gets no answer waits."""
    told = logged_in(databases).say(asked)
    assert re.sub(r"\d{8}    \d{6}", DATE, told) == refused + "AFNot supported here.|"


def test_a_session_of_a_patron_ends_well(databases: Databases) -> None:
    """36 says yes: there is nothing that could stay open."""
    told = logged_in(databases).say(sealed(f"35{DATE}AOx|AA0012345|AC|AD0412|", 2))
    assert told[:3] == "36Y" and "AOx|AA0012345|AFGoodbye.|AY2AZ" in told


def test_nobody_is_blocked_or_enabled_from_here(databases: Databases) -> None:
    """01 and 25 are answered with the truth, and change nothing."""
    seed.store(databases, seed.patron())
    seed.store(databases, seed.patron(2, "0000002", blocked=True))
    talk = logged_in(databases)
    blocked = talk.say(f"01N{DATE}AOx|ALlost|AA0012345|AC|")
    assert blocked[:16] == f"24{GOOD}" and fields(blocked)["CQ"] == "N"
    assert fields(blocked)["AF"] == "Not supported here."
    enabled = talk.say(f"25{DATE}AOx|AA0000002|AC|AD0412|")
    assert enabled[:19] == f"26{DENIED}000" and fields(enabled)["CQ"] == "Y"
    assert talk.say(ask_63())[2:16] == GOOD


@pytest.mark.parametrize(("terminator", "end"), [("cr", b"\r"), ("crlf", b"\r\n")])
def test_messages_end_as_the_client_needs_it(databases: Databases, terminator: str, end: bytes) -> None:
    """One message, one end, in any answer."""
    talk = logged_in(databases, terminator=terminator)
    for asked in (ask_63(), "97", "9900802.00", sealed(ask_63(), 1)[:-1] + "!"):
        data = talk.raw(asked.encode()).data
        assert data.endswith(end) and len(data.rstrip(b"\r\n")) == len(data) - len(end)


def test_a_whole_message_is_one_read_of_a_kilobyte(databases: Databases) -> None:
    """However long numbers, names and the client's own fields are."""
    long = "é" * 300
    seed.store(databases, seed.patron(given_name=long, family_name=long, patron_type=long, branch=long))
    talk = logged_in(databases, encoding="utf-8", home_library="AF", terminator="crlf")
    asked = ask_63(house=f"AO{300 * 'x'}|")
    assert len(talk.raw(sealed(asked).encode()).data) <= codec.LONGEST
    assert len(talk.raw(sealed(ask_63(300 * "9", house=f"AO{300 * 'x'}|")).encode()).data) <= codec.LONGEST
    assert fields(talk.say(ask_63(255 * "9")))["AA"] == 255 * "9"


def test_clients_change_while_sessions_last(databases: Databases) -> None:
    """Options hold at the next message, and a revoked client's session ends at its next."""
    clock = seed.Clock()
    seed.admit(databases, speaking())
    talk = Talk.with_(databases, clock=clock)
    talk.say(LOGIN)
    with databases.writer.begin() as connection:
        clients.set_options(connection, "vendor", speaking(terminator="crlf").options)
    clock.now += timedelta(seconds=3)
    assert talk.raw(b"9900802.00").data.endswith(b"\r\n")
    with databases.writer.begin() as connection:
        clients.revoke(connection, "vendor", seed.NOON)
    clock.now += timedelta(seconds=3)
    assert (talk.say(ask_63()), talk.closed) == ("", True)


def test_another_key_ends_a_session(databases: Databases) -> None:
    """What the old one opened is closed within seconds, and it opens nothing more."""
    clock = seed.Clock()
    seed.admit(databases, speaking())
    talk = Talk.with_(databases, clock=clock)
    assert talk.say(LOGIN)[:3] == "941"
    with databases.writer.begin() as connection:
        clients.set_key(connection, "vendor", key_sha256("another"))
    clock.now += timedelta(seconds=3)
    assert (talk.say(ask_63()), talk.closed) == ("", True)
    assert Talk.with_(databases, clock=clock).say(LOGIN)[:3] == "940"
    assert Talk.with_(databases, clock=clock).say(LOGIN.replace(seed.KEY, "another"))[:3] == "941"


def test_networks_are_looked_at_in_a_session_too(databases: Databases) -> None:
    """A client whose networks are others by now is answered no more."""
    seed.admit(databases, speaking())
    talk = Talk.with_(databases)
    talk.say(LOGIN)
    talk.session.address = "192.0.2.1"
    assert (talk.say(ask_63()), talk.closed) == ("", True)
    assert ip_network("127.0.0.0/8") in speaking().networks


def test_a_database_that_is_away_is_said_to_be(databases: Databases) -> None:
    """98 with online N; 96 to a question, then we hang up; a login is not refused, but cut off. Sessions stay."""
    seed.store(databases, seed.patron())
    talk = logged_in(databases)
    assert talk.say("9900802.00", online=False)[:8] == "98NNNNNN"
    assert fields(talk.say("9900802.00", online=False))["AF"].startswith("The library system is unavailable")
    assert talk.say(f"35{DATE}AO|AA1|", online=False)[:3] == "36Y"
    assert [talk.say(ask_63(), online=False), talk.say(ask_23(), online=False)] == ["96AZFEF6"] * 2 and not talk.closed
    assert "CQY" in talk.say(ask_63())
    for _ in range(3):
        assert talk.say(ask_63(), online=False) == "96AZFEF6"
    assert talk.closed
    assert (logged_out := Talk.with_(databases)).say(LOGIN, online=False) == "" and logged_out.closed
    with databases.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE clients")
    with pytest.raises(StorageError):
        Talk.with_(databases).say(LOGIN)


ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda code, fixed, parts, end: code + fixed + b"|".join(parts) + end,
        st.sampled_from([b"23", b"63", b"25", b"01", b"93", b"99", b"97", b"35", b"11"]),
        st.sampled_from([b"", f"001{DATE}".encode(), f"001{DATE}{10 * ' '}".encode(), b"00", b"0" * 18]),
        st.lists(
            st.builds(
                bytes.__add__,
                st.sampled_from([b"AA", b"AD", b"AO", b"CN", b"CO", b"AC"]),
                st.one_of(st.sampled_from([b"0012345", b"0413", b"CQY", b"BLN", b"\xff"]), st.binary(max_size=9)),
            ),
            max_size=5,
        ),
        st.sampled_from([b"", b"|", b"|AY1AZ0000", b"|AZ", b"|AYxAZFFFF"]),
    ),
)


@given(lines=st.lists(ANYTHING, max_size=8), login=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_sent_crashes_or_gets_in(served: Databases, lines: list[bytes], login: bool) -> None:
    """Any bytes: no exception, one message of a kilobyte at most in return, and no CQY without the right PIN."""
    talk = Talk.with_(served)
    if login:
        talk.say(LOGIN)
    for line in lines:
        said = b"".join(talk.raw(part).data for part in re.split(rb"[\r\n]", line))
        assert b"CQY" not in said or b"0412" in line
        assert len(said) <= codec.LONGEST * (1 + line.count(b"\r") + line.count(b"\n"))
        assert said in {b"", b"password: "} or said.endswith((b"\r", b"\n", b": "))


@pytest.fixture
def served(databases: Databases) -> Databases:
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    return databases
