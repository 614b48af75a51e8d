"""Every way to ask whether number and PIN belong together, each as a client that reads the answer as it should."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from flask.testing import FlaskClient

from access_service.clients import Clients
from access_service.domain.client import BY_ADDRESS, DialectName
from access_service.protocols.sip2.session import Session
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.sip2.talk import Talk, ask_63

Ask = Callable[[str, str], bool]


def _json(web: FlaskClient, number: str, pin: str) -> bool:
    asked = {"number": number, "pin": pin}
    told = web.post("/v1/authentications", json=asked, headers={"Authorization": f"Bearer {seed.KEY}"})
    return told.status_code == 200 and (told.json or {}).get("authenticated") is True


def _pintest(web: FlaskClient, number: str, pin: str) -> bool:
    told = web.get(f"/PATRONAPI/{quote(number)}/{quote(pin, safe='')}/pintest")
    return told.status_code == 200 and "RETCOD=0" in told.get_data(as_text=True)


def _ezproxy(web: FlaskClient, number: str, pin: str) -> bool:
    return "+VALID" in web.post("/ezproxy", data={"user": number, "pass": pin}).text


def _libauth(web: FlaskClient, number: str, pin: str) -> bool:
    return "+OK" in web.post("/libauth", data={"username": number, "password": pin}).text


def _koha(web: FlaskClient, number: str, pin: str) -> bool:
    asked = {"identifier": number, "password": pin}
    key = ("by-koha", seed.KEY)
    return web.post("/api/v1/auth/password/validation", json=asked, auth=key).status_code == 201


def _sierra(web: FlaskClient, number: str, pin: str) -> bool:
    asked, token = {"barcode": number, "pin": pin}, {"Authorization": f"Bearer {_token(web)}"}
    return web.post("/iii/sierra-api/v6/patrons/validate", json=asked, headers=token).status_code == 204


@lru_cache(maxsize=1)
def _token(web: FlaskClient) -> str:
    """Asked for once, as clients do."""
    return str((web.post("/iii/sierra-api/v6/token", auth=("by-sierra", seed.KEY)).json or {})["access_token"])


def _sip2(talk: Talk, number: str, pin: str) -> bool:
    assert talk.say(f"9300CNby-sip2|CO{seed.KEY}|") == "941"
    return "|BLY|CQY|" in talk.say(ask_63(number, pin))


@dataclass(frozen=True)
class Door:
    """`client` is the name of the only client there is once it is opened."""

    dialect: DialectName
    over_http: Callable[[FlaskClient, str, str], bool] | None

    def __str__(self) -> str:
        return self.dialect.value

    @property
    def client(self) -> str:
        return f"by-{self.dialect}"

    def opened(self, databases: Databases) -> Ask:
        """What asks. The patrons are there already."""
        asker = seed.client(self.client, dialects=frozenset({self.dialect}))
        seed.admit(databases, asker, None if self.dialect in BY_ADDRESS else seed.KEY)
        if over_http := self.over_http:
            web = seed.web(databases)
            return lambda number, pin: over_http(web, number, pin)
        directory, known = seed.directory(databases), Clients(databases.reader)
        return lambda number, pin: _sip2(Talk(Session(known, "127.0.0.1", "", seed.at_noon), directory), number, pin)


DOORS = (
    Door(DialectName.REST, _json),
    Door(DialectName.PATRONAPI, _pintest),
    Door(DialectName.EZPROXY, _ezproxy),
    Door(DialectName.LIBAUTH, _libauth),
    Door(DialectName.KOHA, _koha),
    Door(DialectName.SIERRA, _sierra),
    Door(DialectName.SIP2, None),
)
