"""What Koha's REST API says of a password.

Sources: Koha/REST/V1/Auth/Password.pm, Koha/REST/V1/OAuth.pm and Koha/REST/V1/Auth.pm. Koha says of an expired and of a
blocked patron that the password is right; who left the schools is told nothing of.
"""

import json
from http import HTTPStatus
from typing import NamedTuple

from access_service.domain.access import Answer, PinResult, Standing
from access_service.domain.client import Client, Release

CONTENT_TYPE = "application/json;charset=UTF-8"
FAILED = "Validation failed"
ONLY_ONE = "Bad request. Only one identifier attribute can be passed."
# In Koha's words, where it has any.
_ERRORS = {
    400: "Bad request.",
    401: "Authentication failure.",
    403: "Authorization failure. Missing required permission(s).",
    503: "System is under maintenance.",
}


class Question(NamedTuple):
    """A number, as `identifier` or as `userid`, and a PIN."""

    number: str
    pin: str


def question(body: object) -> Question | str:
    """What a body asks, or the error of one that asks nothing. It has `identifier` or `userid`, never both."""
    if not isinstance(body, dict):
        return _ERRORS[400]
    given = [body[key] for key in ("identifier", "userid") if body.get(key) is not None]
    if len(given) > 1:
        return ONLY_ONE
    number, pin = given[0] if given else "", body.get("password") or ""
    if not isinstance(number, str) or not isinstance(pin, str):
        return _ERRORS[400]
    return Question(number, pin) if number else FAILED


def validated(answer: Answer, client: Client) -> str | None:
    """The body of a 201, with the ids that the client was released; None for the 400 of FAILED."""
    if answer.record is None or answer.pin is not PinResult.OK or answer.standing is Standing.LEFT:
        return None
    if client.options.good_standing_only and not answer.authenticated:
        return None
    patron = answer.record.patron
    ids: tuple[tuple[str, Release, object], ...] = (
        ("cardnumber", Release.LIBRARY_NUMBER, patron.library_number),
        ("patron_id", Release.PATRON_ID, answer.record.told_id),
        ("userid", Release.STUDENT_NUMBER, patron.student_number),
    )
    return _json({name: value for name, release, value in ids if release in client.releases})


def error(text: str) -> str:
    """The body of an error."""
    return _json({"error": text})


def granted(token: str, seconds: int) -> str:
    """The body that a token comes in."""
    return _json({"access_token": token, "token_type": "Bearer", "expires_in": seconds})


def refusal(status: int) -> tuple[str, str]:
    """The body of any other error, and its type."""
    return error(_ERRORS.get(status, HTTPStatus(status).phrase)), CONTENT_TYPE


def _json(body: dict[str, object]) -> str:
    return json.dumps(body, separators=(",", ":"))
