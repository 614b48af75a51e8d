"""A real HTTP server on loopback that answers as an ILS's API does, and badly where it is told to."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Asked(NamedTuple):
    """A call. `headers` by lower-case name; `text` is what its body is."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    text: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Said(NamedTuple):
    """An answer; a body of bytes is sent as it is."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


# What is answered in place of the model's answer, which is made only where it is asked for. None cuts the connection.
Fault = Callable[[Callable[[], Said]], Said | None]


@dataclass
class ApiServer:
    """`model` answers; each of `faults` is met by the next call whose method and path begin so."""

    model: Callable[[Asked], Said]
    calls: list[Asked] = field(default_factory=list)
    faults: list[tuple[str, Fault]] = field(default_factory=list)
    numbered: dict[int, Fault] = field(default_factory=dict)
    port: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, call: str, fault: Fault, times: int = 1) -> None:
        self.faults += [(call, fault)] * times

    def fail_call(self, n: int, fault: Fault) -> None:
        """The nth call from now on meets a fault."""
        self.numbered[len(self.calls) + n] = fault

    def late(self, answer: Callable[[], Said]) -> Said | None:
        """A fault: the call is taken, and the answer comes too late."""
        answer()
        self.done.wait(5)
        return None

    def fault_of(self, asked: Asked) -> Fault | None:
        if fault := self.numbered.pop(len(self.calls) - 1, None):
            return fault
        for n, (call, fault) in enumerate(self.faults):
            if f"{asked.method} {asked.path}".startswith(call):
                del self.faults[n]
                return fault
        return None


def status(number: int, **headers: str) -> Fault:
    """A fault: nothing is done, and this is answered, as a proxy does."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Said(number, b"<html>Testa Synthetica</html>", named)


def cut(_: Callable[[], Said]) -> Said | None:
    """A fault: the connection ends before anything is done."""
    return None


def cut_after(answer: Callable[[], Said]) -> Said | None:
    """A fault: the connection ends once it is done."""
    answer()
    return None


@contextmanager
def serving(model: Callable[[Asked], Said], tls: ssl.SSLContext | None = None) -> Iterator[ApiServer]:
    """With TLS where `tls` is given."""
    server = ApiServer(model)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def _take(self) -> None:
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, text)
            server.calls.append(asked)
            fault = server.fault_of(asked)
            said = fault(lambda: server.model(asked)) if fault else server.model(asked)
            if said is None:
                self.close_connection = True
                return
            body = said.body if isinstance(said.body, bytes) else b"" if said.body is None else _json(said.body)
            self.send_response(said.status)
            for name, value in {"Content-Length": str(len(body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = _take  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    if tls:
        httpd.socket = tls.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
    server.port = httpd.server_port
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.done.set()
        httpd.shutdown()
        thread.join(10)
        httpd.server_close()


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()
