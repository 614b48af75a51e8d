"""The relay: what the ILS says of a number that is no student's."""

import ssl
from collections.abc import Callable
from enum import StrEnum

from access_service import settings
from access_service.domain.identifiers import MAX_TYPED, fold
from access_service.errors import ConfigError, UnavailableError
from access_service.relay.cardholder import Heard, relayed_id
from access_service.relay.patronapi import PatronApi
from access_service.relay.pool import Connection, OddAnswerError, Pool
from access_service.relay.sip2 import Sip2
from access_service.settings import secret

__all__ = ["PASSWORD", "Heard", "OddAnswerError", "Outcome", "Relay", "relayed_id"]

PASSWORD = "RELAY_PASSWORD"  # noqa: S105 - where it is


class Outcome(StrEnum):
    """What became of a question to the ILS."""

    ANSWERED = "answered"
    UNAVAILABLE = "unavailable"


class Relay:
    """Asks the ILS, from any thread, and tells `count` what became of each question."""

    def __init__(self, relay: settings.Relay, count: Callable[[Outcome], object] = lambda _: None) -> None:
        """ConfigError where its password or its certificates are missing. Nothing is connected yet."""
        self._relay = relay
        self._count = count
        password = _password() if relay.login else ""
        context = _context(relay) if relay.tls else None

        def connect(until: float) -> Connection:
            if relay.protocol == "sip2":
                return Sip2(relay, password, context, until)
            return PatronApi(relay, context, until)

        self._pool = Pool(connect, relay.connections, relay.places, relay.timeout_seconds)

    @property
    def places(self) -> int:
        """How many questions can be with the ILS or wait for it at once."""
        return self._relay.places

    def ask(self, number: str, pin: str | None) -> Heard | None:
        """What the ILS says of a number as it was typed, and of a PIN that is not empty; None for what is no number.
        UnavailableError where it is away; OddAnswerError, which is one, where what it says cannot be believed."""
        if not fold(number) or not self._can_be_sent(number):
            return None
        try:
            heard = self._pool.ask(number, pin if pin and self._can_be_sent(pin) else None)
        except UnavailableError:
            self._count(Outcome.UNAVAILABLE)
            raise
        self._count(Outcome.ANSWERED)
        return heard

    def close(self) -> None:
        self._pool.close()

    def _can_be_sent(self, text: str) -> bool:
        """Whether a text is the same on the wire, and only a text."""
        try:
            raw = text.encode(self._relay.encoding)
        except UnicodeError:
            return False
        # Two dots are a step in a path. In some encodings a letter's second byte is that of `|`.
        harmless = text.strip() not in {".", ".."} and text.isprintable() and b"|" not in raw
        return harmless and len(text) <= MAX_TYPED


def _password() -> str:
    password = secret(PASSWORD)
    if not password.isprintable() or "|" in password:
        raise ConfigError(f"{PASSWORD}: SIP2 can send no `|` and no control characters")
    return password


def _context(relay: settings.Relay) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(relay.ca_file) if relay.ca_file else None)
    except (OSError, ValueError) as error:
        raise ConfigError(f"[relay] ca_file: cannot read {relay.ca_file}: {error.__class__.__name__}") from None
