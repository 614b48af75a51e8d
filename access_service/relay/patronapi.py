"""Asking an ILS over the Patron API of Innovative (III), or what looks like it."""

import io
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus
from http.client import HTTPConnection
from ssl import SSLContext
from typing import Any, cast
from urllib.parse import quote

from access_service.domain.identifiers import fold
from access_service.domain.relayed import RelayedPages
from access_service.relay.cardholder import Heard, Told, cardholder
from access_service.relay.line import GarbledError, Line
from access_service.settings import Relay

MAX_PAGE = 256 * 1024
_LINE = re.compile(r"^(?:[^=\n]*\[(?P<code>[^\]\n]{1,4})\]|(?P<word>[A-Z]+))=(?P<value>.*?)<BR>\s*$", re.MULTILINE)
NOT_FOUND = "1"


class PatronApi:
    """One connection, kept open as long as the ILS does. Errors: OSError, HTTPException, GarbledError."""

    def __init__(self, relay: Relay, context: SSLContext | None, until: float) -> None:
        self._relay = relay
        self._context = context
        self._line = Line(relay.host, relay.at, context, until)
        self._http = HTTPConnection(relay.host, relay.at)
        self._http.sock = cast(Any, _Lent(self._line))

    def ask(self, number: str, pin: str | None, until: float) -> Heard:
        """Who has the number and whether the PIN is theirs. A PIN is told only to an ILS that knows the number."""
        dump = self._page(f"{quote(number, safe='')}/dump", until)
        facts = _facts(dump)
        if facts["ERRNUM"] == [NOT_FOUND]:
            return Heard(None, right=False, relayed=RelayedPages(dump, _passed_on(dump, right=False) if pin else None))
        if facts["ERRNUM"] or facts["ERRMSG"]:
            raise GarbledError("another error than that of an unknown number")
        # Several at once: a patron can have several barcodes.
        if fold(number) not in {fold(value) for value in facts["pb"] + facts["pu"]}:
            raise GarbledError("the page is of another number")
        record = cardholder(_told(number, facts))
        if pin is None:
            return Heard(record, right=False, relayed=RelayedPages(dump, None))
        tested = self._page(f"{quote(number, safe='')}/{quote(pin, safe='')}/pintest", until)
        right = _is_right(tested)
        return Heard(record, right, RelayedPages(dump, _passed_on(tested, right=right)))

    def close(self) -> None:
        self._line.close()

    @property
    def usable(self) -> bool:
        return self._http.sock is not None and not self._line.disturbed

    def _page(self, path: str, until: float) -> str:
        if not self.usable:
            self._line.close()
            self._line = Line(self._relay.host, self._relay.at, self._context, until)
            self._http.sock = cast(Any, _Lent(self._line))
        self._line.until = until
        self._http.request("GET", f"{self._relay.path}/{path}", headers={"Accept": "text/html"})
        response = self._http.getresponse()
        body = response.read(MAX_PAGE + 1)
        if response.status != HTTPStatus.OK:
            raise GarbledError(f"status {response.status}")
        page = body.decode(self._relay.encoding, "replace")
        # A page without a length could end anywhere.
        if not page.rstrip().upper().endswith("</HTML>"):
            raise GarbledError("a page without its end")
        return page


class _Lent(io.RawIOBase):
    """A line as http.client wants a socket: closing this one leaves the line open."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def sendall(self, data: bytes) -> None:
        self._line.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Lent(self._line))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.recv_into(buffer)


def _facts(page: str) -> Mapping[str, list[str]]:
    """Every value of a page by its code, or by its word where it has none; a field can be there several times."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in _LINE.finditer(page):
        found[line["code"] or line["word"]].append(line["value"].strip())
    return found


def _is_right(page: str) -> bool:
    facts = _facts(page)
    if not facts["RETCOD"] and not facts["ERRNUM"]:
        raise GarbledError("neither right nor wrong")
    return facts["RETCOD"] == ["0"] and not facts["ERRNUM"] and not facts["ERRMSG"]


def _passed_on(page: str, *, right: bool) -> str | None:
    """The page of a PIN test, if no client can take it for a right PIN's: VuFind looks for RETCOD=0 anywhere in it."""
    return page if right or "RETCOD=0" not in page.upper() else None


def _told(number: str, facts: Mapping[str, list[str]]) -> Told:
    def first(code: str) -> str:
        return next(iter(facts.get(code, ())), "")

    return Told(
        number=number,
        name=first("pn"),
        patron_type=first("p47"),
        branch=first("p53"),
        expires=min(map(_date, facts.get("p43", ())), default=date.max),
        # Some servers tell a few fields only, and this is not among them.
        blocked=any(value != "-" for value in facts.get("p56", ())),
    )


def _date(text: str) -> date:
    if not text.replace("-", "").strip():
        return date.max
    try:
        return datetime.strptime(text, "%m-%d-%y").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise GarbledError("a date that is not MM-DD-YY") from None
