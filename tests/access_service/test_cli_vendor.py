"""What it takes to connect a vendor: a test card, and a trial against the running service."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from access_service.admitting import random_pin
from access_service.domain.client import Client, DialectName
from access_service.domain.pins import PinKind, PinRule
from access_service.pin_vault import PEPPER_VARIABLE
from access_service.settings import Sip2
from access_service.storage import engine
from access_service.trying import over_sip2
from access_service.trying.trial import Secrets, Trial
from tests.access_service import seed
from tests.access_service.sip2.certificates import Authority
from tests.access_service.sip2.talk import speaking
from tests.access_service.sip2.test_server import Service
from tests.access_service.sip2.test_server import running as serving_sip2
from tests.access_service.test_web import running
from tests.commands import Commands
from tests.place import Place, copy_of
from tests.processes import free_port

HTTP_DIALECTS = ("rest", "patronapi", "ezproxy", "libauth", "koha", "sierra")
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


# -- against the running service ----------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path: Path, empty: Path, commands: Commands) -> Iterator[Place]:
    """A place whose service runs, with a patron whose PIN is 0412."""
    url = copy_of(empty, tmp_path)
    databases = engine.connect(url)
    seed.store(databases, seed.patron(given_name="Quillonia", expires=date.max), pin="0412")
    with running(url, tmp_path) as service:
        place = Place(tmp_path, commands, url)
        place.environment |= {"HTTP_PORT": str(service.port), PEPPER_VARIABLE: seed.PEPPER.hex()}
        yield place
    databases.dispose()


def test_every_dialect_is_tried_and_shown(served: Place) -> None:
    """Both sides of each, what it means, and neither PIN nor key; a wrong PIN; and what keeps out."""
    dialects = [f"--dialect={dialect}" for dialect in HTTP_DIALECTS]
    added = served.day("client", "add", "vendor", *dialects, "--district=demo", "--network=127.0.0.1", "--json")
    key = added.json["key"]
    tried = served.day("try-client", "vendor", "0012345", typed=f"0412\n{key}\n")
    assert tried.code == 0, tried
    assert [line for line in tried.out.splitlines() if line[:1].isalpha()] == sorted(HTTP_DIALECTS)
    assert tried.out.count("  = valid: ") == len(HTTP_DIALECTS)
    for line in (
        "  > POST /v1/authentications",
        "  > Authorization: Bearer ****",
        '  > {"number": "0012345", "pin": "****"}',
        "  < 200 OK",
        "  > GET /PATRONAPI/0012345/****/pintest",
        "  < RETCOD=0<BR>",
    ):
        assert f"\n{line}\n" in tried.out
    served.environment["CLIENT_KEY"] = key
    wrong = served.day("try-client", "vendor", "0012345", typed="9-8-7\n")
    assert wrong.code == 1 and wrong.out.count("  = not valid: ") == len(HTTP_DIALECTS)
    assert "standing active, PIN wrong" in wrong.out
    # Another's key; and where the address is all that counts and is not the client's, nothing is asked.
    far = ("client", "add", "far", "--dialect=rest", "--dialect=patronapi", "--district=demo", "--network=10.9.8.7")
    served.environment["CLIENT_KEY"] = served.day(*far, "--json").json["key"]
    kept_out = served.day("try-client", "far", "0012345", typed="0412\n")
    elsewhere = "this machine asks from 127.0.0.1, which is not in the client's networks (10.9.8.7/32)"
    assert kept_out.code == 1 and "PATRONAPI" not in kept_out.out
    assert f"\n  = not valid: not asked: {elsewhere}" in kept_out.out
    change = ("client", "change", "far", "--network", "10.9.8.7/32", "--network", "127.0.0.1")
    assert f"`access-service {' '.join(change)}`" in kept_out.out
    # 401 as long as the service has not read the clients again.
    assert re.search(r"\n  < 40[13] ", kept_out.out) and f"in this dialect: {elsewhere}" in kept_out.out
    said = "this is not the key of vendor; is it lost, `access-service client new-key vendor` makes another"
    assert served.day("try-client", "vendor", "0012345", typed="0412\n").refused() == said
    for secret in (key, "0412", "9-8-7", base64.b64encode(f"vendor:{key}".encode()).decode()):
        assert secret not in tried.out + tried.err + wrong.out + wrong.err


def test_a_service_that_is_not_there_is_told(place: Place) -> None:
    """In a line for each dialect, with the remedy; so is a client that is not there."""
    place.environment["HTTP_PORT"] = str(free_port())
    key = place.day(*ADD, "--district", "demo", "--json").json["key"]
    tried = place.day("try-client", "vendor", "0012345", typed=f"0412\n{key}\n")
    assert (tried.code, tried.err) == (1, "")
    said = r"= not valid: nothing answers at 127\.0\.0\.1 port \d+ \(Connection refused\): is `access-service serve`"
    assert re.search(said, tried.out)
    assert place.day("try-client", "nobody", "1", typed="1\n").refused() == "no client 'nobody'; there are: vendor"


# -- over SIP2 ----------------------------------------------------------------------------------------------------


Stored = Callable[..., Place]
KEY = f"{seed.KEY} of vendor"


@pytest.fixture
def stored(tmp_path: Path, empty: Path, commands: Commands) -> Stored:
    """Makes a place with a patron whose PIN is 0412, and these clients of SIP2."""

    def store(*asking: Client) -> Place:
        url = copy_of(empty, tmp_path)
        databases = engine.connect(url)
        seed.store(databases, seed.patron(expires=date.max), pin="0412")
        for one in asking:
            seed.admit(databases, replace(one, dialects=frozenset({DialectName.SIP2})), f"{seed.KEY} of {one.name}")
        databases.dispose()
        return Place(tmp_path, commands, url)

    return store


def knows(place: Place, service: Service, old: str, keys: str) -> None:
    """Tell `place` where the service is, and these keys of [sip2] in place of `old`."""
    place.environment |= {"SIP2_PORT": str(service.port), PEPPER_VARIABLE: seed.PEPPER.hex()}
    place.edit(old, keys, "service.toml")


def attempt(place: Place, number: str, *typed: str, name: str = "vendor") -> str:
    """What a trial of a client shows; no secret that is right is in it."""
    ended = place.day("try-client", name, number, typed="".join(f"{line}\n" for line in typed))
    assert (ended.code == 0, ended.err) == ("= valid" in ended.out, "")
    assert not re.search(f"0412|{seed.KEY}", ended.out)
    return ended.out


def test_sip2_is_tried_as_the_client_logs_in(stored: Stored, tmp_path: Path) -> None:
    """Both sides, with secrets and the checksums of them masked, and what the flags, BL and CQ mean."""
    place = stored(speaking(), speaking("bare", without_login=True))
    with serving_sip2(place.database_url, tmp_path / "served") as service:
        knows(place, service, "processes = 1", "processes = 2")
        right = attempt(place, "0012345", "0412", KEY)
        assert right.startswith("sip2\n  > 9300CNvendor|CO****|CPtrial|AY0AZ****\n  < 941AY0AZFDFD\n  > 63000")
        assert re.search(r"AO\|AA0012345\|AC\|AD\*{4}\|AY1AZ\*{4}\n  < 64 {14}000", right)
        assert right.endswith("  = valid: the PIN is right; the card is good\n\n")
        assert "= not valid: the PIN is wrong, or too many" in attempt(place, "0012345", "0413", KEY)
        assert "= not valid: nobody has this number" in attempt(place, "77", "0412", KEY)
        # By the address alone no key is asked for.
        assert attempt(place, "0012345", "0412", name="bare").startswith("sip2\n  > 63000")
    gone = attempt(place, "0012345", "0412", KEY)
    assert "(Connection refused): is `access-service serve-sip2` running?" in gone


def test_a_service_that_prompts_nobody_is_said_to_run(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a prompt in vain is not told to start the service."""
    monkeypatch.setattr(over_sip2, "SECONDS", 0.2)
    with serving_sip2(stored(speaking()).database_url, tmp_path / "served") as service:
        asked = Trial(speaking(prompts=True), "0012345", Secrets("0412", KEY), "127.0.0.1", service.port)
        assert over_sip2.attempt(asked, Sip2()).meaning.startswith("the service runs, and asks for no login: ")


def test_sip2_is_tried_over_tls(stored: Stored, tmp_path: Path) -> None:
    """The configured certificate is trusted, another is one line; and so is a service that wants the client's."""
    place, authority = stored(speaking(prompts=True)), Authority(tmp_path)
    shown, other = ('tls_certificate = "{}"\ntls_key = "{}"\n'.format(*authority.issue(name)) for name in "ab")
    asking = f'{shown}tls_client_ca = "{authority.file}"\n'
    with serving_sip2(place.database_url, tmp_path / "served", shown) as service:
        knows(place, service, "processes = 1\n", shown)
        right = attempt(place, "0012345", "0412", KEY)
        assert right.startswith("sip2\n  < login:\n  > vendor\n  < password:\n  > ****\n  < Login OK.")
        assert right.endswith("  = valid: the PIN is right; the card is good\n\n")
        knows(place, service, shown, other)
        told = attempt(place, "0012345", "0412", KEY)
        assert "= not valid: TLS: " in told and "shows another certificate than tls_certificate" in told
    place.edit(other, asking, "service.toml")
    assert "= not valid: not asked: the service wants a certificate" in attempt(place, "0012345", "0412", KEY)
