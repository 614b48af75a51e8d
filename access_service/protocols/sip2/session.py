"""One connection's side of the conversation, without the connection: a line in, a reply or a question out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from access_service.clients import Clients
from access_service.domain.access import Answer
from access_service.domain.client import Client, DialectName, Options
from access_service.domain.sip2 import ErrorDetection
from access_service.protocols.sip2 import answers, codec
from access_service.protocols.sip2.codec import Message
from access_service.strangers import Reason

# Of logins, of whatever else comes before one, and of our own requests to say it again.
STRIKES = 3
# A message that is repeated after this is a new question, of a client that never counts on.
REPLAYED_FOR = timedelta(seconds=30)

_SAY_AGAIN = b"96"
_PATRON = frozenset({"01", "23", "25", "63"})
_KNOWN = frozenset(codec.FIXED)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send, in one piece, and whether to hang up then."""

    data: bytes = b""
    close: bool = False

    @property
    def code(self) -> str:
        """The message that is sent, for log and counts."""
        return self.data[:2].decode("ascii", "replace") if self.data[:2].isdigit() else "none"


@dataclass(frozen=True, slots=True)
class Question:
    """What the directory is to be asked; its answer goes to `Session.told`."""

    number: str = field(repr=False)
    pin: str | None = field(repr=False)
    client: Client


@dataclass(frozen=True, slots=True)
class Sent:
    """The last answer, in case it is asked for again."""

    asked: bytes = field(repr=False)
    body: bytes = field(repr=False)
    data: bytes = field(repr=False)
    checked: bool
    at: datetime


class Session:
    """What one connection has said so far. `institution` is told as AO; where it is empty, the client's own is, and
    its name to one that names none, for some take no AO that is empty."""

    def __init__(self, clients: Clients, address: str, institution: str, now: Callable[[], datetime]) -> None:
        self._clients = clients
        self.address = address
        self._institution = institution
        self._now = now
        # Who logged in, or who was known by the address last.
        self.client: Client | None = None
        # The message being answered: its code, "none" where we do not know it; empty for an empty line.
        self.code = "none"
        # Why the line that was heard last brought nobody in.
        self.refused: Reason | None = None
        self._logged_in = False
        # What was logged in with.
        self._key = ""
        self._strikes = 0
        self._said_again = 0
        self._sent: Sent | None = None
        self._line = b""
        self._message = Message("", "", {})
        self._login: str | None = None
        self._prompting = False

    def greeting(self) -> bytes:
        """What is said before the client says anything: the prompt of those that log in as at a terminal."""
        asking = self._clients.asking_from(self.address, DialectName.SIP2)
        self._prompting = any(client.options.sip2.prompts for client in asking)
        return b"login: " if self._prompting else b""

    def heard(self, line: bytes, *, online: bool = True) -> Reply | Question:
        """What to do about one line. UnavailableError where nobody can say who asks; then, and while that is known,
        it is heard again as not `online`: who is known stays known, and nobody else comes in."""
        # Some end a line twice.
        self.code = "none" if line.strip() else ""
        self.refused = None
        if not self.code:
            return Reply()
        if online:
            known_before = self.client is not None
            self._look_again()
            if known_before and not self.client:
                return Reply(close=True)
        if self._prompting and not line.startswith(b"93"):
            return self._prompted(line) if online else Reply(close=True)
        return self._message_heard(codec.clean(line), online)

    def told(self, answer: Answer) -> Reply:
        """The reply to a question."""
        if self.client is None:
            return Reply(close=True)
        return self._reply(answers.patron(self._message, answer, self.client, self._house, self._local))

    def unavailable(self) -> Reply:
        """Nobody can say: neither that the patron is unknown nor anything of the PIN. In the end, hang up."""
        return self._say_again()

    def _look_again(self) -> None:
        """Clients change and end while sessions last."""
        client = self._clients.named(self.client.name) if self._logged_in and self.client else None
        if not self._logged_in:
            client = self._clients.by_address(self.address, DialectName.SIP2)
        elif client and self._clients.key_of(client) != self._key:
            client = None
        speaks = client and DialectName.SIP2 in client.dialects and client.may_ask_from(self.address)
        self.client = client if speaks else None

    def _message_heard(self, line: bytes, online: bool) -> Reply | Question:
        options = self._options.sip2
        message = codec.parse(line, options.encoding)
        self._line, self._message = line, message
        if message.code not in _KNOWN:
            return self._before_login(Reply())
        self.code = message.code
        missing = options.error_detection is ErrorDetection.REQUIRED and not message.checked
        if missing or not (message.sound or options.error_detection is ErrorDetection.UNCHECKED):
            return self._before_login(self._say_again())
        if message.code == "97":
            return self._before_login(self._resent())
        if online and (repeated := self._repeated()):
            return self._before_login(repeated)
        return self._taken(online)

    def _taken(self, online: bool) -> Reply | Question:
        code, client = self.code, self.client
        if code == "93":
            return self._logging_in() if online else Reply(close=True)
        if code == "99" and (client or self._may_ask_status(online)):
            return self._reply(answers.status(self._house, online, self._options, self._local))
        if client is None:
            self.refused = Reason.LOGIN
            return Reply(close=True)
        if code in _PATRON:
            return self._question(client) if online else self.unavailable()
        if code == "35":
            return self._reply(answers.ended(self._message, client.options, self._house, self._local))
        return self._reply(answers.refusal(self._message, client.options, self._house, self._local))

    def _question(self, client: Client) -> Question:
        pin = self._message.fields.get("AD", "")
        # Who is not to give a PIN asks for nothing but flags.
        bare = self.code == "01" or not (pin or client.options.sip2.pin_required)
        return Question(self._message.fields.get("AA", ""), None if bare else pin, client)

    def _logging_in(self) -> Reply:
        fields = self._message.fields
        welcome = self._log_in(fields.get("CN", ""), fields.get("CO", ""))
        reply = self._reply(b"941" if welcome else b"940")
        return reply if welcome else self._before_login(reply)

    def _log_in(self, login: str, key: str) -> bool:
        client = self._clients.by_login(login.strip(), key.strip())
        self._logged_in = bool(client and client.may_ask_from(self.address))
        self.client = client if self._logged_in else None
        self.refused = None if self._logged_in else Reason.NETWORK if client else Reason.KEY
        if client and self._logged_in:
            self._strikes, self._prompting = 0, False
            self._key = self._clients.key_of(client)
        return self._logged_in

    def _prompted(self, line: bytes) -> Reply:
        """Login and password a line each, as at a terminal; then messages."""
        said = line.decode("ascii", "replace").strip()
        if self._login is None:
            self._login = said
            return Reply(b"password: ")
        login, self._login = self._login, None
        if self._log_in(login, said):
            return Reply(b"Login OK.  Initiating SIP\r\n")
        return self._before_login(Reply(b"Invalid login\r\nlogin: "))

    def _before_login(self, reply: Reply) -> Reply:
        """A reply that brings nobody nearer to an answer: who has not logged in gets few of them."""
        if self.client:
            return reply
        self._strikes += 1
        return Reply(reply.data, close=reply.close or self._strikes >= STRIKES)

    def _may_ask_status(self, online: bool) -> bool:
        asking = self._clients.asking_from(self.address, DialectName.SIP2) if online else ()
        return any(client.options.sip2.status_before_login for client in asking)

    def _reply(self, body: bytes) -> Reply:
        message = self._message
        data = codec.seal(body, message.sequence, message.checked, self._options.sip2.terminator)
        self._sent = Sent(self._line, body, data, message.checked, self._now())
        self._said_again = 0
        return Reply(data)

    def _say_again(self) -> Reply:
        """96, which has a checksum in any case."""
        self._said_again += 1
        data = codec.seal(_SAY_AGAIN, "", True, self._options.sip2.terminator)
        return Reply(data, close=self._said_again >= STRIKES)

    def _resent(self) -> Reply:
        sent = self._sent
        if sent is None:
            return self._say_again()
        checked = sent.checked or self._message.checked
        return Reply(codec.seal(sent.body, "", checked, self._options.sip2.terminator))

    def _repeated(self) -> Reply | None:
        """The last reply, to the same message to the last byte: two PINs can have one checksum."""
        sent = self._sent
        if not sent or sent.asked != self._line or not self._message.sequence:
            return None
        return Reply(sent.data) if self._now() - sent.at < REPLAYED_FOR else None

    @property
    def _options(self) -> Options:
        return self.client.options if self.client else Options()

    @property
    def _house(self) -> str:
        named = self._institution or self._message.fields.get("AO", "")
        return named or (self.client.name if self.client else "")

    @property
    def _local(self) -> datetime:
        return self._now().astimezone()
