"""Nights of a large synthetic district, each a whole `roster-sync run` over SFTP, against pandas reading the file."""

import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.oneroster import write_oneroster
from sync.synthetic.server import Login, RosterServer, host_key
from tests.bench.rows import Row

ROUNDS = 3
READ_CSV = (
    "import sys, time, pandas as pd; t = time.perf_counter();"
    " pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False); print(time.perf_counter() - t)"
)
READ_AND_INSERT = """
import sqlite3, sys, time, pandas as pd
start = time.perf_counter()
frame = pd.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
names = ["sourcedId", "identifier", "orgSourcedIds", "grades", "givenName", "familyName", "role"]
with sqlite3.connect(sys.argv[2]) as database:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"CREATE TABLE users ({', '.join(names)}, PRIMARY KEY (sourcedId))")
    rows = frame[names].itertuples(index=False, name=None)
    database.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
print(time.perf_counter() - start)
"""


@dataclass(frozen=True)
class Timed:
    seconds: float
    peak_bytes: int


class Installation:
    """A district of `size` students with an SFTP server of its own, and a database that nights are run on."""

    def __init__(self, folder: Path, size: int) -> None:
        self.folder = folder / f"district-{size}"
        self.size = size
        self.outgoing = self.folder / "outgoing"
        self.outgoing.mkdir(parents=True)
        self.today = datetime.now(UTC).date()
        self.users = self.folder / "users.csv"
        self.roster(0)

    def roster(self, night: int) -> Path:
        path = self.folder / f"night-{night}.zip"
        if not path.exists():
            write_oneroster(path, SyntheticDistrict(self.today, size=self.size, night=night))
        if not self.users.exists():
            with zipfile.ZipFile(path) as package:
                package.extract("users.csv", self.folder)
        return path

    def offer(self, roster: Path, comment: str = "") -> None:
        """Put a roster where the server finds it; a comment in the zip makes it other bytes of the same students."""
        target = self.outgoing / "roster.zip"
        shutil.copy(roster, target)
        if comment:
            with zipfile.ZipFile(target, "a") as package:
                package.comment = comment.encode()

    @contextmanager
    def serving(self) -> Iterator[None]:
        with RosterServer(self.folder, host_key(self.folder / "key"), Login("library", "bench")) as server:
            self._configure(server)
            yield

    def night(self) -> Timed:
        """One `roster-sync run`, start of the interpreter included."""
        command = [sys.executable, "-m", "sync", "--config", str(self.folder / "config"), "run", "demo"]
        environment = os.environ | {
            "ACCESS_PEPPER": "5e" * 32,
            "SYNC_KEY": "7a" * 32,
            "SFTP_PASSWORD_DEMO": "bench",
            "DATABASE_URL": f"sqlite:///{self.folder / 'access.db'}",
        }
        start = perf_counter()
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"a night of the bench ended with exit code {process.returncode}")
        return Timed(perf_counter() - start, used.ru_maxrss * 1024)

    def forget(self) -> None:
        """An empty database."""
        for path in self.folder.glob("access*.db*"):
            path.unlink()
        environment = os.environ | {"DATABASE_URL": f"sqlite:///{self.folder / 'access.db'}"}
        command = [sys.executable, "-m", "access_service", "--config", str(self.folder / "config"), "upgrade-db"]
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    def read_csv(self) -> float:
        return float(_python(READ_CSV, str(self.users)))

    def read_and_insert(self) -> float:
        database = self.folder / "baseline.db"
        database.unlink(missing_ok=True)
        return float(_python(READ_AND_INSERT, str(self.users), str(database)))

    def _configure(self, server: RosterServer) -> None:
        """The demo's district with these schools, this server, and no limit on what a night may do."""
        config = self.folder / "config"
        shutil.copytree("config", config, dirs_exist_ok=True)
        district = config / "districts" / "demo.toml"
        text = district.read_text()
        schools = SyntheticDistrict(self.today, size=self.size).schools[4:]
        text = text.replace("port = 2222", f"port = {server.port}").replace("settle_seconds = 1", "settle_seconds = 0")
        text = text.replace("SHA256:" + "A" * 43, server.fingerprint)
        text = text.replace("[rules.pin]", "".join(f'"{code}" = "MAPLE"\n' for code in schools) + "\n[rules.pin]")
        district.write_text(text)
        service = config / "service.toml"
        service.write_text(service.read_text().replace("var/spool", str(self.folder / "spool")))


def night_rows(folder: Path, size: int) -> Iterator[Row]:
    """The rows of nights. A tenth of the size goes first, to say how time grows."""
    tenth, _ = _nights(folder, max(size // 10, 1))
    same, rows = _nights(folder, size)
    yield from rows
    yield Row(f"time for {size:,} over time for a tenth", same / tenth, 12, True, f"{same:.1f} s over {tenth:.1f} s")


def _nights(folder: Path, size: int) -> tuple[float, list[Row]]:
    """Seconds of an unchanged night, and the rows."""
    installation = Installation(folder, size)
    with installation.serving():
        first, inserted, same, read, changed = [], [], [], [], []
        for turn in range(ROUNDS):
            installation.offer(installation.roster(0))
            installation.forget()
            first.append(installation.night())
            inserted.append(installation.read_and_insert())
            installation.offer(installation.roster(0), f"other bytes {turn}")
            same.append(installation.night())
            read.append(installation.read_csv())
            installation.offer(installation.roster(1))
            changed.append(installation.night())
    bytes_read = installation.users.stat().st_size
    peak = max(night.peak_bytes for night in (*first, *same, *changed))
    rows = [
        _ratio(f"unchanged night of {size:,} over read_csv of its users", [n.seconds for n in same], read, 4),
        _ratio(f"first load of {size:,} over read_csv and executemany", [n.seconds for n in first], inserted, 5),
        _ratio("1 % changed over unchanged", [n.seconds for n in changed], [n.seconds for n in same], 1.3),
        Row("peak memory of a night over the users file", peak / bytes_read, 10, True, f"{peak / 2**20:.0f} MiB"),
    ]
    shutil.rmtree(installation.folder)
    return statistics.median(night.seconds for night in same), rows


def _ratio(name: str, ours: list[float], theirs: list[float], goal: float) -> Row:
    """The median of the ratios, turn by turn."""
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return Row(name, ratio, goal, True, f"{statistics.median(ours):.1f} s over {statistics.median(theirs):.1f} s")


def _python(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
