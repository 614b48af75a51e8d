"""A conversation with a session, without sockets."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from access_service.clients import Clients
from access_service.directory import PatronDirectory, settled
from access_service.domain.client import Client
from access_service.domain.sip2 import checksum
from access_service.protocols.sip2.session import Question, Reply, Session
from access_service.storage.clients import OPTIONS
from access_service.storage.engine import Databases
from tests.access_service import seed

DATE = "20261103    120000"
LOGIN = f"9300CNvendor|CO{seed.KEY}|CPdesk|"


def ask_63(number: str = "0012345", pin: str | None = "0412", language: str = "001", house: str = "AOhere|") -> str:
    """Patron information; without AD where `pin` is None."""
    secret = "" if pin is None else f"AD{pin}|"
    return f"63{language}{DATE}{10 * ' '}{house}AA{number}|AC|{secret}"


def ask_23(number: str = "0012345", pin: str = "0412") -> str:
    return f"23001{DATE}AOhere|AA{number}|AC|AD{pin}|"


def sealed(text: str, sequence: int | None = 0) -> str:
    """With error detection."""
    covered = text + ("" if sequence is None else f"AY{sequence}") + "AZ"
    return covered + checksum(covered.encode())


def speaking(called: str = "vendor", language: str = "en", **sip2: Any) -> Client:
    """A client with these options of SIP2."""
    return seed.client(called, options=OPTIONS.validate_python({"language": language, "sip2": sip2}))


def fields(told: str) -> dict[str, str]:
    """The fields of a 24, 26 or 64."""
    start = {"24": 37, "26": 37, "64": 61, "98": 36, "36": 21}[told[:2]]
    return {part[:2]: part[2:] for part in told[start:].split("|") if part and not part.startswith("AY")}


@dataclass
class Talk:
    """One session and the directory behind it."""

    session: Session
    directory: PatronDirectory
    closed: bool = field(default=False)

    @classmethod
    def with_(
        cls, databases: Databases, address: str = "127.0.0.1", institution: str = "", clock: seed.Clock | None = None
    ) -> "Talk":
        now = clock or seed.Clock(seed.NOON)
        clients = Clients(databases.reader, lambda: now().timestamp())
        return cls(Session(clients, address, institution, now), seed.directory(databases, now=now))

    def raw(self, line: bytes, *, online: bool = True) -> Reply:
        """What is replied to one line."""
        heard = self.session.heard(line, online=online)
        if isinstance(heard, Question):
            heard = self.session.told(settled(self.directory.begin(heard.number, heard.pin, heard.client)))
        self.closed = heard.close
        return heard

    def say(self, text: str, *, online: bool = True) -> str:
        """The reply as text, without its end."""
        return self.raw(text.encode(), online=online).data.decode("latin-1").rstrip("\r\n")


def logged_in(databases: Databases, **options: Any) -> Talk:
    """A vendor with these options who has logged in, and the student 0012345 with PIN 0412."""
    seed.admit(databases, speaking(**options))
    talk = Talk.with_(databases)
    assert talk.say(LOGIN) == "941"
    return talk


def day(text: str) -> datetime:
    """The time that a message shows."""
    return datetime.strptime(text, "%Y%m%d    %H%M%S")  # noqa: DTZ007 - local, as on the wire
