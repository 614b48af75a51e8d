"""What the ILS says of a number, and all that is not believed of it."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from access_service import settings
from access_service.domain.relayed import RelayedMessage, RelayedPages
from access_service.domain.student import Role
from access_service.errors import ConfigError, UnavailableError
from access_service.relay import Relay, relayed_id
from access_service.relay import sip2 as wire
from access_service.relay.cardholder import FIRST_ID
from access_service.relay.line import GarbledError
from access_service.relay.pool import FAILURES, Breaker
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.model_ils import HOLDER, NO_MORE, Holder, PatronApiIls, Sip2Ils, framed, html, information
from tests.access_service.sip2.serving import serving
from tests.processes import until
from tests.sync.listeners import Authority

NUMBER, PIN = HOLDER.number, HOLDER.pin
NOBODY = "21000000000099"


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_PASSWORD", Sip2Ils.LOGIN[1])


@contextmanager
def relaying(ils: Sip2Ils | PatronApiIls, **changes: Any) -> Iterator[Relay]:
    protocol = "sip2" if isinstance(ils, Sip2Ils) else "patronapi"
    table = {"protocol": protocol, "host": "127.0.0.1", "port": ils.port, "tls": False, "timeout_seconds": 0.3}
    login = {"login": Sip2Ils.LOGIN[0], "institution": "town"} if protocol == "sip2" else {}
    with closing(Relay(settings.Relay.model_validate(table | login | changes))) as relay:
        yield relay


@pytest.fixture(params=[Sip2Ils, PatronApiIls])
def ils(request: pytest.FixtureRequest) -> Iterator[Sip2Ils | PatronApiIls]:
    with request.param(HOLDER, Holder("21000000000025", "1111", "Curie", "20200229", "Y" + " " * 13, "c")) as model:
        yield model


@pytest.fixture
def sip2() -> Iterator[Sip2Ils]:
    with Sip2Ils() as model:
        yield model


@pytest.fixture
def pages() -> Iterator[PatronApiIls]:
    with PatronApiIls() as model:
        yield model


def away(relay: Relay, number: str = NUMBER, pin: str | None = PIN) -> bool:
    try:
        heard = relay.ask(number, pin)
    except UnavailableError:
        return True
    assert heard and not heard.right
    return False


def test_a_cardholder_is_what_the_ils_says(ils: Sip2Ils | PatronApiIls) -> None:
    """In either protocol the same facts, with an id that is nobody's here."""
    with relaying(ils) as relay:
        heard = relay.ask(NUMBER, PIN)
        assert heard and heard.record and heard.right
        card = heard.record.patron
        assert (card.library_number, card.family_name, card.given_name) == (NUMBER, "Hopper", "Grace")
        assert (card.expires, heard.record.blocked, card.role) == (date(2028, 1, 31), False, Role.CARDHOLDER)
        assert (card.branch.lower(), card.patron_type) in {("main", "ADULT"), ("main", "10")}
        assert FIRST_ID <= heard.record.patron_id == relayed_id(NUMBER) < 2 * FIRST_ID
        other = relay.ask("21000000000025", "1111")
        assert other and other.record and other.right
        assert (other.record.blocked, other.record.patron.expires) == (True, date(2020, 2, 29))
        assert other.record.patron.family_name == "Curie"


@pytest.mark.parametrize("pin", ["2469", "246", "24680", "9/9?#%", "", None, "ü", "2|8", "2\r8", "x" * 65, ".", ".."])
def test_no_other_pin_is_right(ils: Sip2Ils | PatronApiIls, pin: str | None) -> None:
    """Wrong, empty, none, and what cannot be sent: the cardholder is known, and nothing is right."""
    with relaying(ils) as relay:
        heard = relay.ask(NUMBER, pin)
        assert heard and heard.record and not heard.right
        if isinstance(heard.relayed, RelayedMessage):
            assert heard.relayed.fields.count(("CQ", "N")) == 1
        elif isinstance(heard.relayed, RelayedPages):
            assert "RETCOD=0" not in (heard.relayed.pintest or "")
            assert pin not in {".", ".."} or ils.heard[-1].endswith("dump")


def test_no_letter_ends_a_field(sip2: Sip2Ils) -> None:
    """There are encodings in which a letter's second byte is that of `|`."""
    with relaying(sip2, encoding="gbk") as relay:
        assert not away(relay, pin="1\u4e85")
    assert "|AD" not in sip2.heard[-1]


def test_who_is_nobody_there_is_nobody(ils: Sip2Ils | PatronApiIls) -> None:
    """And the Patron API is told no PIN of theirs."""
    with relaying(ils) as relay:
        heard = relay.ask(NOBODY, PIN)
        assert heard and heard.record is None and not heard.right
        assert ils.heard[-1].endswith("dump") or f"AD{PIN}|" in ils.heard[-1]


@pytest.mark.parametrize("number", ["", " ", "..", "%", "٢١", "2" * 65, "21|AA1", "21\r63", "21\x00"])
def test_what_is_no_number_is_not_asked(ils: Sip2Ils | PatronApiIls, number: str) -> None:
    """Nothing that could be another message, another path or another number once it is sent."""
    with relaying(ils) as relay:
        assert relay.ask(number, PIN) is None
        assert not ils.heard


def test_connections_are_used_again(ils: Sip2Ils | PatronApiIls) -> None:
    """Many questions go over one; when the ILS has closed it, the next one is new and nobody notices."""
    with relaying(ils) as relay:
        for _ in range(5):
            assert relay.ask(NUMBER, PIN)
        assert ils.connections == 1
        spoil, ils.spoil = ils.spoil, lambda _: NO_MORE
        assert away(relay)
        ils.spoil = spoil
        assert relay.ask(NUMBER, PIN)


def test_an_ils_that_restarts_costs_nobody_an_answer(sip2: Sip2Ils) -> None:
    """A connection that ended while it was idle is replaced before it is used."""
    once: list[bytes] = []
    with relaying(sip2) as relay:

        def then_end(answer: bytes) -> bytes:
            once.append(answer)
            return answer if len(once) != 3 else NO_MORE

        sip2.spoil = then_end
        for _ in range(3):
            heard = relay.ask(NUMBER, PIN)
            assert heard and heard.right
        assert sip2.connections == 2


def test_tls_is_verified(tmp_path: Path) -> None:
    """With the authority of its certificate it is answered, without it or under another name it is away."""
    authority = Authority(tmp_path)
    for model in (Sip2Ils, PatronApiIls):
        with model(context=authority.context("localhost")) as ils:
            trusted = {"tls": True, "ca_file": authority.path, "host": "localhost", "timeout_seconds": 3}
            with relaying(ils, **trusted) as relay:
                for _ in range(3):
                    heard = relay.ask(NUMBER, PIN)
                    assert heard and heard.right
                assert ils.connections <= 2
            for changes in ({"ca_file": None}, {"host": "127.0.0.1"}, {"tls": False, "ca_file": None}):
                with relaying(ils, **trusted | changes) as relay:
                    assert away(relay)


def test_a_certificate_that_is_none_is_said_at_once(tmp_path: Path) -> None:
    """One line, before anybody is served."""
    (tmp_path / "ca.pem").write_text("none")
    table = {"protocol": "patronapi", "host": "ils.example.org"}
    for name in ("ca.pem", "missing.pem"):
        with pytest.raises(ConfigError, match=rf"\[relay\] ca_file: cannot read .*{name}"):
            Relay(settings.Relay.model_validate(table | {"ca_file": tmp_path / name}))


def test_a_login_that_is_refused_lets_nobody_in(sip2: Sip2Ils) -> None:
    """Nor does the next one try it again for everybody."""
    with relaying(sip2, login="somebody") as relay:
        assert away(relay)
    assert all(question.startswith("93") for question in sip2.heard)


def test_error_detection_may_be_off() -> None:
    """An ILS that numbers and sums nothing is believed by the number that it repeats."""
    with Sip2Ils(checks=False) as ils, relaying(ils) as relay:
        heard = relay.ask(NUMBER, PIN)
        assert heard and heard.right


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: NO_MORE,
    "half": lambda answer: answer[: len(answer) // 2],
    "half a message that ends": lambda answer: answer[: answer.index(b"CQY") + 3] + b"\r",
    "a checksum that is wrong": lambda answer: answer[:-3] + b"00\r",
    "a letter that fell over": lambda answer: answer.replace(b"Hopper", b"Hopped"),
    "the answer to another message": lambda answer: framed(answer[:-10].decode(), "9"),
    "an answer about another": lambda _: framed(information(NOBODY, PIN, Holder(NOBODY)), "2"),
    "about two": lambda answer: framed(answer[:-10].decode() + f"AA{NOBODY}|", "2"),
    "about nobody": lambda answer: framed(answer[:-10].decode().replace(NUMBER, ""), "2"),
    "please again, always": lambda _: framed("96"),
    "another message": lambda _: framed("941", "2"),
    "a page": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a message without end": lambda _: b"64" + b" " * 70_000,
    "no date": lambda answer: framed(answer[:-10].decode().replace("PA20280131", "PAsoon"), "2"),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_sip2_garbles_is_no_answer(sip2: Sip2Ils, spoil: Callable[[bytes], bytes]) -> None:
    """A right PIN is not right then: the ILS is away."""
    with relaying(sip2) as relay:
        sip2.spoil = lambda answer: answer if answer.startswith(b"94") else spoil(answer)
        assert away(relay)


NOT_RIGHT: dict[str, Callable[[str], str]] = {
    "no CQ": lambda text: text.replace("CQY|", ""),
    "an empty one": lambda text: text.replace("CQY|", "CQ|"),
    "two that differ": lambda text: text.replace("CQY|", "CQY|CQN|"),
    "no BL": lambda text: text.replace("BLY|", ""),
    "nobody's right PIN": lambda text: text.replace("BLY|", "BLN|"),
}


@pytest.mark.parametrize("change", NOT_RIGHT.values(), ids=NOT_RIGHT)
def test_only_both_verdicts_make_a_right_pin(sip2: Sip2Ils, change: Callable[[str], str]) -> None:
    """Clients take a missing CQ for a right PIN: it is there, and N."""
    with relaying(sip2) as relay:
        sip2.spoil = lambda answer: answer if answer[:2] == b"94" else framed(change(answer[:-10].decode()), "2")
        heard = relay.ask(NUMBER, PIN)
        assert heard and not heard.right and isinstance(heard.relayed, RelayedMessage)
        assert [value for name, value in heard.relayed.fields if name == "CQ"] == ["N"]


def test_a_message_that_was_garbled_is_asked_for_again(sip2: Sip2Ils) -> None:
    """Once; the ILS gets the very same message."""
    answers: list[bytes] = []

    def first_wrong(answer: bytes) -> bytes:
        answers.append(answer)
        return {2: framed("96"), 4: answer.replace(b"Grace", b"Grape")}.get(len(answers), answer)

    with relaying(sip2) as relay:
        sip2.spoil = first_wrong
        for _ in range(2):
            heard = relay.ask(NUMBER, PIN)
            assert heard and heard.right
    _, first, again, second, and_again = sip2.heard
    assert first == again and second == and_again


def test_a_late_answer_is_not_the_next_ones(sip2: Sip2Ils) -> None:
    """An ILS that answers twice, or too late, is asked anew: the right PIN of before makes none right."""
    with relaying(sip2) as relay:
        sip2.checks = False
        sip2.spoil = lambda answer: answer * 2
        for pin, right in ((PIN, True), ("1", False), (PIN, True), ("2", False)):
            heard = relay.ask(NUMBER, pin)
            assert heard and heard.right is right
        sip2.spoil = lambda answer: answer
        sip2.hold.clear()
        assert away(relay)
        sip2.hold.set()
        assert not away(relay, pin="3")


def test_what_sip2_says_is_passed_on_as_it_is(sip2: Sip2Ils) -> None:
    """Every field, in its order."""
    with relaying(sip2) as relay:
        heard = relay.ask(NUMBER, PIN)
    assert heard and isinstance(heard.relayed, RelayedMessage)
    message = f"64{heard.relayed.head}" + "".join(f"{name}{value}|" for name, value in heard.relayed.fields)
    assert message == information(NUMBER, PIN)


SPOILT_PAGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: NO_MORE,
    "half": lambda page: page[: len(page) // 2],
    "empty": lambda _: html().encode(),
    "another error": lambda _: html("ERRNUM=9", "ERRMSG=Too many").encode(),
    "another patron": lambda page: page.replace(NUMBER.encode(), NOBODY.encode()),
    "no number": lambda page: page.replace(b"P BARCODE", b"P BARC").replace(b"[pb]", b"[pa]"),
    "no date": lambda page: page.replace(b"01-31-28", b"31-01-28"),
    "a right PIN for a dump": lambda _: html("RETCOD=0").encode(),
    "huge": lambda page: page.replace(b"main", b"m" * 300_000),
}


@pytest.mark.parametrize("spoil", SPOILT_PAGES.values(), ids=SPOILT_PAGES)
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_what_the_patron_api_garbles_is_no_answer(
    pages: PatronApiIls, spoil: Callable[[bytes], bytes], version: str
) -> None:
    """A right PIN is not right then, whether pages say how long they are or not."""
    pages.version = version
    with relaying(pages) as relay:
        pages.spoil = lambda page: spoil(page) if b"[pb]" in page else page
        assert away(relay)


SPOILT_TESTS = {
    "half": lambda page: page[:-9],
    "neither": lambda _: html("OK").encode(),
    "both": lambda _: html("RETCOD=0", "ERRNUM=4", "ERRMSG=Invalid patron PIN").encode(),
    "nearly": lambda _: html("RETCOD=00", "ERRNUM=4").encode(),
    "in a word": lambda _: html("ERRNUM=4", "ERRMSG=not RETCOD=0").encode(),
    "two": lambda _: html("RETCOD=1", "RETCOD=0").encode(),
}


@pytest.mark.parametrize("spoil", SPOILT_TESTS.values(), ids=SPOILT_TESTS)
def test_only_retcod_0_makes_a_right_pin(pages: PatronApiIls, spoil: Callable[[bytes], bytes]) -> None:
    """Alone, on its line, in a whole page."""
    with relaying(pages) as relay:
        pages.spoil = lambda page: page if b"[pb]" in page else spoil(page)
        with suppress(UnavailableError):
            heard = relay.ask(NUMBER, PIN)
            assert heard and not heard.right and isinstance(heard.relayed, RelayedPages)
            assert "RETCOD=0" not in (heard.relayed.pintest or "")


@pytest.mark.parametrize("status", [204, 302, 403, 404, 500, 503])
def test_only_status_200_is_an_answer(pages: PatronApiIls, status: int) -> None:
    """Whatever page comes with it."""
    pages.status = status
    with relaying(pages) as relay:
        assert away(relay)


def test_silence_ends(ils: Sip2Ils | PatronApiIls) -> None:
    """A question takes no longer than it may, and after a few nobody waits at all."""
    with relaying(ils) as relay:
        ils.hold.clear()
        began = time.monotonic()
        assert all(away(relay) for _ in range(FAILURES))
        waited = time.monotonic() - began
        assert 0.25 * FAILURES < waited < 0.3 * FAILURES + 1
        began = time.monotonic()
        assert all(away(relay) for _ in range(200))
        assert time.monotonic() - began < 0.2


def test_drops_end_too(ils: Sip2Ils | PatronApiIls) -> None:
    """An answer that comes letter by letter has no more time than another."""
    with relaying(ils) as relay:
        ils.drip = 0.05
        began = time.monotonic()
        assert away(relay)
        assert time.monotonic() - began < 1


def test_many_at_once_are_bounded(ils: Sip2Ils | PatronApiIls) -> None:
    """So many ask, as many wait, and the others are told at once."""
    with relaying(ils, connections=2, timeout_seconds=20) as relay:
        ils.hold.clear()
        told: list[bool] = []
        threads = [Thread(target=lambda: told.append(away(relay, pin="1"))) for _ in range(10)]
        for thread in threads:
            thread.start()
        # While the ILS says nothing, and long before anybody has waited for too long.
        until(lambda: len(told) == 6, 10)
        ils.hold.set()
        for thread in threads:
            thread.join(10)
        assert told == [True] * 6 + [False] * 4
        assert ils.connections <= 2


def test_who_waits_for_another_waits_no_longer(ils: Sip2Ils | PatronApiIls) -> None:
    """The time of a question is for its turn and its answer together."""
    with relaying(ils, connections=1) as relay:
        ils.hold.clear()
        took: list[float] = []

        def ask() -> None:
            began = time.monotonic()
            assert away(relay)
            took.append(time.monotonic() - began)

        threads = [Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(took) == 2 and max(took) < 1


def test_it_comes_back_by_itself() -> None:
    """One question tries, at longer and longer intervals; the first that is answered opens it for all."""
    now = [0.0]
    breaker = Breaker(5, lambda: now[0])

    def ask(error: type[Exception] | None = TimeoutError) -> str:
        try:
            with breaker.question():
                if error:
                    raise error
        except UnavailableError:
            return "refused"
        except TimeoutError:
            return "away"
        return "answered"

    assert [ask() for _ in range(FAILURES + 2)] == ["away"] * FAILURES + ["refused"] * 2
    for seconds in (1, 2, 4, 8, 16, 30, 30):
        now[0] += seconds - 0.1
        assert ask() == "refused"
        now[0] += 0.1
        assert ask() == "away"
    now[0] += 30
    with breaker.question():
        assert ask() == "refused"
    assert ask(None) == "answered"


def test_a_question_that_it_cannot_answer_is_nobody_elses(ils: Sip2Ils | PatronApiIls) -> None:
    """Somebody who types a user name, or a number that the ILS says something odd of, keeps nobody else out."""
    with relaying(ils) as relay:
        ils.spoil = lambda answer: answer if answer.startswith(b"94") else b"What?\r"
        for _ in range(FAILURES + 1):
            assert away(relay, "a/b", None)
        ils.spoil = lambda answer: answer
        assert not away(relay, pin="1")


def test_a_port_where_nobody_listens() -> None:
    """Is away within milliseconds."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    table = {"protocol": "sip2", "host": "127.0.0.1", "port": port, "tls": False}
    with closing(Relay(settings.Relay.model_validate(table))) as relay:
        began = time.monotonic()
        assert all(away(relay) for _ in range(10))
        assert time.monotonic() - began < 0.5


def test_no_letter_that_falls_over_makes_a_pin_right() -> None:
    """Whichever letter of the answer to a wrong PIN becomes which other."""
    told = framed(information(NUMBER, "1"), "2").rstrip(b"\r")
    for at in range(len(told)):
        for letter in b"YNA|0 9B":
            changed = told[:at] + bytes([letter]) + told[at + 1 :]
            with suppress(GarbledError):
                text = wire.checked(changed, 2, "utf-8")
                assert text is None or not wire.heard(text, NUMBER, "1").right


def test_another_of_us_is_an_ils_too(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our SIP2 server answers the relay, though neither knows of the other."""
    monkeypatch.setenv("RELAY_PASSWORD", seed.KEY)
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client())
    with serving(databases, institution="town") as served:
        table = {"protocol": "sip2", "host": "127.0.0.1", "port": served.port, "tls": False, "login": "vendor"}
        with closing(Relay(settings.Relay.model_validate(table))) as relay:
            right, wrong, nobody = (relay.ask(*asked) for asked in (("12345", "0412"), ("12345", "1"), (NOBODY, "1")))
    assert right and right.right and right.record and right.record.patron.family_name == "Ada Lovelace"
    assert wrong and not wrong.right and wrong.record and nobody and nobody.record is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('protocol = "ncip"\nhost = "x"', "relay.protocol"),
        ('protocol = "sip2"', "relay.host"),
        ('protocol = "sip2"\nhost = "x"\npath = "/x"', "relay: path: sip2 has none"),
        ('protocol = "patronapi"\nhost = "x"\nlogin = "us"', "relay: login: patronapi has none"),
        ('protocol = "sip2"\nhost = "x"\nlogin = "u|s"', "relay.login"),
        ('protocol = "sip2"\nhost = "x"\ntls = false\nca_file = "ca.pem"', "without tls there is no certificate"),
        ('protocol = "sip2"\nhost = "x"\nencoding = "utf-16"', "relay.encoding: should be an encoding that has ASCII"),
        ('protocol = "sip2"\nhost = "x"\nencoding = "martian"', "relay.encoding: should be an encoding such as"),
        ('protocol = "sip2"\nhost = "x"\ntimeout_seconds = 0', "relay.timeout_seconds"),
    ],
)
def test_what_is_configured_wrongly_is_said_in_a_line(tmp_path: Path, line: str, problem: str) -> None:
    """With file and key."""
    (tmp_path / "service.toml").write_text(f"[relay]\n{line}\n")
    with pytest.raises(ConfigError, match=re.escape(problem)):
        settings.load(tmp_path)


def test_a_certificate_lies_beside_the_configuration(tmp_path: Path) -> None:
    """Wherever a command is started."""
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "service.toml").write_text('[relay]\nprotocol = "sip2"\nhost = "x"\nca_file = "ca.pem"\n')
    relay = settings.load(folder).service.relay
    assert relay and relay.ca_file == tmp_path / "ca.pem"


@pytest.mark.parametrize("password", ["", "a|b", "a\tb"])
def test_a_password_that_cannot_be_sent_is_said_at_once(password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anybody is served."""
    monkeypatch.setenv("RELAY_PASSWORD", password)
    with pytest.raises(ConfigError, match="RELAY_PASSWORD"):
        Relay(settings.Relay.model_validate({"protocol": "sip2", "host": "x", "login": "us"}))
