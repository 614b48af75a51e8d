"""Real `roster-sync schedule` processes over a folder of rosters, served by SFTP."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from access_service import logs
from access_service.errors import OperatorError
from access_service.storage import engine
from access_service.storage.engine import Databases
from access_service.storage.tables import runs
from sync import cli
from sync.console import Installation
from sync.job import run
from sync.schedule import service, shift, wishes
from sync.schedule.work import work
from tests.commands import ROOT
from tests.place import PEPPER, SYNC_KEY
from tests.processes import until
from tests.sync.rosters import package, pupils
from tests.sync.sftp_helpers import feed_for
from tests.sync.sftp_servers import PASSWORD, HostileServer

# Everything is imported once, and each process is forked from there.
FORKS = """
import importlib, json, os, signal, sys
import psycopg, sync.cli
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        continue
    os.setsid()
    os.environ.update(order["environment"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 1)
    os.dup2(1, 2)
    module, _, function = order["call"].partition(":")
    try:
        getattr(importlib.import_module(module), function)(*order["arguments"])
        code = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stdout.flush()
    os._exit(code)
"""


@dataclass
class Process:
    """One of many, and the JSON lines that it has said."""

    pid: int
    said: Path

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.said.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if event in ("", line["event"])]

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def has_said(self, event: str) -> bool:
        return bool(self.lines(event))

    def ended(self) -> bool:
        return not self.alive

    def stop(self) -> None:
        """SIGTERM, and until it has ended."""
        self.send(signal.SIGTERM)
        until(self.ended)

    @property
    def alive(self) -> bool:
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False


class Forks:
    """Starts processes between `with` and its end; what still runs then is killed."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-c", FORKS]
        secrets = {"ACCESS_PEPPER": PEPPER, "SYNC_KEY": SYNC_KEY, "SFTP_PASSWORD_DEMO": PASSWORD}
        self._server = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | secrets | {"PYTHONPATH": str(ROOT)},
        )
        self._started: list[Process] = []
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._server.communicate()

    def start(self, said: Path, call: str, *arguments: object, **environment: str) -> Process:
        """CALL is "module:function"; the arguments become text, and what it says goes to the file `said`."""
        order = {"call": call, "arguments": list(map(str, arguments)), "environment": environment, "said": str(said)}
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        process = Process(int(self._server.stdout.readline()), said)
        self._started.append(process)
        return process

    def kill(self) -> None:
        for process in self._started:
            if process.alive:
                process.send(signal.SIGKILL)
        self._started.clear()


@dataclass
class Installed:
    """A district `demo` over an SFTP server, and processes that serve it until the `with` ends."""

    folder: Path
    server: HostileServer
    url: str
    forks: Forks
    databases: Databases = field(init=False)
    processes: int = 0
    count: int = 0

    def __post_init__(self) -> None:
        self.databases = engine.connect(self.url)

    def configure(self, schedule: Mapping[str, Any], host: str = "config", spool: str = "spool") -> Path:
        """Write a configuration folder for one host; returns it."""
        config = self.folder / host
        (config / "districts").mkdir(parents=True, exist_ok=True)
        (config / "service.toml").write_text(f'spool = "{self.folder / spool}"\n[database]\nurl = "{self.url}"\n')
        text = (ROOT / "config/districts/demo.toml").read_text()
        feed = feed_for(self.server)
        for old, new in {
            "port = 2222": f"port = {feed.port}",
            "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA": feed.host_keys[0],
            'folder = "outgoing"': f'folder = "{feed.folder}"\ntries = 1',
            "settle_seconds = 1": "settle_seconds = 0",
        }.items():
            assert old in text
            text = text.replace(old, new)
        table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in schedule.items())
        table = f"[limits]\ncreates_count = 3000\n[schedule]\n{table}" if schedule else ""
        (config / "districts/demo.toml").write_text(f"{text}\n{table}")
        return config

    def start(self, call: str, *arguments: object, **environment: str) -> Process:
        self.processes += 1
        said = self.folder / f"said-{self.processes}"
        said.touch()
        return self.forks.start(said, call, *arguments, **environment)

    def deliver(self, students: int) -> str:
        """A new roster, as the district would leave it; returns its name."""
        self.count += 1
        name = f"roster-{self.count:03}.zip"
        made = package(self.folder / name, pupils(students))
        os.utime(made, (1_700_000_000 + 100 * self.count,) * 2)
        made.rename(self.server.root / name)
        return name

    def ledger(self) -> list[Any]:
        with self.databases.reader.connect() as connection:
            return list(connection.execute(runs.select().order_by(runs.c.run_id)))

    def published(self) -> list[str]:
        """The names of the files that were applied, in order."""
        return [run.file_name for run in self.ledger() if run.outcome == "applied"]


@contextmanager
def installed(folder: Path, server: HostileServer, url: str, forks: Forks) -> Iterator[Installed]:
    """An installation over a database of this program's schema."""
    made = Installed(folder, server, url, forks)
    try:
        yield made
    finally:
        forks.kill()
        made.databases.dispose()


def scheduler(config: str) -> None:
    """`roster-sync --config CONFIG schedule`."""
    sys.argv = ["roster-sync", "--config", config, "schedule"]
    cli.main()


def quick_reader(config: str) -> None:
    """The same, but it reads its configuration again at each beat."""
    shift.REREAD = 0
    scheduler(config)


def ticks(config: str, count: str) -> None:
    """A worker that runs the district so many times, as the schedule would."""
    logs.configure("test")
    for _ in range(int(count)):
        work(Installation(Path(config)), "demo", "a tick")
        time.sleep(0.02)


def stopped_before_apply(config: str, stopped: str) -> None:
    """A run that stops itself when it is about to apply, with a word in the file `stopped`."""

    def phase(name: str) -> None:
        if name == "apply":
            Path(stopped).touch()
            os.kill(os.getpid(), signal.SIGSTOP)

    try:
        run(replace(Installation(Path(config)).job("demo"), phase=phase))
    except OperatorError as error:
        print(json.dumps({"event": "refused", "error": str(error)}))  # noqa: T201


def quick_heart(config: str) -> None:
    """A scheduler that looks for wishes more often."""
    service.BEAT = 0.1  # type: ignore[assignment]
    scheduler(config)


def stuck(config: str, begun: str) -> None:
    """A scheduler that begins a wish, says so in the file `begun`, and never ends it."""

    def never(*_: object) -> None:
        Path(begun).touch()
        time.sleep(60)

    setattr(wishes, "answer", never)  # noqa: B010 - for mypy
    scheduler(config)
