"""Ask as a client's software asks over SIP2, and read the answer as it does."""

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime

from access_service.domain.sip2 import Terminator
from access_service.protocols.sip2 import codec
from access_service.settings import Sip2
from access_service.trying.trial import MASK, MASKED, SECONDS, Outcome, Secrets, Trial, UnreachedError

LONGEST = 4096
# How much of a 64 stands before its fields.
FIXED = 61
_PROMPT = b": "
_REFUSED = "the login is refused: the key or `sip2.login` is not this client's, or it may not ask from here"
_CERTIFICATE = "not asked: the service wants a certificate (tls_client_ca) that only the client has: try it from there"
_NO_PROMPT = (
    "the service runs, and asks for no login: prompts are for whoever connects from a network of a client with"
    " sip2.prompts, two seconds after it was set"
)
_SILENT = "the service took the connection, and no answer came in time: the log of `access-service serve-sip2` says why"
_HUNG_UP = "the service hangs up: nobody may ask from here, or not without a login"


class Line:
    """A connection, both sides of which are written down. UnreachedError where it breaks."""

    def __init__(self, connection: socket.socket, trial: Trial, outcome: Outcome) -> None:
        self._connection = connection
        self._trial = trial
        self._outcome = outcome
        self._sequence = 0

    def ask(self, message: Callable[[Secrets], str]) -> str:
        """Send what `message` makes of the secrets, with a checksum; show what it makes of the masked ones. The
        checksum is not shown: it would tell the sum of a PIN's digits."""
        self._outcome.sent(f"{message(MASKED)}AY{self._sequence}AZ{MASK}")
        body = message(self._trial.secrets).encode()
        self._send(codec.seal(body, str(self._sequence), checked=True, terminator=Terminator.CR))
        self._sequence += 1
        return self.read(b"\r").removeprefix("login: ")

    def type_(self, text: Callable[[Secrets], str], until: bytes) -> str:
        """Answer a prompt."""
        self._outcome.sent(text(MASKED))
        self._send(text(self._trial.secrets).encode() + b"\r")
        return self.read(until)

    def read(self, until: bytes) -> str:
        """What comes, as far as it ends so; empty when the service has hung up."""
        heard = b""
        try:
            while until not in heard and len(heard) < LONGEST and (more := self._connection.recv(LONGEST)):
                heard += more
        except TimeoutError:
            # Whoever waits for a prompt has said nothing yet.
            raise UnreachedError(_NO_PROMPT if until == _PROMPT else _SILENT) from None
        except ConnectionError:
            raise UnreachedError(_HUNG_UP) from None
        except OSError as error:
            raise UnreachedError(broken(self._trial, error)) from None
        text = heard.decode("utf-8", "replace").strip()
        self._outcome.came(text or "(hung up)")
        return text

    def _send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise UnreachedError(broken(self._trial, error)) from None


def attempt(trial: Trial, served: Sip2) -> Outcome:
    """Log in as the client does, ask for patron information, and hang up."""
    outcome = Outcome()
    try:
        with closing(_connected(trial, served)) as connection:
            outcome.meaning = _asked(Line(connection, trial, outcome), trial, outcome)
    except UnreachedError as error:
        outcome.meaning = str(error)
    return outcome


def _asked(line: Line, trial: Trial, outcome: Outcome) -> str:
    options, number = trial.client.options.sip2, trial.number
    login = options.login or trial.client.name
    if options.prompts:
        if not line.read(_PROMPT):
            return _HUNG_UP
        line.type_(lambda _: login, _PROMPT)
        if not line.type_(lambda secrets: secrets.key, b"\n").startswith("Login OK"):
            return _REFUSED
    elif not options.without_login:
        told = line.ask(lambda secrets: f"9300CN{login}|CO{secrets.key}|CPtrial|")
        if told[:3] != "941":
            return _REFUSED if told.startswith("940") else _HUNG_UP
    now = f"{datetime.now(UTC).astimezone():%Y%m%d    %H%M%S}"
    told = line.ask(lambda secrets: f"63000{now}{10 * ' '}AO|AA{number}|AC|AD{secrets.pin}|")
    outcome.valid, meaning = _read(told)
    return meaning


def _read(told: str) -> tuple[bool, str]:
    """What a careful client makes of a 64: whether the patron is let in, and why."""
    if not told:
        return False, _HUNG_UP
    if not told.startswith("64"):
        return False, "nobody can be looked up just now: the log of `access-service serve-sip2` says why"
    fields = dict(re.findall(r"([A-Z]{2})([^|]*)\|", told[FIXED:]))
    known, right, good = fields.get("BL") == "Y", fields.get("CQ") == "Y", not told[2:16].strip()
    if not known:
        return False, "nobody has this number, or several have (BL)"
    pin = "the PIN is right" if right else "the PIN is wrong, or too many wrong ones came before (CQ)"
    return right and good, f"{pin}; the card {'is good' if good else 'has ended or is blocked (the flags)'}"


def _connected(trial: Trial, served: Sip2) -> socket.socket:
    if served.tls_client_ca:
        raise UnreachedError(_CERTIFICATE)
    try:
        connection = socket.create_connection((trial.host, trial.port), SECONDS)
        return _trusting(served).wrap_socket(connection) if served.tls_certificate else connection
    except OSError as error:
        raise UnreachedError(broken(trial, error)) from None


def _trusting(served: Sip2) -> ssl.SSLContext:
    """Trusts the certificate that is configured, whatever name the client knows this machine by."""
    context = ssl.create_default_context(cafile=served.tls_certificate)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def broken(trial: Trial, error: OSError) -> str:
    """Why there is nothing to ask, in one line with its remedy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: {error.verify_message}: the service shows another certificate than tls_certificate, or an old one"
    if isinstance(error, ssl.SSLError):
        return f"TLS: what answers at port {trial.port} does not speak it: restart `access-service serve-sip2`"
    return trial.unanswered(error, "serve-sip2")
