"""`access-service serve-sip2` as it runs: processes of its own, TLS, signals."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select

from access_service.errors import ConfigError
from access_service.pin_vault import PEPPER_VARIABLE
from access_service.protocols.sip2.server import serve
from access_service.settings import Sip2
from access_service.storage.engine import Databases
from access_service.storage.tables import usage
from tests.access_service import seed
from tests.access_service.sip2.certificates import Authority
from tests.access_service.sip2.serving import Line
from tests.access_service.sip2.talk import LOGIN, ask_63, speaking
from tests.processes import until

SECONDS = 20


@dataclass
class Service:
    """A running server, and what it has logged so far."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    trust: ssl.SSLContext | None = None

    def connect(self) -> Line:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)
        return Line(self.trust.wrap_socket(plain, server_hostname="127.0.0.1") if self.trust else plain)

    def log_in(self) -> Line:
        line = self.connect()
        assert line.ask(LOGIN) == "941"
        return line

    def lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@contextmanager
def running(url: str, folder: Path, keys: str = "", trust: ssl.SSLContext | None = None) -> Iterator[Service]:
    """Serve with more `keys` of [sip2]."""
    config, log = folder / "config", folder / "log"
    shutil.copytree(seed.CONFIG, config)
    settings = (config / "service.toml").read_text().replace("processes = 1", f"processes = 2\n{keys}")
    (config / "service.toml").write_text(settings)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    environment = os.environ | {"DATABASE_URL": url, "SIP2_PORT": str(port), PEPPER_VARIABLE: seed.PEPPER.hex()}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "access_service", "--config", str(config), "serve-sip2"],
            env=environment,
            stderr=errors,
            stdout=errors,
            start_new_session=True,
        )
    try:
        service = Service(process, port, log, trust)
        until(lambda: process.poll() is not None or '"serving"' in log.read_text())
        assert process.poll() is None, log.read_text()
        yield service
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        # Its children end a moment later.
        until(lambda: not listens(port))


def children(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in told.split()]


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_two_processes_answer_log_and_stop_as_one(databases: Databases, database_url: str, tmp_path: Path) -> None:
    """Both share the port; usage survives SIGTERM, the log knows nobody, and the exit code is 0."""
    seed.store(databases, seed.patron(given_name="Canarygiven"), pin="canary-pin")
    seed.admit(databases, speaking())
    with running(database_url, tmp_path) as service:
        lines = [service.log_in() for _ in range(12)]
        assert ["CQY" in line.ask(ask_63(pin="canary-pin")) for line in lines] == [True] * 12
        assert "CQN" in lines[0].ask(ask_63(pin="canary-wrong"))
        began = time.monotonic()
        service.process.terminate()
        assert service.process.wait(SECONDS) == 0
        assert time.monotonic() - began < 5
        assert [line.read() for line in lines] == [""] * 12
        assert not listens(service.port)
        for line in lines:
            line.socket.close()
    with databases.reader.connect() as connection:
        assert sum(connection.execute(select(usage.c.sign_ins)).scalars()) == 12
    assert not re.search(f"canary|12345|{seed.KEY}", service.log.read_text(), re.IGNORECASE)
    asked = [line for line in service.lines() if line.get("route") == "63"]
    assert [line["pin"] for line in asked] == ["ok"] * 12 + ["wrong"]
    assert asked[0]["client"] == "vendor" and len(asked[0]["patron"]) == 12


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_processes_are_replaced_and_end_with_the_first(databases: Databases, database_url: str, tmp_path: Path) -> None:
    """One that dies is followed by another; when the parent is killed outright, nothing goes on listening."""
    seed.admit(databases, speaking())
    with running(database_url, tmp_path) as service:
        before = children(service.process.pid)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(now := children(service.process.pid)) == 2 and now != before)
        service.log_in().socket.close()
        service.process.kill()
        until(lambda: not listens(service.port))


def test_tls_with_certificates_of_clients(databases: Databases, database_url: str, tmp_path: Path) -> None:
    """Who has no certificate of our authority is not talked to; new ones of our own are taken at SIGHUP, and sessions
    stay."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server")
    keys = f'tls_certificate = "{certificate}"\ntls_key = "{key}"\ntls_client_ca = "{authority.file}"'
    trust = ssl.create_default_context(cafile=authority.file)
    stranger = ssl.create_default_context(cafile=authority.file)
    trust.load_cert_chain(*authority.issue("vendor"))
    with running(database_url, tmp_path, keys, trust) as service, service.log_in() as line:
        assert "CQY" in line.ask(ask_63())
        for known in (None, stranger):
            with replace(service, trust=known).connect() as refused, suppress(ssl.SSLError, ConnectionError):
                assert refused.ask(LOGIN) == ""
        for file, other in zip((certificate, key), authority.issue("renewed"), strict=True):
            shutil.copy(other, file)
        service.process.send_signal(signal.SIGHUP)
        until(lambda: service.log.read_text().count('"certificates taken"') == 2)
        with service.log_in() as later:
            shown = later.socket.getpeercert()  # type: ignore[attr-defined]
            assert (("commonName", "renewed"),) in shown["subject"]
        assert "CQY" in line.ask(ask_63())


def test_it_does_not_start_where_it_cannot(database_url: str, tmp_path: Path) -> None:
    """A port that is taken, a key that does not fit, a network without TLS: one line that names key and remedy."""
    environment = {"DATABASE_URL": database_url, PEPPER_VARIABLE: seed.PEPPER.hex()}
    config = tmp_path / "config"
    shutil.copytree(seed.CONFIG, config)
    text = (config / "service.toml").read_text()
    authority = Authority(tmp_path)
    mixed = f'tls_certificate = "{authority.issue("one")[0]}"\ntls_key = "{authority.issue("two")[1]}"'
    one = authority.issue("one")
    good = f'tls_certificate = "{one[0]}"\ntls_key = "{one[1]}"'
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.MonkeyPatch.context() as patched:
        for name, value in environment.items():
            patched.setenv(name, value)
        for port, old, new, said in (
            (taken.getsockname()[1], "", "", "SIP2_PORT"),
            (6001, "processes = 1", mixed, "sip2.tls_certificate, sip2.tls_key"),
            (
                6001,
                "processes = 1",
                'tls_certificate = "gone.pem"\ntls_key = "gone.key"',
                f"sip2.tls_certificate: {tmp_path}/gone.pem: No such file",
            ),
            (
                6001,
                "processes = 1",
                f'{good}\ntls_client_ca = "gone.ca"',
                f"sip2.tls_client_ca: {tmp_path}/gone.ca: No",
            ),
            (6001, '[sip2]\nhost = "127.0.0.1"', '[sip2]\nplaintext = true\nhost = "192.0.2.1"', "set [sip2] host in"),
            (6001, '[sip2]\nhost = "127.0.0.1"', '[sip2]\nhost = "0.0.0.0"', "plaintext = true"),
        ):
            patched.setenv("SIP2_PORT", str(port))
            (config / "service.toml").write_text(text.replace(old, new, 1) if old else text)
            with pytest.raises(ConfigError, match=re.escape(said)):
                serve(config)
    assert Sip2(host="0.0.0.0", plaintext=True).host == "0.0.0.0"  # noqa: S104
