"""What Sierra's REST API says of a patron, as far as a program needs it to sign one in.

Sources: techdocs.iii.com "Patrons" and "Error handling", and clients: Wellcome Collection's goes by 204, VuFind by
`code`, OpenRS reads the body of `auth` as the record number. One in PHP compares the whole page of a wrong PIN, so no
body has a blank, and its keys stand in Sierra's order.
"""

import json
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import NamedTuple

from access_service.domain.access import Answer, PinResult
from access_service.domain.client import Client, Release
from access_service.domain.patron import PatronRecord

CONTENT_TYPE = "application/json;charset=UTF-8"
# Code and name of each error that Sierra has one for.
_ERRORS = {
    400: (108, "Invalid parameter"),
    401: (113, "Unauthorized"),
    404: (107, "Record not found"),
    409: (133, "Duplicate patrons found"),
}
WRONG = "Invalid parameter : Invalid barcode or PIN"
DUPLICATE = "Multiple records found"


class Question(NamedTuple):
    """A barcode and a PIN."""

    number: str
    pin: str


def credentials(body: object, number: str, pin: str) -> Question | None:
    """What stands under these two keys of a body; None where they are not there as texts."""
    if not isinstance(body, dict) or not isinstance(body.get(number), str) or not isinstance(body.get(pin), str):
        return None
    return Question(body[number], body[pin])


def is_right(answer: Answer, client: Client) -> bool:
    """A right PIN, whatever the standing: the client takes that from `expirationDate` and `blockInfo` of `find`."""
    return answer.authenticated if client.options.good_standing_only else answer.pin is PinResult.OK


def record_number(answer: Answer, client: Client) -> str:
    """The body of a right `auth`: the record number, where the client was released it."""
    return str(answer.record.told_id) if answer.record and Release.PATRON_ID in client.releases else ""


# `id` is in every answer of Sierra's. Date and block carry the standing, so a client cannot do without them.
_FIELDS: tuple[tuple[str, Release | None, Callable[[PatronRecord], object]], ...] = (
    ("names", Release.NAME, lambda record: [f"{record.patron.family_name}, {record.patron.given_name}"]),
    ("barcodes", Release.LIBRARY_NUMBER, lambda record: [record.patron.library_number]),
    ("uniqueIds", Release.STUDENT_NUMBER, lambda record: [record.patron.student_number]),
    ("homeLibraryCode", Release.BRANCH, lambda record: record.patron.branch),
    ("blockInfo", None, lambda record: {"code": "b" if record.blocked else "-"}),
)


def patron(answer: Answer, client: Client, fields: Collection[str]) -> str | None:
    """The body of `find`: the facts that were asked for (all, where none was) and released; None of nobody.

    Of a patron type Sierra has a number; one that is none is left out.
    """
    record = answer.record
    if record is None:
        return None
    told: dict[str, object] = {"id": record.told_id} if Release.PATRON_ID in client.releases else {}
    asked: dict[str, object] = {"expirationDate": str(answer.told_expiry)}
    if Release.PATRON_TYPE in client.releases and record.patron.patron_type.isdecimal():
        asked["patronType"] = int(record.patron.patron_type)
    asked |= {name: value(record) for name, release, value in _FIELDS if release is None or release in client.releases}
    return _json(told | {name: value for name, value in asked.items() if not fields or name in fields})


def error(status: int, description: str = "") -> str:
    """The body of an error; `code` is 0 where Sierra's is not known."""
    code, name = _ERRORS.get(status, (0, HTTPStatus(status).phrase))
    facts = {"code": code, "specificCode": 0, "httpStatus": status, "name": name, "description": description or name}
    return _json(facts)


def granted(token: str, seconds: int) -> str:
    """The body that a token comes in."""
    return _json({"access_token": token, "token_type": "bearer", "expires_in": seconds})


def refusal(status: int) -> tuple[str, str]:
    """The body of any other error, and its type."""
    return error(status), CONTENT_TYPE


def _json(body: object) -> str:
    return json.dumps(body, separators=(",", ":"))
