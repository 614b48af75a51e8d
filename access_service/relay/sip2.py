"""Asking an ILS over SIP2: one login, then one question at a time."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from ssl import SSLContext

from access_service.domain.identifiers import fold
from access_service.domain.relayed import RelayedMessage
from access_service.domain.sip2 import adds_up, checksum
from access_service.relay.cardholder import EXPIRED, Heard, Told, cardholder
from access_service.relay.line import GarbledError, Line, NotLetInError
from access_service.settings import Relay

MAX_MESSAGE = 64 * 1024
_ENDS = re.compile(rb"[\r\n]")
_CHECKED = re.compile(rb"(?:AY(?P<sequence>[0-9]))?AZ(?P<sum>[0-9A-Fa-f]{4})$")
# Status, language, date, six counts; then fields, each with its end.
_INFORMATION = re.compile(r"64(?P<head>(?P<status>.{14})\d{3}\d{8}.{4}\d{6}.{24})(?P<fields>(?:[^|]*\|)*)")
# Of the conditions of a status those that keep a patron out: borrowing denied, card reported lost.
_BLOCKING = (0, 4)


class Sip2:
    """One connection, logged in. Errors: OSError, GarbledError."""

    def __init__(self, relay: Relay, password: str, context: SSLContext | None, until: float) -> None:
        self._relay = relay
        self._line = Line(relay.host, relay.at, context, until)
        self._sequence = 0
        self._usable = True
        try:
            self._log_in(password)
        except GarbledError as error:
            self.close()
            raise NotLetInError(str(error)) from error
        except BaseException:
            self.close()
            raise

    @property
    def usable(self) -> bool:
        return self._usable and not self._line.disturbed

    def ask(self, number: str, pin: str | None, until: float) -> Heard:
        """Who has the number and whether the PIN is theirs; both can be encoded and have no `|`."""
        self._line.until = until
        now = datetime.now().strftime("%Y%m%d    %H%M%S")  # noqa: DTZ005 - SIP2 has local time
        given = f"AD{pin}|" if pin else ""
        reply = self._said(f"63001{now}{' ' * 10}AO{self._relay.institution}|AA{number}|AC|{given}")
        return heard(reply, number, pin)

    def close(self) -> None:
        self._line.close()

    def _log_in(self, password: str) -> None:
        if login := self._relay.login:
            place = f"CP{self._relay.location}|" if self._relay.location else ""
            if not self._said(f"9300CN{login}|CO{password}|{place}").startswith("941"):
                raise GarbledError("the login is refused")

    def _said(self, message: str) -> str:
        """The answer to a message, without its end and its check; a message that came garbled is sent once more."""
        self._sequence = (self._sequence + 1) % 10
        sent = framed(message.encode(self._relay.encoding), self._sequence)
        for _ in range(2):
            self._line.sendall(sent)
            reply = checked(self._received(), self._sequence, self._relay.encoding)
            if reply is not None and not reply.startswith("96"):
                return reply
        raise GarbledError("nothing but garbled messages")

    def _received(self) -> bytes:
        came = b""
        while True:
            if not (more := self._line.recv(4096)):
                raise GarbledError("half a message") if came else ConnectionResetError
            came += more
            message, *rest = _ENDS.split(came.lstrip(b"\r\n\0 "), maxsplit=1)
            if rest:
                # What follows answers nothing that was asked.
                self._usable &= not rest[0].strip(b"\r\n\0 ")
                return message
            if len(came) > MAX_MESSAGE:
                raise GarbledError("a message without end")


def framed(message: bytes, sequence: int) -> bytes:
    """A message with its sequence number, checksum and end."""
    numbered = message + b"AY%dAZ" % sequence
    return numbered + checksum(numbered).encode() + b"\r"


def checked(message: bytes, sequence: int, encoding: str) -> str | None:
    """The text of a message without its check; None where the check fails. An ILS that checks nothing sends none.

    Errors: GarbledError for the answer to another message.
    """
    text = message.decode(encoding, "replace")
    check = _CHECKED.search(message)
    if check is None:
        return text
    if not adds_up(message[:-4], text[:-4], int(check["sum"], 16)):
        return None
    if check["sequence"] is not None and int(check["sequence"]) != sequence:
        raise GarbledError("an answer to another message")
    return message[: check.start()].decode(encoding, "replace")


def heard(reply: str, number: str, pin: str | None) -> Heard:
    """What a patron information response says of a number. GarbledError where it says nothing of it."""
    message = _INFORMATION.fullmatch(reply)
    if message is None:
        raise GarbledError("no patron information")
    pairs = tuple((field[:2], field[2:]) for field in message["fields"].split("|")[:-1] if field)
    values: dict[str, set[str]] = defaultdict(set)
    for name, value in pairs:
        values[name].add(value.strip())
    known = values["BL"] == {"Y"}
    about = {fold(value) for value in values["AA"]}
    # Some echo no number where they know nobody.
    if about != {fold(number)} and (known or about - {""}):
        raise GarbledError("an answer about another number")
    right = known and bool(pin) and values["CQ"] == {"Y"}
    relayed = RelayedMessage(message["head"], tuple(_with_verdict(pairs, right=right)))
    record = cardholder(_told(number, message["status"], values)) if known else None
    return Heard(record, right, relayed)


def _with_verdict(pairs: tuple[tuple[str, str], ...], *, right: bool) -> Iterable[tuple[str, str]]:
    """The fields with one CQ, where it stood or after BL: clients take a missing one for a right PIN."""
    names = [name for name, _ in pairs]
    at = names.index("CQ") if "CQ" in names else names.index("BL") + 1 if "BL" in names else len(names)
    yield from (pair for pair in pairs[:at])
    yield "CQ", "Y" if right else "N"
    yield from (pair for pair in pairs[at:] if pair[0] != "CQ")


def _told(number: str, status: str, values: Mapping[str, set[str]]) -> Told:
    def one(name: str) -> str:
        return min(values.get(name, ()), default="")

    # Polaris has its date in PX, and something else in PA.
    expires = min(map(_date, values.get("PX", values.get("PA", ()))), default=date.max)
    return Told(
        number=number,
        name=one("AE"),
        patron_type=one("PC"),
        branch=one("AQ"),
        expires=EXPIRED if "Y" in values.get("PY", ()) else expires,
        blocked=any(status[condition] == "Y" for condition in _BLOCKING),
    )


def _date(text: str) -> date:
    if not text:
        return date.max
    try:
        return datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise GarbledError("a date that is not YYYYMMDD") from None
