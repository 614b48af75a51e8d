"""Each dialect over HTTP as a client reads it: what was told of one number and PIN."""

import base64
import re
from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple
from urllib.parse import quote

from flask.testing import FlaskClient

from access_service.domain.client import DialectName
from tests.access_service import seed

NAME = "keyed"
BEARER = {"Authorization": f"Bearer {seed.KEY}"}
BASIC = {"Authorization": f"Basic {base64.b64encode(f'{NAME}:{seed.KEY}'.encode()).decode()}"}


class Told(NamedTuple):
    """What a client learns of card, PIN and standing: None where the dialect does not say. `let_in` is what a client
    makes of it that goes by everything it is told."""

    found: bool | None
    pin: bool | None
    good: bool | None
    let_in: bool


NO = Told(None, None, None, False)
YES = Told(True, True, True, True)


def by_rest(web: FlaskClient, number: str, pin: str) -> Told:
    told = web.post("/v1/authentications", json={"number": number, "pin": pin}, headers=BEARER).json or {}
    pin_ok, good = told["pin"] == "ok", told["standing"] == "active"
    assert told["authenticated"] == (pin_ok and good)
    return Told(told["standing"] != "unknown", pin_ok, good, told["authenticated"])


def by_patronapi(web: FlaskClient, number: str, pin: str) -> Told:
    """RETCOD, then date and block."""
    tested = web.get(f"/PATRONAPI/{quote(number)}/{quote(pin, safe='')}/pintest").get_data(as_text=True)
    dumped = web.get(f"/PATRONAPI/{quote(number)}/dump").get_data(as_text=True)
    shown = re.search(r"^EXP DATE\[p43\]=(.{8})<BR>$", dumped, re.MULTILINE)
    assert ("ERRNUM=1<BR>" in tested) == ("ERRNUM=1<BR>" in dumped) == (shown is None)
    pin_ok = "RETCOD=0<BR>" in tested
    good = shown is not None and _is_good(shown[1]) and "MBLOCK[p56]=-<BR>" in dumped
    return Told(shown is not None, pin_ok, good, pin_ok and good)


def _is_good(shown: str) -> bool:
    return shown == "  -  -  " or datetime.strptime(shown, "%m-%d-%y").date() >= seed.TODAY  # noqa: DTZ007 - a date


def by_ezproxy(web: FlaskClient, number: str, pin: str) -> Told:
    """Both ways of asking, and a page searched as EZproxy searches it."""
    asked = {"user": number, "pass": pin}
    page = web.post("/ezproxy", data=asked).get_data(as_text=True)
    assert web.get("/ezproxy", query_string=asked).get_data(as_text=True) == page
    return YES if re.search(r"\+VALID|webchkpass", page, re.IGNORECASE) else NO


def by_libauth(web: FlaskClient, number: str, pin: str) -> Told:
    """As text and as JSON."""
    asked = {"username": number, "password": pin}
    page = web.post("/libauth", data=asked).get_data(as_text=True)
    told = web.post("/libauth", data=asked, headers={"Accept": "application/json"})
    assert ("+OK" in page) == (told.json or {})["auth"] == ('"auth":true' in told.get_data(as_text=True))
    return YES if "+OK" in page else NO


def by_koha(web: FlaskClient, number: str, pin: str) -> Told:
    """201, and nothing of the standing: the client lets in every right PIN, unless set to be told of good ones only."""
    answer = web.post("/api/v1/auth/password/validation", json={"identifier": number, "password": pin}, headers=BASIC)
    assert answer.status_code in {201, 400}
    return Told(True, True, None, True) if answer.status_code == 201 else NO


def by_sierra(web: FlaskClient, number: str, pin: str) -> Told:
    """204, then date and block of what is found."""
    api = "/iii/sierra-api/v6"
    granted = web.post(f"{api}/token", headers=BASIC).json or {}
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    validated = web.post(f"{api}/patrons/validate", json={"barcode": number, "pin": pin}, headers=bearer)
    asked = {"authMethod": "native", "patronId": number, "patronSecret": pin}
    auth = web.post(f"{api}/patrons/auth", json=asked, headers=bearer)
    assert (validated.status_code, auth.status_code) in {(204, 200), (400, 400)}
    sought = {"varFieldTag": "b", "varFieldContent": number, "fields": "expirationDate,blockInfo"}
    found = web.get(f"{api}/patrons/find", query_string=sought, headers=bearer)
    assert found.status_code in {200, 404, 409}
    card = found.json if found.status_code == 200 else None
    good = card is not None and (
        date.fromisoformat(card["expirationDate"]) >= seed.TODAY and card["blockInfo"]["code"] == "-"
    )
    pin_ok = validated.status_code == 204
    return Told(card is not None, pin_ok, good, pin_ok and good)


# Each asks as the client `keyed`, with seed.KEY, or from loopback.
READERS: dict[DialectName, Callable[[FlaskClient, str, str], Told]] = {
    DialectName.REST: by_rest,
    DialectName.PATRONAPI: by_patronapi,
    DialectName.EZPROXY: by_ezproxy,
    DialectName.LIBAUTH: by_libauth,
    DialectName.KOHA: by_koha,
    DialectName.SIERRA: by_sierra,
}
