"""The commands a demo runs: each in a process group of its own, all stopped together."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from access_service.errors import OperatorError

_LEASH = Path(__file__).with_name("leash.py")
_POLL_SECONDS = 0.1
# Longer than the service takes to finish the requests under way.
_GRACE_SECONDS = 25


class Stopped(Exception):  # noqa: N818 not an error: somebody pressed Ctrl-C or sent SIGTERM
    """The demo was told to stop; unwinding stops everything it started."""


class Stop:
    """Ctrl-C, SIGTERM or a closed terminal, noticed where it is safe and not in the middle of starting something."""

    def __init__(self) -> None:
        self._told = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # What nohup asked to ignore stays ignored.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, lambda *_: self._told.set())

    def wait(self, seconds: float = _POLL_SECONDS) -> None:
        """Wait; Stopped is raised if the demo was told to stop before or meanwhile."""
        if self._told.wait(seconds):
            raise Stopped


class Children:
    """Starts commands that stand beside this Python; leaving the `with` ends what still runs.

    What they say to people goes to the file `log`.
    """

    def __init__(self, stop: Stop, log: Path) -> None:
        self._stop, self._log = stop, log
        self._running: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._running:
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for child in self._running:
            while _group_lives(child) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS / 2)
            _signal_group(child, signal.SIGKILL)
            if child.stdout:
                child.stdout.close()
            child.wait()

    def run(self, command: Sequence[str], environment: Mapping[str, str], fine: Set[int] = frozenset({0})) -> str:
        """Run a command to its end and give its stdout. OperatorError where its exit code is not `fine`."""
        before = self._log.stat().st_size if self._log.exists() else 0
        child = self._start(command, environment, subprocess.PIPE)
        while True:
            self._stop.wait(0)
            with suppress(subprocess.TimeoutExpired):
                said, _ = child.communicate(timeout=_POLL_SECONDS)
                break
        self._running.remove(child)
        if child.returncode not in fine:
            raise OperatorError(f"{' '.join(command)} failed: {self._last_words(before, child.returncode)}")
        return said

    def keep(self, command: Sequence[str], environment: Mapping[str, str]) -> Callable[[], None]:
        """Start a command that is to stay. Calling the result raises OperatorError once it has ended."""
        before = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("a") as log:
            child = self._start(command, environment, log)

        def check() -> None:
            if child.poll() is not None:
                raise OperatorError(f"{' '.join(command)} ended: {self._last_words(before, child.returncode)}")

        return check

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], stdout: int | IO[str]
    ) -> subprocess.Popen[str]:
        program = Path(sys.executable).with_name(command[0])
        if not program.exists():
            raise OperatorError(f"{program} is missing: remove .venv/run.stamp and run make again")
        with self._log.open("a") as log:
            child = subprocess.Popen(  # noqa: S603 our own commands
                [sys.executable, "-I", str(_LEASH), str(os.getpid()), str(program), *command[1:]],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=log,
                text=True,
                process_group=0,
            )
        self._running.append(child)
        return child

    def _last_words(self, since: int, code: int) -> str:
        with self._log.open("rb") as log:
            log.seek(since)
            lines = log.read().decode(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {code}")
        return last.removeprefix("error: ")


def _signal_group(child: subprocess.Popen[str], number: int) -> None:
    # macOS says "not permitted" where all that is left of a group is a zombie.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _group_lives(child: subprocess.Popen[str]) -> bool:
    child.poll()
    try:
        os.killpg(child.pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
