"""`make demo` and `make run`, as their users start them."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.processes import free_port, until

ROOT = Path(__file__).parents[1]
SECONDS = 90
KEYS = {
    *("http_url", "api_key", "patronapi_url", "district", "student_number", "library_number", "pin", "database_url"),
    *("sip2_address", "sip2_login", "sip2_password", "institution"),
    *("admin_url", "admin_user", "admin_password"),
}


@contextmanager
def demo(var: Path, mode: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    ports = {"HTTP_PORT": str(free_port()), "SIP2_PORT": str(free_port())}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **ports, **variables}
    with subprocess.Popen(
        [sys.executable, "-m", "sync.demo", "--var", str(var), mode],
        env=environment,
        cwd=var,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def processes_with(text: str) -> list[str]:
    """The command lines or environments of this machine's processes that name `text`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in told:
            found.append(folder.name)
    return found


def authenticate(facts: dict[str, str]) -> bool:
    connection = http.client.HTTPConnection(facts["http_url"].removeprefix("http://"), timeout=10)
    headers = {"Authorization": f"Bearer {facts['api_key']}", "Content-Type": "application/json"}
    body = json.dumps({"number": facts["student_number"], "pin": facts["pin"]})
    try:
        connection.request("POST", "/v1/authentications", body, headers)
        return bool(json.load(connection.getresponse())["authenticated"])
    finally:
        connection.close()


def signs_in(facts: dict[str, str]) -> bool:
    """Whether the account that was announced opens the pages."""
    with requests.Session() as browser:
        page = browser.get(facts["admin_url"], timeout=10)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        fields = {"csrf_token": token[1], "name": facts["admin_user"], "password": facts["admin_password"]}
        browser.post(page.url, data=fields, timeout=10)
        return "Sign out" in browser.get(facts["admin_url"], timeout=10).text


def over_sip2(facts: dict[str, str]) -> bool:
    host, port = facts["sip2_address"].split(":")
    with socket.create_connection((host, int(port)), 10) as line:
        line.sendall(f"9300CN{facts['sip2_login']}|CO{facts['sip2_password']}|\r".encode())
        assert line.recv(1024) == b"941\r"
        fields = f"AO{facts['institution']}|AA{facts['student_number']}|AC|AD{facts['pin']}|"
        line.sendall(f"63001{'20261103    120000'}{10 * ' '}{fields}\r".encode())
        told = line.recv(1024).decode()
        return f"|AO{facts['institution']}|"[1:] in told and "|BLY|CQY|" in told


def test_demo_asks_and_every_answer_is_right(tmp_path: Path) -> None:
    """`make demo` goes from a roster to right and wrong sign-ins, ends with 0 and leaves nothing behind."""
    with demo(tmp_path, "check") as process:
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    assert said.count("(right)") == 15, said
    assert "WRONG" not in said
    assert [path.name for path in tmp_path.iterdir()] == [".demo.json.lock"]


def test_run_serves_night_after_night_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """`make run` serves what demo.json says; SIGTERM ends all of it with 0; the next start is the next night."""
    told = []
    for night in (0, 1):
        with demo(tmp_path, "run") as process:
            until((tmp_path / "demo.json").exists, SECONDS, process)
            facts = json.loads((tmp_path / "demo.json").read_text())
            assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
            assert facts.keys() >= KEYS
            assert authenticate(facts) and over_sip2(facts) and signs_in(facts)
            held = (tmp_path / "run/ils/patrons.csv").read_text(encoding="utf-8")
            assert facts["library_number"] in held
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, said
        assert f"/run/ils/taken/demo-{night + 1:06}-" in said
        assert f"Night {night} over SFTP: applied" in said
        assert not (tmp_path / "demo.json").exists()
        assert processes_with(str(tmp_path)) == []
        told.append(facts)
    assert told[0]["api_key"] == told[1]["api_key"]


def test_run_stopped_while_starting_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C before the service is up ends what was started so far, and the next start begins where this one was."""
    with demo(tmp_path, "run") as process:
        until((tmp_path / "run" / "access.db").exists, SECONDS, process)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    assert processes_with(str(tmp_path)) == []
    assert not (tmp_path / "demo.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_a_killed_run_takes_its_children_along(tmp_path: Path) -> None:
    """Even killed outright, nothing goes on serving, and the next start takes over what it left."""
    with demo(tmp_path, "run") as process:
        until((tmp_path / "demo.json").exists, SECONDS, process)
        process.kill()
        process.wait()
    deadline = time.monotonic() + SECONDS
    while processes_with(str(tmp_path)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the server in /proc")
def test_a_service_that_dies_ends_the_run(tmp_path: Path) -> None:
    """One line says what ended, and the exit code is 1."""
    with demo(tmp_path, "run") as process:
        until((tmp_path / "demo.json").exists, SECONDS, process)
        for pid in processes_with(str(tmp_path)):
            if b"access-service\0serve\0" in Path("/proc", pid, "cmdline").read_bytes():
                os.kill(int(pid), signal.SIGKILL)
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith("error: access-service serve ended: ")
    assert processes_with(str(tmp_path)) == []


def test_a_taken_port_is_one_line_that_names_the_variable(tmp_path: Path) -> None:
    """Nothing is started where something else already listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with demo(tmp_path, "run", HTTP_PORT=port) as process:
            said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert said.splitlines() == [said.strip()]
    assert port in said
    assert "HTTP_PORT=" in said


@pytest.mark.parametrize("port", ["0", "65536", "eighty"])
def test_a_wrong_port_is_refused(tmp_path: Path, port: str) -> None:
    """HTTP_PORT has to be a port."""
    with demo(tmp_path, "run", HTTP_PORT=port) as process:
        said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert said == f"error: HTTP_PORT is '{port}': should be 1 to 65535\n"
