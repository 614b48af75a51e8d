"""Raw bytes at the open doors: nothing crashes or hangs, no answer is an error of ours, and nobody is let in.

5,000 cases for each wire, the same every time; `make fuzz-wire` asks as many as it is told.
"""

import base64
import os
import re
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from select import select

import pytest

from access_service.domain.client import BY_ADDRESS, DialectName
from access_service.storage import engine
from tests.access_service import seed
from tests.access_service.sip2.talk import sealed
from tests.access_service.test_web import SERVE, running
from tests.fuzz.wire import nearly
from tests.place import copy_of

CASES, SEED = int(os.environ.get("CASES", "5000")), int(os.environ.get("FUZZ_SEED", "1"))
AT_ONCE = 32
SECONDS, PATIENCE = 10, 0.05
NUMBER, WRONG = "0012345", "9999"
OTHER, PIN, OTHER_KEY = "0012346", "0412", "key-of-another"


def _headers(key: str) -> str:
    return f"Host: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\n{_headers(seed.KEY)}\r\n".encode()


def post(path: str, body: str, kind: str, key: str = seed.KEY) -> bytes:
    head = f"POST {path} HTTP/1.1\r\n{_headers(key)}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def question(number: str, pin: str, key: str = seed.KEY) -> bytes:
    return post("/v1/authentications", f'{{"number":"{number}","pin":"{pin}"}}', "application/json", key)


FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_BEARER = f"Bearer {seed.KEY}".encode()
# Koha's clients show name and key, Sierra's a token.
KOHA = _BEARER, b"Basic " + base64.b64encode(f"keyed:{seed.KEY}".encode())
SIERRA = _BEARER, b"Bearer keyed.4102444800." + seed.VAULT.mark("bearer token", "keyed", "4102444800").hex().encode()
SEEDS = (
    question(NUMBER, WRONG),
    get(f"/v1/patrons/{NUMBER}"),
    get(f"/PATRONAPI/{NUMBER}/{WRONG}/pintest"),
    get(f"/PATRONAPI/{NUMBER}/dump"),
    post("/PATRONAPI/pintest", f"number={NUMBER}&pin={WRONG}", FORM),
    get(f"/ezproxy?user={NUMBER}&pass={WRONG}"),
    post("/ezproxy", f"user={NUMBER}&pass={WRONG}", FORM),
    post("/libauth", f"username={NUMBER}&password={WRONG}", FORM),
    post("/api/v1/auth/password/validation", f'{{"identifier":"{NUMBER}","password":"{WRONG}"}}', JSON).replace(*KOHA),
    post("/api/v1/oauth/token", f"grant_type=client_credentials&client_id=keyed&client_secret={seed.KEY}", FORM),
    post("/iii/sierra-api/v6/token", "", FORM).replace(*KOHA),
    post("/iii/sierra-api/v6/patrons/validate", f'{{"barcode":"{NUMBER}","pin":"{WRONG}"}}', JSON).replace(*SIERRA),
    get(f"/iii/sierra-api/v6/patrons/find?varFieldTag=b&varFieldContent={NUMBER}").replace(*SIERRA),
    get("/openapi.json"),
    get("/healthz"),
)
# What some client reads as "let them in", in any dialect.
VALID = re.compile(
    rb'"authenticated":\s*true|"auth":\s*true|RETCOD=0|\+VALID|\+OK|webchkpass|^HTTP/1.. 20[14]', re.IGNORECASE
)


# Every failure costs a slow hash, in a thread that steps back; thousands of them need not.
CHEAP = (
    "from access_service import slow_hash as s; s.SlowHash.__init__.__defaults__ = (s.Cost(8, 1), None);"
    " s._step_back = lambda nice: None; "
)
OVER_HTTP, OVER_SIP2 = CHEAP + SERVE, CHEAP + SERVE.replace("web.server", "protocols.sip2.server")
LOGIN = f"9300CNkeyed|CO{seed.KEY}|\r".encode()
KEYS = seed.KEY.encode(), OTHER_KEY.encode()
DATE = "20261103    120000"


def patron(number: str, pin: str) -> bytes:
    return sealed(f"63001{DATE}          AOhere|AA{number}|AC|AD{pin}|").encode() + b"\r"


SIP2_SEEDS = (
    patron(NUMBER, WRONG),
    sealed(f"23001{DATE}AOhere|AA{NUMBER}|AC|AD{WRONG}|", 1).encode() + b"\r",
    sealed(f"35{DATE}AOhere|AA{NUMBER}|", 2).encode() + b"\r",
    sealed("9900802.00", 3).encode() + b"\r",
    sealed("97", None).encode() + b"\r",
    f"01N{DATE}AOhere|ALlost|AA{NUMBER}|AC|\r\n".encode(),
    f"25{DATE}AOhere|AA{NUMBER}|AC|AD{WRONG}|\r\r".encode(),
    f"11YN{DATE}{DATE}AOhere|AA{NUMBER}|AB301|AC|\r".encode(),
    f"9300CNkeyed|CO{WRONG}|CPdesk|\r".encode(),
)


@pytest.fixture
def url(empty: Path, tmp_path: Path) -> str:
    """A database with two students, the second for afterwards."""
    url = copy_of(empty, tmp_path)
    databases = engine.connect(url)
    seed.store(databases, seed.patron())
    seed.store(databases, seed.patron(2, OTHER), PIN)
    with_key = frozenset(DialectName) - BY_ADDRESS
    for name, dialects, key in (
        ("keyed", with_key, seed.KEY),
        ("other", with_key, OTHER_KEY),
        ("near", BY_ADDRESS, None),
    ):
        seed.admit(databases, seed.client(name, dialects=dialects), key)
    databases.dispose()
    return url


def answered(port: int, data: bytes, patience: float = SECONDS, replies: int = 1, end: bytes = b"") -> bytes:
    """All that comes back. TimeoutError where the server neither answers nor closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        said = b""
        try:
            connection.sendall(data)
            # Nothing is answered after the end of the stream, and half a question only then.
            while (said.count(end) if end else bool(said)) < replies and select([connection], [], [], patience)[0]:
                said += (more := connection.recv(65536))
                if not more:
                    return said
            connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                said += more
        except TimeoutError:
            raise
        except OSError:
            # Closed in the middle of what it would not read.
            pass
        return said


def test_no_bytes_over_http_do_harm(url: str, tmp_path: Path) -> None:
    """Each case has a connection of its own; afterwards the service answers as before."""

    def check(data: bytes) -> None:
        said = answered(service.port, data, PATIENCE)
        statuses = {int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3})", said, re.MULTILINE)}
        assert not {status for status in statuses if status >= 500 and status != 503}, data
        assert not VALID.search(said), data

    with running(url, tmp_path, OVER_HTTP) as service:
        every(check, SEEDS)
        assert service.process.poll() is None
        assert b'"authenticated":true' in answered(service.port, question(OTHER, PIN, OTHER_KEY))
        assert "Traceback" not in service.log.read_text()


def test_no_bytes_over_sip2_do_harm(url: str, tmp_path: Path) -> None:
    """The same, by clients that have logged in: bytes of those who have not get no further than these."""

    def check(data: bytes) -> None:
        said = answered(service.port, LOGIN + data + b"\r", PATIENCE, 2, b"\r")
        assert said.startswith(b"941") and b"CQY" not in said, data

    with running(url, tmp_path, OVER_SIP2, "SIP2_PORT") as service:
        every(check, SIP2_SEEDS)
        assert service.process.poll() is None
        login = LOGIN.replace(b"keyed", b"other").replace(*KEYS)
        assert b"|CQY|" in answered(service.port, login + patron(OTHER, PIN), SECONDS, 2, b"\r")
        said = service.log.read_text()
        assert "Traceback" not in said and '"event": "failed"' not in said and "process ended" not in said


def every(check: Callable[[bytes], None], seeds: Sequence[bytes]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for _ in threads.map(check, nearly(seeds, CASES, SEED)):
            pass
