"""A library's ILS on loopback, over SIP2 and the Patron API: small, real sockets, made-up cardholders."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from time import sleep
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

STAMP = "00120261103    120000"
NO_MORE = b""


@dataclass(frozen=True)
class Holder:
    """A cardholder. `flags` are the 14 conditions of SIP2; the date is YYYYMMDD."""

    number: str = "21000000000017"
    pin: str = "2468"
    name: str = "Hopper, Grace"
    expires: str = "20280131"
    flags: str = " " * 14
    blocked: str = "-"


HOLDER = Holder()


def framed(text: str, sequence: str = "") -> bytes:
    """A message of SIP2 with its check, where the question had one."""
    body = text.encode() + (f"AY{sequence}AZ".encode() if sequence else b"")
    return body + (f"{-sum(body) & 0xFFFF:04X}".encode() if sequence else b"") + b"\r"


def information(number: str, pin: str | None, *holders: Holder) -> str:
    """A patron information response (64) without its check."""
    counts = "0" * 24
    holder = next((holder for holder in holders or (HOLDER,) if holder.number == number), None)
    if holder is None:
        return f"64YYYY{' ' * 10}{STAMP}{counts}AOtown|AA{number}|AE|BLN|CQN|AFNot here.|"
    verdict = "" if pin is None else f"CQ{'Y' if pin == holder.pin else 'N'}|"
    return (
        f"64{holder.flags}{STAMP}{counts}AOtown|AA{number}|AE{holder.name}|BZ0010|BLY|{verdict}BHUSD|BV1.50|"
        f"BDHarbor Street 1|BEgrace@example.org|PA{holder.expires}|PCADULT|AQMAIN|AFGreetings.|"
    )


class _Ils:
    """Serves between `with` and its end. `heard` has every question. `spoil` gets each answer and gives what is sent in
    its place, NO_MORE to hang up; while `hold` is clear, nobody is answered."""

    server: ThreadingTCPServer
    block_on_close = False

    def __init__(self, *holders: Holder) -> None:
        self.holders = {holder.number: holder for holder in holders or (HOLDER,)}
        self.heard: list[str] = []
        self.connections = 0
        self.spoil: Callable[[bytes], bytes] = lambda answer: answer
        self.hold = Event()
        self.hold.set()
        # Seconds before each letter of an answer.
        self.drip = 0.0

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def __enter__(self) -> Self:
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()

    def send(self, file: Any, answer: bytes) -> None:
        """Write, at once or drop by drop."""
        for piece in [bytes([byte]) for byte in answer] if self.drip else [answer]:
            sleep(self.drip)
            file.write(piece)

    def admit(self, handler: type[Any], context: ssl.SSLContext | None) -> None:
        """Listen on a free port of loopback."""
        ils = self

        class Server(ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64

            def get_request(self) -> Any:
                request, address = super().get_request()
                ils.connections += 1
                return (context.wrap_socket(request, server_side=True) if context else request), address

            def handle_error(self, *_: object) -> None:
                """A client that hangs up is none."""

        handler.ils = self
        self.server = Server(("127.0.0.1", 0), handler)


class Sip2Ils(_Ils):
    """SIP2: 93 with LOGIN, then 63."""

    LOGIN = ("relay", "relay-password")

    def __init__(self, *holders: Holder, context: ssl.SSLContext | None = None, checks: bool = True) -> None:
        super().__init__(*holders)
        self.checks = checks

        class Session(StreamRequestHandler):
            ils: "Sip2Ils"

            def handle(self) -> None:
                heard = b""
                while byte := self.rfile.read(1):
                    if byte != b"\r":
                        heard += byte
                        continue
                    question, heard = heard.decode(), b""
                    self.ils.heard.append(question)
                    self.ils.hold.wait(20)
                    answer = self.ils.spoil(self.ils.answer(question))
                    if not answer:
                        return
                    self.ils.send(self.wfile, answer)

        self.admit(Session, context)

    def answer(self, question: str) -> bytes:
        assert framed(question[:-9], question[-7]) == f"{question}\r".encode()
        sequence = question[-7] if self.checks else ""
        login, password = self.LOGIN
        if question.startswith("93"):
            return framed(f"94{int(f'CN{login}|CO{password}|' in question)}", sequence)
        fields = {part[:2]: part[2:] for part in question[33:-9].split("|")[:-1]}
        return framed(information(fields["AA"], fields.get("AD"), *self.holders.values()), sequence)


class PatronApiIls(_Ils):
    """The Patron API: the dump and the PIN test."""

    def __init__(self, *holders: Holder, context: ssl.SSLContext | None = None) -> None:
        super().__init__(*holders)
        self.status, self.version = 200, "HTTP/1.1"

        class Pages(BaseHTTPRequestHandler):
            ils: "PatronApiIls"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self.protocol_version = self.ils.version

            def do_GET(self) -> None:
                self.ils.heard.append(self.path)
                self.ils.hold.wait(20)
                page = self.ils.spoil(self.ils.page(*map(unquote, self.path.split("/")[2:])).encode())
                if not page:
                    self.close_connection = True
                    return
                self.send_response(self.ils.status)
                self.send_header("Content-Type", "text/html")
                if self.ils.version != "HTTP/1.0":
                    self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.ils.send(self.wfile, page)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.admit(Pages, context)

    def page(self, number: str, *rest: str) -> str:
        """What a path leads to."""
        if not (holder := self.holders.get(number)):
            return html("ERRNUM=1", "ERRMSG=Requested record not found")
        if rest[-1] == "pintest":
            right = rest[0] == holder.pin
            return html(*(["RETCOD=0"] if right else ["RETCOD=1", "ERRNUM=4", "ERRMSG=Invalid patron PIN"]))
        year, month, day = holder.expires[2:4], holder.expires[4:6], holder.expires[6:]
        return html(
            "REC INFO[p!]=p",
            f"EXP DATE[p43]={month}-{day}-{year}" if year else "EXP DATE[p43]=  -  -  ",
            "P TYPE[p47]=10",
            "HOME LIBR[p53]=main ",
            f"MBLOCK[p56]={holder.blocked}",
            "RECORD #[p81]=1000001",
            f"PATRN NAME[pn]={holder.name}",
            f"P BARCODE[pb]={holder.number}",
            "NOTE[px]=has = and [x]=y in it",
        )


def html(*lines: str) -> str:
    """A page of the Patron API."""
    return "<HTML><BODY>\n" + "".join(f"{line}<BR>\n" for line in lines) + "</BODY></HTML>\n"
