"""What clients make of each dialect's answer, in the words of the tables in docs/answers.md."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.access_service import seed

AUTHORIZED = {"Authorization": f"Bearer {seed.KEY}"}
NO_DATE = "  -  -  "


class Said(NamedTuple):
    """An answer: as the table has it, all its bytes, and what a person reads (None: nothing is said here)."""

    cell: str
    raw: bytes
    message: str | None = None


@dataclass(frozen=True)
class Doors:
    """Where a client can ask."""

    web: FlaskClient


# The PIN is None where none is sent.
Reader = Callable[[Doors, str, str | None], Said]


def rest(doors: Doors, number: str, pin: str | None) -> Said:
    """POST /v1/authentications."""
    asked = {"number": number} | ({} if pin is None else {"pin": pin})
    response = doors.web.post("/v1/authentications", json=asked, headers=AUTHORIZED)
    told = response.get_json()
    if response.status_code != 200:
        return Said(str(response.status_code), wire(response))
    authenticated = str(told["authenticated"]).lower()
    return Said(f"200 {authenticated} {told['standing']} {told['pin']}", wire(response))


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


WITH_PIN: dict[str, Reader] = {"`rest`": rest, "`patronapi` pintest": pintest}
WITHOUT_PIN: dict[str, Reader] = {"`rest` GET": rest_get, "`patronapi` dump": dump}


def wire(response: TestResponse) -> bytes:
    """All that is sent."""
    return f"{response.headers}".encode() + response.get_data()


def _codes(response: TestResponse) -> str:
    if response.status_code != 200:
        return str(response.status_code)
    return " ".join(re.findall(r"^((?:RETCOD|ERRNUM)=\d)<BR>$", response.text, re.MULTILINE))


def _is_good(shown: str) -> bool:
    return shown == NO_DATE or datetime.strptime(shown, "%m-%d-%y").date() >= seed.TODAY  # noqa: DTZ007 - a date
