"""Those who are told: a mail server and a webhook receiver on loopback, and an authority for their certificates."""

import asyncio
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP as POLICY
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.handlers import Message as Handler
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "library", "a password"


class Authority:
    """Signs certificates for made-up servers. `path` is what a machine must trust."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority of the tests")])
        authority = self._signed(self._name, self._key.public_key(), x509.BasicConstraints(ca=True, path_length=0))
        self.path.write_bytes(authority.public_bytes(serialization.Encoding.PEM))

    def context(self, name: str = "localhost") -> ssl.SSLContext:
        """A server's side of TLS, with a certificate for `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        chain = self._signed(subject, key.public_key(), x509.SubjectAlternativeName([x509.DNSName(name)]))
        path = self.folder / f"{name}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + chain.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _signed(self, subject: x509.Name, key: Any, extension: x509.ExtensionType) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
        dated = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        return dated.add_extension(extension, critical=False).sign(self._key, hashes.SHA256())


class Letters(Handler):
    """Keeps what was delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Message] = []
        self.refuse: dict[str, str] = {}

    def handle_message(self, message: Message) -> None:
        self.letters.append(message)

    def prepare_message(self, session: Any, envelope: Any) -> Message:
        letter = BytesParser(EmailMessage, policy=POLICY).parsebytes(envelope.content)
        letter["X-Recipients"] = ", ".join(envelope.rcpt_tos)
        letter["X-TLS"] = "yes" if session.ssl else "no"
        letter["X-User"] = (session.auth_data or b"").decode()
        return letter

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:  # noqa: N802
        if said := self.refuse.get(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"


class MailServer:
    """A real SMTP server between `with` and its end: STARTTLS where `starttls` is given, TLS from the start where
    `tls` is, and for nobody but USER where `locked`."""

    def __init__(
        self, *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, locked: bool = False
    ) -> None:
        self.starttls, self.tls, self.locked = starttls, tls, locked
        self.handler, self.port = Letters(), 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    @property
    def letters(self) -> list[Message]:
        return self.handler.letters

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(self._session, "localhost", 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=5)

    def _session(self) -> SMTP:
        return SMTP(
            self.handler,
            hostname="localhost",
            tls_context=self.starttls,
            require_starttls=self.starttls is not None,
            authenticator=_who,
            # aiosmtpd does not know that TLS from the start is TLS: a login is taken there, and cannot be demanded.
            auth_required=self.locked and self.tls is None,
            auth_require_tls=self.tls is None,
            loop=self._loop,
        )


def _who(_: Any, __: Any, ___: Any, ____: str, said: Any) -> AuthResult:
    good = isinstance(said, LoginPassword) and (said.login, said.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=good, auth_data=USER.encode() if good else None)


@dataclass
class Receiver:
    """A webhook's other end: what was posted (path, headers, body), and what it answers."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiver(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A real HTTP server on loopback, over TLS with a `context`."""
    heard = Receiver()

    class Posted(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.posts.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(heard.status)
            for name, value in heard.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A client that does not like the certificate hangs up."""

    with Server(("localhost", 0), Posted) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        heard.url = f"http{'s' if context else ''}://localhost:{server.server_port}/hooks/secret?of=library"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield heard
        finally:
            server.shutdown()
            thread.join(10)
