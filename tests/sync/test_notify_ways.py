"""Mail and webhook, to real servers on loopback."""

import base64
import hashlib
import hmac
import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from access_service.errors import ConfigError
from access_service.notices import Mail, Notify
from access_service.settings import District, load
from sync.notify import mail, webhook
from sync.notify.message import Message, trial
from sync.notify.trouble import NotToldError
from tests.commands import Commands
from tests.place import Place
from tests.processes import free_port
from tests.sync.listeners import PASSWORD, USER, Authority, MailServer, receiver

NOW = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
TO = ("night@library.example", "it@schools.example")
SECRET = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def _trust(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the authority of the tests, and knows the passwords."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)


@pytest.fixture
def district() -> District:
    return load(Path("config")).districts["demo"]


@pytest.fixture
def message(district: District) -> Message:
    return trial(district, NOW)


def by(server: MailServer, tls: str, user: str = USER) -> Mail:
    return Mail.model_validate(
        {"host": "localhost", "port": server.port, "tls": tls, "user": user, "sender": "night@library.example"}
    )


# -- mail -----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["starttls", "tls"])
def secure(request: pytest.FixtureRequest, authority: Authority) -> Callable[..., MailServer]:
    """A mail server of each kind of TLS."""
    return lambda name="localhost": MailServer(locked=True, **{request.param: authority.context(name)})


def kind(server: MailServer) -> str:
    return "tls" if server.tls else "starttls"


def test_mail_goes_out_under_tls(secure: Callable[..., MailServer], message: Message) -> None:
    """By STARTTLS and by TLS from the start, as the user that the configuration names."""
    with secure() as server:
        assert mail.send(by(server, kind(server)), TO, message, NOW) == f"to 2 addresses by localhost:{server.port}"
    (letter,) = server.letters
    assert (letter["X-Recipients"], letter["X-User"]) == (", ".join(TO), USER)
    assert letter["X-TLS"] == "yes" or server.tls
    assert letter["Subject"] == "demo: a test (Maple County Schools (synthetic))"
    assert (letter["From"], letter["Auto-Submitted"]) == ("night@library.example", "auto-generated")
    assert letter.get_content_type() == "text/plain" and "Nothing is wrong" in str(letter.get_payload())


def test_another_name_on_the_certificate_is_refused(secure: Callable[..., MailServer], message: Message) -> None:
    """Somebody else's server gets neither the password nor the message."""
    with secure("elsewhere.example") as server, pytest.raises(NotToldError, match="Hostname mismatch") as refused:
        mail.send(by(server, kind(server)), TO, message, NOW)
    assert not server.letters and not refused.value.passing


def test_a_certificate_of_nobody_is_refused(
    secure: Callable[..., MailServer], message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that no trusted authority signed."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with secure() as server, pytest.raises(NotToldError, match=r"unable to get local issuer.*machine trusts"):
        mail.send(by(server, kind(server)), TO, message, NOW)
    assert not server.letters


def test_nothing_is_sent_where_tls_is_missing(message: Message) -> None:
    """A server without STARTTLS, or with someone between who takes it out of its greeting."""
    with MailServer() as server, pytest.raises(NotToldError, match=r"STARTTLS.*without it nothing is sent"):
        mail.send(by(server, "starttls", ""), TO, message, NOW)
    assert not server.letters


def test_the_servers_own_words_are_told(
    secure: Callable[..., MailServer], message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a wrong password, and of an address that it does not take; the others of the same message get it."""
    with secure() as server:
        server.handler.refuse = {TO[1]: "550 no such mailbox"}
        with pytest.raises(NotToldError, match=f"{TO[1]}: 550 no such mailbox; check \\[notify\\] to") as refused:
            mail.send(by(server, kind(server)), TO, message, NOW)
        assert [letter["X-Recipients"] for letter in server.letters] == [TO[0]] and not refused.value.passing
        monkeypatch.setenv("SMTP_PASSWORD", "wrong")
        with pytest.raises(NotToldError, match=r"535 5.7.8 .*check \[mail\] user and SMTP_PASSWORD") as refused:
            mail.send(by(server, kind(server)), TO, message, NOW)
    assert not refused.value.passing and "wrong" not in str(refused.value)


def test_a_server_that_is_away_may_come_back(message: Message) -> None:
    """Worth another try, unlike a refusal."""
    away = Mail(host="localhost", port=free_port(), sender="night@library.example")
    with pytest.raises(NotToldError, match="Connection refused; is it running") as refused:
        mail.send(away, TO, message, NOW)
    assert refused.value.passing


def test_no_name_makes_a_header(secure: Callable[..., MailServer], district: District) -> None:
    """A district's name is shown as it is, its line breaks spelled out."""
    named = district.district.model_copy(update={"name": "École\r\nBcc: everybody@example.com"})
    hostile = trial(district.model_copy(update={"district": named}), NOW)
    with secure() as server:
        mail.send(by(server, kind(server)), TO, hostile, NOW)
    assert server.letters[0]["Subject"] == r"demo: a test (\xc9cole\r\nBcc: everybody@example.com)"
    assert server.letters[0]["Bcc"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        'host = "mail.example"\ntls = "none"\nsender = "a@b.example"',
        'host = "mail.example"\nsender = "a@b.example\\nBcc: c@d.example"',
        'host = "mail.example\\n"\nsender = "a@b.example"',
        'host = "mail.example"\nsender = "A <a@b.example>"',
    ],
)
def test_mail_that_would_not_be_safe_is_no_configuration(wrong: str) -> None:
    """Plain text over a network, and what would make headers."""
    with pytest.raises(ValidationError):
        Mail.model_validate(tomllib.loads(wrong))


# -- webhook --------------------------------------------------------------------------------------------------------


def test_a_post_is_signed(authority: Authority, message: Message) -> None:
    """Over id, time and body, as any Standard Webhooks library checks it."""
    with receiver(authority.context()) as heard:
        assert webhook.post(heard.url, message, NOW) == f"to {heard.url.removesuffix('/hooks/secret?of=library')}"
    ((path, headers, body),) = heard.posts
    assert path == "/hooks/secret?of=library" and headers["content-type"] == "application/json"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    mark = base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mark}"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    told = json.loads(body)
    assert (told["id"], told["district"], told["events"]) == (headers["webhook-id"], "demo", [])
    assert told["subject"] == message.subject and told["text"] == message.text


def test_a_redirect_is_not_followed(message: Message) -> None:
    """What is meant for one goes to no other."""
    with receiver() as there, receiver() as heard:
        heard.status, heard.headers = 307, {"Location": there.url}
        with pytest.raises(NotToldError, match="307 Temporary Redirect; redirects are not followed") as refused:
            webhook.post(heard.url, message, NOW)
    assert (len(heard.posts), there.posts) == (1, []) and "/hooks" not in str(refused.value)


@pytest.mark.parametrize(("status", "passing"), [(401, False), (404, False), (429, True), (503, True)])
def test_a_refusal_is_told(message: Message, status: int, passing: bool) -> None:
    """With its number; only what can heal by itself is tried again."""
    with receiver() as heard:
        heard.status = status
        with pytest.raises(NotToldError, match=str(status)) as refused:
            webhook.post(heard.url, message, NOW)
    assert refused.value.passing is passing


def test_a_wrong_certificate_hears_nothing(authority: Authority, message: Message) -> None:
    """Neither the message nor a signature."""
    with (
        receiver(authority.context("elsewhere.example")) as heard,
        pytest.raises(NotToldError, match="Hostname mismatch"),
    ):
        webhook.post(heard.url, message, NOW)
    assert heard.posts == []


def test_without_a_secret_nothing_is_posted(message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver could not tell it from anybody's."""
    with receiver() as heard:
        for weak in ("c2hvcnQ=", "not base64!"):
            monkeypatch.setenv("WEBHOOK_SECRET", weak)
            with pytest.raises(ConfigError, match="base64 of 24 bytes"):
                webhook.post(heard.url, message, NOW)
    assert heard.posts == []


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/a",
        "https://user:pw@hooks.example/",
        "ftp://localhost/",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX: y",
        "http://localhost.example/",
    ],
)
def test_a_webhook_is_https_or_here(url: str) -> None:
    """And says nothing that belongs into a header."""
    with pytest.raises(ValidationError):
        Notify(webhook=url)
    assert Notify(webhook="http://127.0.0.1:9000/x").webhook and Notify(webhook="https://hooks.example/x").webhook


# -- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path, authority: Authority) -> Place:
    made = Place.on_sqlite(tmp_path, commands, empty)
    made.environment |= {
        "SSL_CERT_FILE": str(authority.path),
        "SMTP_PASSWORD": PASSWORD,
        "WEBHOOK_SECRET": SECRET,
    }
    return made


def test_each_way_is_tried_by_command(place: Place, authority: Authority) -> None:
    """One line each; exit code 1 where one failed."""
    assert place.sync("notify", "--test").out == "nothing is sent: no [notify] names an address or a webhook\n"
    with MailServer(starttls=authority.context(), locked=True) as server, receiver() as heard:
        table = f'[notify]\nto = ["{TO[0]}"]\nwebhook = "{heard.url}"\n[calendar]'
        place.edit("[calendar]", table)
        assert "notify.to: needs a [mail] server in service.toml" in place.sync("notify", "--test").refused()
        place.edit(
            "[database]",
            f'[mail]\nhost = "localhost"\nport = {server.port}\nuser = "{USER}"\nsender = "{TO[0]}"\n[database]',
            "service.toml",
        )
        sent = place.sync("notify", "--test", "demo")
        place_of = f"localhost:{server.port}"
        assert (sent.code, sent.out.splitlines()) == (
            0,
            [f"demo: mail sent to 1 addresses by {place_of}", f"demo: webhook sent to {heard.url[:-24]}"],
        )
        assert len(server.letters) == len(heard.posts) == 1
        heard.status = 401
        refused = place.sync("notify", "--test", "--json")
        assert refused.code == 1 and [bool(each["error"]) for each in refused.json["told"]] == [False, True]
        assert place.sync("notify").out == "nothing is sent: there is nothing that people do not know\n"
