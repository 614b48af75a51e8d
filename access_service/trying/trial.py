"""What a trial is of, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from access_service.domain.client import Client

MASK = "****"
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is sent and never shown. `key` is empty for a client that has none."""

    pin: str = field(repr=False)
    key: str = field(default="", repr=False)


# In place of them on the screen.
MASKED = Secrets(MASK, MASK)


@dataclass(frozen=True, slots=True)
class Trial:
    """Who asks, about which number, with what. `host` and `port` are the service's."""

    client: Client
    number: str = field(repr=False)
    secrets: Secrets
    host: str
    port: int

    def unanswered(self, error: OSError, command: str) -> str:
        """Why there is nothing to ask, and what to do."""
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or error.__class__.__name__
        return f"nothing answers at {self.host} port {self.port} ({why}): is `access-service {command}` running?"


class UnreachedError(Exception):
    """The service could not be asked at all. The text is one line: what is the matter, and the remedy."""


@dataclass(slots=True)
class Outcome:
    """`lines` are both sides of the conversation; `meaning` says what the client's software makes of it."""

    lines: list[str] = field(default_factory=list, repr=False)
    valid: bool = False
    meaning: str = ""

    def sent(self, text: str) -> None:
        self.lines += (f"> {line}" for line in shown(text))

    def came(self, text: str) -> None:
        self.lines += (f"< {line}" for line in shown(text))


def shown(text: str) -> Iterator[str]:
    """The lines of a text without what would move a cursor."""
    for line in text.splitlines():
        yield "".join(char if char.isprintable() else "?" for char in line)


def reachable(host: str) -> str:
    """Where to connect to a service that listens everywhere."""
    return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not bound here
