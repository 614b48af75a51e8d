"""What clients make of each dialect's answer, in the words of the tables in docs/answers.md."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Self
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from access_service.domain.wording import Language
from access_service.errors import UnavailableError
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.sip2.talk import DATE, LOGIN, Talk

AUTHORIZED = {"Authorization": f"Bearer {seed.KEY}"}
BASIC = {"Authorization": f"Basic {base64.b64encode(f'vendor:{seed.KEY}'.encode()).decode()}"}
SIERRA = "/iii/sierra-api/v6"
NO_DATE = "  -  -  "
SIP2_LANGUAGES = {None: "000", Language.ENGLISH: "001", Language.SPANISH: "008"}


class Said(NamedTuple):
    """An answer: as the table has it, all its bytes, and what a person reads (None: nothing is said here)."""

    cell: str
    raw: bytes
    message: str | None = None


@dataclass(frozen=True)
class Doors:
    """Where a client can ask, and the language that it names in its questions, if it names one."""

    web: FlaskClient
    talk: Talk
    language: Language | None = None

    @classmethod
    def of(cls, databases: Databases) -> Self:
        return cls(seed.web(databases), Talk.with_(databases))


# The PIN is None where none is sent.
Reader = Callable[[Doors, str, str | None], Said]


def rest(doors: Doors, number: str, pin: str | None) -> Said:
    """POST /v1/authentications."""
    asked = {"number": number} | ({} if pin is None else {"pin": pin})
    named = {"Accept-Language": f"{doors.language}, *;q=0.1"} if doors.language else {}
    response = doors.web.post("/v1/authentications", json=asked, headers=AUTHORIZED | named)
    told = response.get_json()
    if response.status_code != 200:
        return Said(str(response.status_code), wire(response))
    authenticated = str(told["authenticated"]).lower()
    return Said(f"200 {authenticated} {told['standing']} {told['pin']}", wire(response), told["message"])


def rest_get(doors: Doors, number: str, _: str | None) -> Said:
    """GET /v1/patrons/NUMBER."""
    response = doors.web.get(f"/v1/patrons/{quote(number, safe='')}", headers=AUTHORIZED)
    standing = f" {response.get_json()['standing']}" if response.status_code == 200 else ""
    return Said(f"{response.status_code}{standing}", wire(response))


def pintest(doors: Doors, number: str, pin: str | None) -> Said:
    """In III's form; where no PIN is sent, in that of Palace."""
    if pin is None:
        response = doors.web.post("/PATRONAPI/pintest", data={"number": number})
    else:
        response = doors.web.get(f"/PATRONAPI/{quote(number, safe='')}/{quote(pin, safe='')}/pintest")
    return Said(_codes(response), wire(response))


def dump(doors: Doors, number: str, _: str | None) -> Said:
    """As clients read it: the date and the block say whether the card is good, the date first."""
    response = doors.web.get(f"/PATRONAPI/{quote(number, safe='')}/dump")
    shown = re.search(r"^EXP DATE\[p43\]=(.{8})<BR>$", response.text, re.MULTILINE)
    block = re.search(r"^MBLOCK\[p56\]=(.)<BR>$", response.text, re.MULTILINE)
    if not shown or not block:
        return Said(_codes(response), wire(response))
    return Said(f"p43 ahead MBLOCK={block[1]}" if _is_good(shown[1]) else "p43 passed", wire(response))


def ezproxy(doors: Doors, number: str, pin: str | None) -> Said:
    """Both ways of asking, and the page searched as EZproxy does it."""
    asked = {"user": number} | ({} if pin is None else {"pass": pin})
    posted, got = doors.web.post("/ezproxy", data=asked), doors.web.get("/ezproxy", query_string=asked)
    assert posted.text == got.text
    if posted.status_code != 200:
        return Said(str(posted.status_code), wire(posted))
    is_valid = re.search(r"\+valid|webchkpass", posted.text, re.IGNORECASE)
    return Said("+VALID" if is_valid else "+NO", wire(posted))


def libauth(doors: Doors, number: str, pin: str | None) -> Said:
    """As text, and as JSON, which says the same."""
    asked = {"username": number} | ({} if pin is None else {"password": pin})
    text = doors.web.post("/libauth", data=asked)
    json = doors.web.post("/libauth", data=asked, headers={"Accept": "application/json"})
    if text.status_code != 200:
        return Said(str(text.status_code), wire(text))
    assert json.get_json()["auth"] == ("+OK" in text.text) == ('"auth":true' in json.text)
    return Said("+OK" if "+OK" in text.text else "+NO", wire(text) + wire(json))


def koha(doors: Doors, number: str, pin: str | None) -> Said:
    """The status is the answer."""
    asked = {"identifier": number} | ({} if pin is None else {"password": pin})
    response = doors.web.post("/api/v1/auth/password/validation", json=asked, headers=BASIC)
    assert response.status_code != 400 or response.get_json() == {"error": "Validation failed"}
    return Said(str(response.status_code), wire(response))


def sierra(doors: Doors, number: str, pin: str | None) -> Said:
    """`validate`, and `auth`, which says the same: the status is the answer."""
    token = _token(doors)
    if isinstance(token, Said):
        return token
    secret = {} if pin is None else {"pin": pin, "patronSecret": pin}
    asked = {"authMethod": "native", "barcode": number, "patronId": number} | secret
    validated = doors.web.post(f"{SIERRA}/patrons/validate", json=asked, headers=token)
    auth = doors.web.post(f"{SIERRA}/patrons/auth", json=asked, headers=token)
    assert (validated.status_code, auth.status_code) in {(204, 200), (400, 400), (503, 503)}
    return Said(str(validated.status_code), wire(validated) + wire(auth))


def sierra_find(doors: Doors, number: str, _: str | None) -> Said:
    """Date and block say whether the card is good, the date first."""
    token = _token(doors)
    if isinstance(token, Said):
        return token
    sought = {"varFieldTag": "b", "varFieldContent": number}
    response = doors.web.get(f"{SIERRA}/patrons/find", query_string=sought, headers=token)
    told = response.get_json()
    if response.status_code != 200:
        return Said(f"{response.status_code} {told['code']}".removesuffix(" 0"), wire(response))
    if date.fromisoformat(told["expirationDate"]) < seed.TODAY:
        return Said("date passed", wire(response))
    return Said(f"date ahead block {told['blockInfo']['code']}", wire(response))


def sip2(doors: Doors, number: str, pin: str | None) -> Said:
    """By 63 and by 23, which say the same: the flags, BL and CQ; AF to people."""
    secret = "" if pin is None else f"AD{pin}|"
    named, fields = f"{SIP2_LANGUAGES[doors.language]}{DATE}", f"AOhere|AA{number}|AC|{secret}"
    information, status = _sip2(doors.talk, f"63{named}{10 * ' '}{fields}"), _sip2(doors.talk, f"23{named}{fields}")
    assert (information.cell, information.message) == (status.cell, status.message)
    return information._replace(raw=information.raw + status.raw)


def _sip2(talk: Talk, text: str) -> Said:
    try:
        if talk.session.client is None:
            talk.raw(LOGIN.encode())
        raw = talk.raw(text.encode()).data
    except UnavailableError:
        raw = talk.session.unavailable().data
    if raw.startswith(b"96"):
        return Said("96", raw)
    told = raw.decode()
    flags, valid, right, message = (
        told[2:16].strip(),
        *(re.findall(rf"\|{name}(.*?)\|", told)[0] for name in ("BL", "CQ", "AF")),
    )
    return Said(" ".join(filter(None, (flags, f"BL{valid}", f"CQ{right}"))), raw, message)


def _token(doors: Doors) -> dict[str, str] | Said:
    response = doors.web.post(f"{SIERRA}/token", headers=BASIC)
    if response.status_code != 200:
        return Said(str(response.status_code), wire(response))
    return {"Authorization": f"Bearer {response.get_json()['access_token']}"}


WITH_PIN: dict[str, Reader] = {
    "`rest`": rest,
    "`patronapi` pintest": pintest,
    "`ezproxy`": ezproxy,
    "`libauth`": libauth,
    "`koha`": koha,
    "`sierra` validate": sierra,
    "`sip2`": sip2,
}
WITHOUT_PIN: dict[str, Reader] = {"`rest` GET": rest_get, "`patronapi` dump": dump, "`sierra` find": sierra_find}


def wire(response: TestResponse) -> bytes:
    """All that is sent."""
    return f"{response.headers}".encode() + response.get_data()


def _codes(response: TestResponse) -> str:
    if response.status_code != 200:
        return str(response.status_code)
    return " ".join(re.findall(r"^((?:RETCOD|ERRNUM)=\d)<BR>$", response.text, re.MULTILINE))


def _is_good(shown: str) -> bool:
    return shown == NO_DATE or datetime.strptime(shown, "%m-%d-%y").date() >= seed.TODAY  # noqa: DTZ007 - a date
