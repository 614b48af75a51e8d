"""Ask as a client's software asks in each dialect over HTTP, and read the answer as it does."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from http import HTTPStatus
from urllib.parse import quote, urlencode

from access_service.domain.client import DialectName
from access_service.trying.over_http import Page, Question, Wire
from access_service.trying.trial import MASKED, Outcome, Secrets, Trial, UnreachedError

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_EXPLAIN = "this dialect does not say why; `access-service explain` does"
# What a status means whoever sends it.
_REFUSED = {
    401: "the key is not this client's, or the client may not ask from here or in this dialect",
    403: "the client may not ask from here or in this dialect",
    404: "this service does not know the page: is it of this version?",
    429: "too many wrong PINs came from this client: wait a while",
    503: "nobody can be looked up just now: the log of `access-service serve` says why",
}


def _rest(wire: Wire, number: str) -> Outcome:
    def question(secrets: Secrets) -> Question:
        headers = {"Authorization": f"Bearer {secrets.key}", "Content-Type": JSON}
        return Question("POST", "/v1/authentications", headers, json.dumps({"number": number, "pin": secrets.pin}))

    page = wire.ask(question)
    told = page.fields()
    said = f"standing {told.get('standing')}, PIN {told.get('pin')}"
    return _read(wire, page, page.status == HTTPStatus.OK and told.get("authenticated") is True, said)


def _patronapi(wire: Wire, number: str) -> Outcome:
    patron = quote(number, safe="")
    tested = wire.ask(lambda secrets: Question("GET", f"/PATRONAPI/{patron}/{_in_path(secrets)}/pintest"))
    if tested.status != HTTPStatus.OK:
        return _read(wire, tested, valid=False)
    dumped = wire.ask(lambda _: Question("GET", f"/PATRONAPI/{patron}/dump"))
    right, good = "RETCOD=0" in tested.text, _is_good(dumped.text)
    if "ERRNUM=1<" in tested.text:
        return _read(wire, tested, valid=False, said="nobody has this number, or several have")
    pin = "the PIN is right" if right else "the PIN is wrong, or too many wrong ones came before"
    card = "the card is good" if good else "the card has ended or is blocked (p43, p56)"
    return _read(wire, dumped, right and good, f"{pin}; {card}")


def _in_path(secrets: Secrets) -> str:
    return secrets.pin if secrets is MASKED else quote(secrets.pin, safe="")


def _is_good(dump: str) -> bool:
    shown = re.search(r"\[p43\]=(\d\d-\d\d-\d\d|  -  -  )<", dump)
    ends = None if not shown or " " in shown[1] else datetime.strptime(shown[1], "%m-%d-%y").date()  # noqa: DTZ007 - a date
    return bool(shown) and "[p56]=-<" in dump and (ends is None or ends >= _today())


def _today() -> date:
    return datetime.now(UTC).astimezone().date()


def _form(wire: Wire, path: str, names: tuple[str, str], number: str, word: str) -> Outcome:
    def question(secrets: Secrets) -> Question:
        body = urlencode(dict(zip(names, (number, secrets.pin), strict=True)), safe="*")
        return Question("POST", path, {"Content-Type": FORM}, body)

    page = wire.ask(question)
    valid = page.status == HTTPStatus.OK and re.search(word, page.text, re.IGNORECASE) is not None
    return _read(wire, page, valid, "" if valid else _EXPLAIN)


def _koha(wire: Wire, number: str) -> Outcome:
    def question(secrets: Secrets) -> Question:
        body = json.dumps({"identifier": number, "password": secrets.pin})
        return Question("POST", "/api/v1/auth/password/validation", wire.basic(secrets) | {"Content-Type": JSON}, body)

    page = wire.ask(question)
    said = "the PIN is right; of the card Koha says nothing here" if page.status == HTTPStatus.CREATED else _EXPLAIN
    return _read(wire, page, page.status == HTTPStatus.CREATED, said)


def _sierra(wire: Wire, number: str) -> Outcome:
    api = "/iii/sierra-api/v6"
    granted = wire.ask(lambda secrets: Question("POST", f"{api}/token", wire.basic(secrets)))
    wire.token = str(granted.fields().get("access_token", ""))
    if granted.status != HTTPStatus.OK or not wire.token:
        return _read(wire, granted, valid=False)

    def question(secrets: Secrets) -> Question:
        body = json.dumps({"barcode": number, "pin": secrets.pin})
        return Question("POST", f"{api}/patrons/validate", wire.bearer(secrets) | {"Content-Type": JSON}, body)

    checked = wire.ask(question)
    if checked.status != HTTPStatus.NO_CONTENT:
        return _read(wire, checked, valid=False, said=_EXPLAIN)
    sought = urlencode({"varFieldTag": "b", "varFieldContent": number, "fields": "expirationDate,blockInfo"}, safe=",")
    found = wire.ask(lambda secrets: Question("GET", f"{api}/patrons/find?{sought}", wire.bearer(secrets)))
    card = found.fields()
    good = str(card.get("expirationDate", "")) >= str(_today()) and (card.get("blockInfo") or {}).get("code") == "-"
    return _read(wire, found, good, f"the PIN is right; the card {'is good' if good else 'has ended or is blocked'}")


def _read(wire: Wire, page: Page, valid: bool, said: str = "") -> Outcome:
    wire.outcome.valid = valid
    refused = "" if valid else _REFUSED.get(page.status, "")
    wire.outcome.meaning = (
        refused or said or ("the PIN is right and the card is good" if valid else f"HTTP {page.status}")
    )
    return wire.outcome


_ASK: dict[DialectName, Callable[[Wire, str], Outcome]] = {
    DialectName.REST: _rest,
    DialectName.PATRONAPI: _patronapi,
    DialectName.EZPROXY: lambda wire, number: _form(wire, "/ezproxy", ("user", "pass"), number, r"\+VALID|webchkpass"),
    DialectName.LIBAUTH: lambda wire, number: _form(
        wire, "/libauth", ("username", "password"), number, r'\+OK|"auth":\s*true'
    ),
    DialectName.KOHA: _koha,
    DialectName.SIERRA: _sierra,
}
DIALECTS = frozenset(_ASK)


def attempt(trial: Trial, dialect: DialectName) -> Outcome:
    """Ask in one dialect."""
    wire = Wire(trial, Outcome())
    try:
        return _ASK[dialect](wire, trial.number)
    except UnreachedError as error:
        return replace(wire.outcome, meaning=str(error))
