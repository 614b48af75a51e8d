"""An API is called with patience, without harm, and what is wrong with it is said in a line without a patron in it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from access_service.errors import ConfigError
from access_service.ils import Delivery, Ils
from sync.ils.api import Api, client_credentials, telling
from sync.ils.trouble import UndeliveredError
from tests.sync.ils.changes import CHANGES
from tests.sync.ils.http_server import ApiServer, Asked, Said, cut, cut_after, serving, status
from tests.sync.listeners import Authority

KEY, SECRET = "a key", "a word of secret"
ORDER = CHANGES["new"]


class Model:
    """Gives out tokens, and keeps what it is told by number."""

    def __init__(self) -> None:
        self.tokens, self.told, self.words = 0, dict[str, str](), ""

    def __call__(self, asked: Asked) -> Said:
        if asked.path == "/token":
            if asked.headers["authorization"] != "Basic YSBrZXk6YSB3b3JkIG9mIHNlY3JldA==":
                return Said(401, {"error": "who is a word of secret?"})
            self.tokens += 1
            return Said(200, {"access_token": f"t{self.tokens}"})
        if asked.headers.get("authorization") != f"Bearer t{self.tokens}":
            return Said(401, {"error": "expired"})
        if self.words:
            return Said(400, {"errors": [{"message": self.words}]})
        self.told[asked.path] = asked.json["name"]
        return Said(201, {})


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ILS_API_KEY", KEY)
    monkeypatch.setenv("ILS_API_SECRET", SECRET)
    monkeypatch.setattr("sync.ils.api.patience.FIRST_WAIT", 0.001)


@pytest.fixture
def server(model: Model) -> Iterator[ApiServer]:
    with serving(model) as started:
        yield started


def ils(url: str, **keys: Any) -> Ils:
    delivery = Delivery.model_validate({"to": "api", "url": url, "timeout_seconds": 0.3, "tries": 3, **keys})
    return Ils.model_construct(delivery=delivery)


def tell(url: str, **keys: Any) -> str:
    """The answer to one order, told in a session of its own."""

    def told(api: Api, order: Any) -> None:
        api.ask("POST", f"patrons/{order.account.library_number}", {"name": order.account.family_name})

    with telling(ils(url, **keys), client_credentials("token", basic=True), told) as call:
        return call(ORDER)


def error_of(server: ApiServer, **keys: Any) -> str:
    with pytest.raises(UndeliveredError) as caught:
        tell(server.url, **keys)
    said = str(caught.value)
    assert f"127.0.0.1:{server.port}" in said and "\n" not in said
    assert not any(word in said for word in ("Synthetica", "Testa", SECRET, KEY, ORDER.account.library_number))
    return said


def test_an_order_is_told_with_a_token(server: ApiServer, model: Model) -> None:
    """One login and one call, and nothing is to be said of it."""
    assert tell(server.url) == ""
    assert model.told == {"/patrons/290000001": "Synthetica"} and model.tokens == 1


@pytest.mark.parametrize("fault", [status(500), status(502), status(503), status(504), status(429), cut, cut_after])
def test_what_passes_is_waited_for(server: ApiServer, model: Model, fault: Any) -> None:
    """A server that is out of order twice is told the third time."""
    server.fail("POST /patrons", fault, times=2)
    assert tell(server.url) == "" and len(model.told) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (status(502), "out of order (HTTP 502)"),
        (status(429), "set pause_seconds in [ils.delivery]"),
        (cut, "the connection broke"),
        (status(403), "check the permissions of ILS_API_KEY"),
        (status(302, Location="http://127.0.0.1:9/"), "sends us elsewhere (HTTP 302)"),
        (lambda _: Said(200, b"<html>Testa</html>"), "is no API; check [ils.delivery] url"),
        (status(404), "is no API; check [ils.delivery] url"),
        (status(418), "none of its own (HTTP 418)"),
        (lambda _: Said(200, b" " * 5_000_000), "its answer has no end"),
    ],
)
def test_what_does_not_pass_is_said(server: ApiServer, model: Model, fault: Any, says: str) -> None:
    """In a line that names the host and the remedy, and none of a body; nothing counts as told."""
    server.fail("POST /patrons", fault, times=3)
    assert says in error_of(server)
    assert not model.told


def test_no_answer_is_said(server: ApiServer) -> None:
    """After the time that the configuration gives it, each try."""
    server.fail("POST /patrons", server.late, times=3)
    assert "no answer within 0.05 seconds" in error_of(server, timeout_seconds=0.05)


def test_nobody_there_is_said() -> None:
    """With what to check."""
    with pytest.raises(UndeliveredError, match=r"127\.0\.0\.1:9: nothing answers there; check \[ils\.delivery\] url"):
        tell("http://127.0.0.1:9")


def test_the_server_says_how_long_to_wait(server: ApiServer) -> None:
    """Retry-After is heeded, in seconds; and no more than is bearable."""
    server.fail("POST /patrons", status(429, Retry_After="1"))
    start = time.monotonic()
    assert tell(server.url) == ""
    assert time.monotonic() - start >= 1


@pytest.mark.parametrize(("said", "seconds"), [("99999", 120), ("soon", 0), ("9" * 400, 120), ("-1", 0)])
def test_no_server_has_us_wait_for_ever(server: ApiServer, monkeypatch: Any, said: str, seconds: float) -> None:
    """Two minutes at most, and nothing that it says breaks the load."""
    waited: list[float] = []
    monkeypatch.setattr("sync.ils.api.patience.time.sleep", waited.append)
    server.fail("POST /patrons", status(429, Retry_After=said))
    assert tell(server.url) == "" and max(waited) == max(seconds, 0.001)


def test_an_old_token_is_renewed_once(server: ApiServer, model: Model) -> None:
    """A key that is good gets another; one that is not is not tried until it is locked."""

    def told(api: Api, _: Any) -> None:
        api.ask("POST", "patrons/1", {"name": ""})

    with telling(ils(server.url), client_credentials("token", basic=True), told) as call:
        assert call(ORDER) == ""
        model.tokens += 1
        assert call(ORDER) == "" and model.tokens == 3
        server.fail("POST /patrons", status(401), times=2)
        with pytest.raises(UndeliveredError, match="our key may not do this"):
            call(ORDER)
    assert model.tokens == 4


def test_a_wrong_key_is_tried_once(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """And said without the secret, though the server says it."""
    monkeypatch.setenv("ILS_API_SECRET", "another word")
    assert "no token for ILS_API_KEY and ILS_API_SECRET (HTTP 401); check both" in error_of(server)
    assert len(server.calls) == 1


def test_no_key_is_said(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is called."""
    monkeypatch.delenv("ILS_API_KEY")
    with pytest.raises(ConfigError, match="set ILS_API_KEY"):
        tell(server.url)
    assert not server.calls


def test_a_refusal_is_the_answer(server: ApiServer, model: Model) -> None:
    """In the ILS's own words, without those that say who it is, and no longer than a line."""
    model.words = "No branch\x1b[2J\nfor SYNTHETICA, Testa (0000001), pin 0303! " + "x" * 300
    assert tell(server.url).startswith("HTTP 400: No branch [2J for …, … (…), pin …! xxx")
    assert len(tell(server.url)) == 200


def test_one_that_breaks_the_server_does_not_hold_up_the_others(server: ApiServer) -> None:
    """It is refused; but when nobody gets through, it is the server."""

    def told(api: Api, _: Any) -> None:
        api.ask("POST", "patrons/1", {"name": ""})

    with telling(ils(server.url, tries=1), client_credentials("token", basic=True), told) as call:
        server.fail("POST /patrons", status(500), times=3)
        assert [call(ORDER)[:8] for _ in range(4)] == ["HTTP 500", "HTTP 500", "HTTP 500", ""]
        server.fail("POST /patrons", status(500), times=4)
        assert [call(ORDER)[:8] for _ in range(3)] == ["HTTP 500"] * 3
        with pytest.raises(UndeliveredError, match="out of order"):
            call(ORDER)


def test_there_is_a_pause_between_calls(server: ApiServer) -> None:
    """Login and call, 0.1 seconds apart."""
    start = time.monotonic()
    assert tell(server.url, pause_seconds=0.1) == ""
    assert time.monotonic() - start >= 0.1


@pytest.mark.parametrize(
    "url", ["https://", "https://[x", "https://a b/", "https://a..b", "https://u:p@a.b/", "https://a.b?c", "http://a.b"]
)
def test_no_other_address_is_an_apis(url: str) -> None:
    """None that errors would tell a password of, and none without TLS."""
    with pytest.raises(ValidationError):
        Delivery(to="api", url=url)


def test_only_a_trusted_server_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of a stranger ends it at once, and SSL_CERT_FILE names a private authority."""
    authority, model = Authority(tmp_path), Model()
    with serving(model, authority.context()) as server:
        url = f"https://localhost:{server.port}"
        with pytest.raises(UndeliveredError, match="no TLS with it; its certificate must be for this name"):
            tell(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        assert tell(url) == ""
