"""docs/operations.md as a list of commands with what they print, to be run and compared, or written anew.

`python -m tests.operations` writes the page with what the commands print now.
"""

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sync.synthetic.server import Login, RosterServer, host_key
from tests.commands import ROOT, Commands

PAGE = ROOT / "docs/operations.md"
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
SERVER = "<!-- the district's server, with an empty folder -->"
REST = "..."
# What differs from one day, machine and version of zlib to the next.
MASKS = (
    (r"20\d\d-\d\d-\d\d", "DAY"),
    (r"\bDAY[T ]\d\d:\d\d", "TIME"),
    (r"[\d,]+ bytes", "BYTES"),
    (r"\d+ % smaller", "SMALLER"),
    (r"127\.0\.0\.1:\d+", "SERVER"),
    (r"[0-9a-f]{16}\b|[0-9a-f]{64}", "HASH"),
    (r"\S+ by command", "SOMEBODY by command"),
)


@dataclass(frozen=True)
class Step:
    """A command and the lines under it."""

    command: str
    shown: tuple[str, ...]


def steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield Step(command, tuple(shown))


def masked(lines: Iterator[str] | tuple[str, ...] | list[str]) -> list[str]:
    found = []
    for line in lines:
        for pattern, word in MASKS:
            line = re.sub(pattern, word, line)  # noqa: PLW2901
        found.append(line)
    return found


def fits(shown: tuple[str, ...], printed: list[str]) -> bool:
    """Whether the page shows what was printed: all of it, or its beginning before a line of three dots."""
    if shown and shown[-1] == REST:
        return masked(shown[:-1]) == masked(printed)[: len(shown) - 1]
    return masked(shown) == masked(printed)


class Rehearsal:
    """A folder in which the page is followed."""

    def __init__(self, folder: Path, commands: Commands) -> None:
        self._folder, self._commands = folder, commands
        self._environment = {
            "ACCESS_PEPPER": "5e" * 32,
            "SYNC_KEY": "7a" * 32,
            "SFTP_PASSWORD_MAPLE": "rehearsal",
            "PYTHONPATH": str(ROOT),
        }

    def do(self, command: str) -> list[str]:
        """Run one command; the lines that it prints, those for people first, without how long it took."""
        name, *arguments = shlex.split(command.replace("$CHECKOUT", str(ROOT)))
        modules = {"roster-sync": "sync", "access-service": "access_service"}
        if name not in modules:
            subprocess.run([name, *arguments], cwd=self._folder, check=True)
            return []
        target = None
        if ">" in arguments:
            *arguments, _, target = arguments
        running = self._commands.start(modules[name], *arguments, environment=self._environment, folder=self._folder)
        ended = running.wait()
        if target:
            (self._folder / target).write_text(ended.out, encoding="utf-8")
        lines = (ended.err + ("" if target else ended.out)).splitlines()
        return [line for line in lines if not line.startswith("  took ")]

    def point_to(self, server: RosterServer) -> None:
        """Let the district's file name this server."""
        path = self._folder / "config/districts/maple.toml"
        text = path.read_text(encoding="utf-8")
        text = re.sub('host = ".*?"', f'host = "127.0.0.1"\nport = {server.port}\nfolder = "outgoing"', text)
        path.write_text(re.sub("SHA256:A+", server.fingerprint, text), encoding="utf-8")


def followed(folder: Path, commands: Commands) -> Iterator[tuple[Step, list[str]]]:
    """Every step of the page in its order, with what it printed."""
    rehearsal, page = Rehearsal(folder, commands), PAGE.read_text(encoding="utf-8")
    (folder / "sftp/outgoing").mkdir(parents=True)
    with RosterServer(folder / "sftp", host_key(folder / "host-key"), Login("library", "rehearsal")) as server:
        for found in BLOCK.finditer(page):
            if page[: found.start()].rstrip().endswith(SERVER):
                rehearsal.point_to(server)
            for step in steps(found[1]):
                yield step, rehearsal.do(step.command)


def rewritten(folder: Path, commands: Commands) -> str:
    """The page with what its commands print now. A step that shows three dots keeps as many lines as it has."""
    page = PAGE.read_text(encoding="utf-8")
    printed = iter(list(followed(folder, commands)))

    def block(found: re.Match[str]) -> str:
        text = ""
        for _ in steps(found[1]):
            step, lines = next(printed)
            cut = step.shown and step.shown[-1] == REST
            kept = [*lines[: len(step.shown) - 1], REST] if cut else lines
            text += "\n".join([f"$ {step.command}", *kept]) + "\n"
        return f"```console\n{text}```"

    return BLOCK.sub(block, page)


if __name__ == "__main__":
    with TemporaryDirectory() as made, Commands() as started:
        PAGE.write_text(rewritten(Path(made), started), encoding="utf-8")
