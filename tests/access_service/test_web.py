"""The HTTP service as it runs: granian, two workers, real TCP."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from access_service.errors import ConfigError, StorageError
from access_service.pin_vault import PEPPER_VARIABLE
from access_service.storage import engine, schema
from access_service.storage.engine import Databases
from access_service.storage.tables import district_state, pepper_keys, usage
from access_service.web.server import serve
from tests.access_service import seed
from tests.processes import free_port, until

AUTHORIZED = {"Authorization": f"Bearer {seed.KEY}", "Content-Type": "application/json"}
SERVE = "import sys; from pathlib import Path; from access_service.web.server import serve; serve(Path(sys.argv[1]))"
SECONDS = 30


@dataclass
class Service:
    """A running server and what it has logged so far."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """On a connection of its own, so that any worker may get it."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)) as connection:
            connection.request(method, path, json.dumps(body), AUTHORIZED)
            response = connection.getresponse()
            return response.status, response.read().decode()

    def authenticate(self, number: str, pin: str) -> bool:
        status, body = self.ask("POST", "/v1/authentications", {"number": number, "pin": pin})
        assert status == 200
        return bool(json.loads(body)["authenticated"])

    def listens(self) -> bool:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS).close()
            return True
        return False

    def answers(self) -> bool:
        try:
            return self.ask("GET", "/healthz") == (200, '{"status":"alive"}\n')
        except OSError:
            return False


@contextmanager
def running(url: str, folder: Path, serve: str = SERVE, port_variable: str = "HTTP_PORT") -> Iterator[Service]:
    """A server in processes of its own, over HTTP unless `serve` starts another."""
    port, log = free_port(), folder / "log"
    environment = os.environ | {"DATABASE_URL": url, port_variable: str(port), PEPPER_VARIABLE: seed.PEPPER.hex()}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", serve, str(seed.CONFIG)],
            env=environment,
            stderr=errors,
            stdout=errors,
            start_new_session=True,
        )
    service = Service(process, port, log)
    try:
        until(service.answers if port_variable == "HTTP_PORT" else service.listens)
        yield service
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_two_workers_count_log_and_stop_as_one(databases: Databases, database_url: str, tmp_path: Path) -> None:
    """Metrics are the sum over the workers, usage survives SIGTERM, and neither log nor metrics know a person."""
    seed.store(databases, seed.patron(given_name="Canarygiven", family_name="Canaryfamily"), pin="canary-pin")
    seed.admit(databases, seed.client())
    with running(database_url, tmp_path) as service:
        admitted = [service.authenticate("0012345", pin) for pin in ["canary-pin"] * 30 + ["canary-wrong"]]
        assert admitted == [True] * 30 + [False]
        assert "RETCOD=0" in service.ask("GET", "/PATRONAPI/0012345/canary-pin/pintest")[1]
        assert service.ask("GET", "/v1/canary-path")[0] == 404
        assert service.ask("CANARY", "/v1/authentications")[0] == 405
        metrics = [service.ask("GET", "/metrics")[1] for _ in range(6)]
        service.process.terminate()
        assert service.process.wait(SECONDS) == 0
    for text in metrics:
        assert 'access_requests_total{dialect="rest",pin="ok",standing="active",status="200"} 30.0' in text
        assert 'access_requests_total{dialect="rest",pin="wrong",standing="active",status="200"} 1.0' in text
        assert 'access_request_seconds_count{route="/v1/authentications"} 31.0' in text
        assert 'access_requests_total{dialect="none",pin="none",standing="none",status="404"} 1.0' in text
    with databases.reader.connect() as connection:
        assert sum(connection.execute(select(usage.c.sign_ins)).scalars()) == 31
    said = service.log.read_text()
    for personal in ("canary", "12345", seed.KEY, "PATRONAPI/0", "Authorization"):
        assert not re.search(personal, said + metrics[0], re.IGNORECASE)
    lines = [json.loads(line) for line in said.splitlines()]
    asked = [line for line in lines if line["event"] == "request" and line.get("pin") == "ok"]
    assert len(asked) == 31
    assert set(asked[0]) == {
        *("event", "level", "timestamp", "process", "dialect", "route", "method"),
        *("status", "ms", "client", "standing", "pin", "patron"),
    }
    assert re.fullmatch("[0-9a-f]{12}", asked[0]["patron"])


def test_requests_under_way_are_finished(databases: Databases, database_url: str, tmp_path: Path) -> None:
    """SIGTERM ends a worker after the answer it owes."""
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client())
    body = json.dumps({"number": "12345", "pin": "0412"})
    with running(database_url, tmp_path) as service:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=SECONDS)
        connection.putrequest("POST", "/v1/authentications")
        for name, value in (AUTHORIZED | {"Content-Length": str(len(body)), "Expect": "100-continue"}).items():
            connection.putheader(name, value)
        connection.endheaders(body[:5].encode())
        # Once a worker reads the question it says so.
        assert connection.sock.recv(1024).startswith(b"HTTP/1.1 100 ")
        service.process.terminate()
        time.sleep(0.2)
        connection.send(body[5:].encode())
        assert json.loads(connection.getresponse().read())["authenticated"] is True
        connection.close()
        assert service.process.wait(SECONDS) == 0


def test_workers_do_not_outlive_a_killed_server(tmp_path: Path) -> None:
    """When the server is killed outright its port falls silent."""
    url = f"sqlite:///{tmp_path / 'access.db'}"
    databases = engine.connect(url)
    schema.upgrade(databases)
    databases.dispose()
    with running(url, tmp_path) as service:
        service.process.kill()
        until(lambda: not service.answers())


def test_ready_tells_the_age_of_rosters(databases: Databases) -> None:
    """The age of the last accepted roster, by district, is a field and a metric; however old, the service is ready."""
    state = {"applied_run": 1, "basis": "", "file_sha256": "", "file_size": 0, "content": b"", "population": 0}
    with databases.writer.begin() as connection:
        seen_at = seed.NOON - timedelta(days=30)
        connection.execute(insert(district_state).values(district="demo", **state, seen_at=seen_at))
    web = seed.web(databases)
    ready = web.get("/readyz")
    assert (ready.status_code, ready.json) == (200, {"status": "ready", "roster_age_seconds": {"demo": 2592000}})
    assert 'access_roster_age_seconds{district="demo"} 2.592e+06' in web.get("/metrics").get_data(as_text=True)


def test_not_ready_without_its_database(blank_url: str) -> None:
    """Without the schema the service is alive and not ready, and still gives its metrics."""
    databases = engine.connect(blank_url)
    web = seed.web(databases)
    assert [web.get(page).status_code for page in ("/healthz", "/readyz", "/metrics")] == [200, 503, 200]
    assert web.get("/readyz").content_type == "application/problem+json"
    databases.dispose()


def test_nothing_may_be_stored_or_framed(databases: Databases) -> None:
    """Every answer, errors too, tells caches to keep nothing."""
    web = seed.web(databases)
    for page in ("/healthz", "/v1/patrons/1", "/PATRONAPI/1/dump", "/none"):
        headers = web.get(page).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_fault_of_ours_says_nothing(databases: Databases, capsys: pytest.CaptureFixture[str]) -> None:
    """An exception nobody foresaw is 500, and neither answer nor log has its text."""
    app = seed.app(databases)
    nothing: dict[str, str] = {}
    app.add_url_rule("/fault", "fault", lambda: nothing["canary"])
    response = app.test_client().get("/fault")
    assert (response.status_code, response.content_type) == (500, "application/problem+json")
    captured = capsys.readouterr()
    assert "canary" not in response.get_data(as_text=True) + captured.out + captured.err


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Databases:
    url = f"sqlite:///{tmp_path / 'access.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv(PEPPER_VARIABLE, seed.PEPPER.hex())
    return engine.connect(url)


def test_a_port_in_use_is_named(environment: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says which address is taken and what to set."""
    schema.upgrade(environment)
    with closing(socket.create_server(("127.0.0.1", 0), reuse_port=True)) as other:
        monkeypatch.setenv("HTTP_PORT", str(other.getsockname()[1]))
        with pytest.raises(ConfigError, match=r"cannot listen on 127.0.0.1 port \d+: .*HTTP_PORT"):
            serve(seed.CONFIG)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_that_is_not_this_machine_is_named(environment: Databases, tmp_path: Path, host: str) -> None:
    """No other port would help."""
    schema.upgrade(environment)
    text = (shutil.copytree(seed.CONFIG, tmp_path / "config") / "service.toml").read_text(encoding="utf-8")
    assert '[http]\nhost = "127.0.0.1"' in text
    text = text.replace('[http]\nhost = "127.0.0.1"', f'[http]\nhost = "{host}"')
    (tmp_path / "config" / "service.toml").write_text(text, encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"cannot listen on .*; set \[http\] host in service.toml to an address of this"
    ):
        serve(tmp_path / "config")


def test_a_wrong_pepper_is_found_before_serving(environment: Databases) -> None:
    """With another pepper every PIN would be wrong: the service does not start."""
    schema.upgrade(environment)
    with environment.writer.begin() as connection:
        connection.execute(insert(pepper_keys).values(key_id="deadbeef"))
    with pytest.raises(ConfigError, match="deadbeef"):
        serve(seed.CONFIG)


def test_an_empty_database_is_found_before_serving(environment: Databases) -> None:
    """Without a schema the service does not start, and says which command makes it."""
    with pytest.raises(StorageError, match="upgrade-db"):
        serve(seed.CONFIG)
    environment.dispose()
