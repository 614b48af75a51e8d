"""The two commands as processes of their own, each with its own environment, folder, streams and exit code.

`python -m sync` takes over a second to import pandas and SQLAlchemy, and tests run it a hundred times. So one process
imports everything once and forks: what the fork runs from there is what `python -m` runs.
"""

import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1 and self.out.endswith("\n"), self.out
        return json.loads(self.out)

    def refused(self) -> str:
        """The one line with which an expected error ends, without its "error: "."""
        assert (self.code, self.out) == (1, ""), self
        assert self.err.count("\n") == 1 and self.err.startswith("error: ") and "Traceback" not in self.err, self.err
        return self.err.removeprefix("error: ").removesuffix("\n")


@dataclass
class Running:
    """A command under way."""

    pid: int
    server: "Commands"
    folder: Path

    def kill(self) -> Ended:
        """kill -9, unless it has ended already."""
        return self.stop(signal.SIGKILL)

    def stop(self, how: signal.Signals) -> Ended:
        """Send a signal, unless it has ended already."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)
        return self.wait()

    def wait(self) -> Ended:
        """Until it has ended."""
        code = self.server.ended()
        streams = [(self.folder / name).read_bytes().decode() for name in ("out", "err")]
        return Ended(code, *streams)


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Commands:
    """Starts commands between `with` and its end, one at a time."""

    def __enter__(self) -> Self:
        self._streams = TemporaryDirectory()
        self._pid: int | None = None
        self._process = subprocess.Popen(
            # As a module: beside this file lie folders named like the packages that it imports.
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()
        self._streams.cleanup()

    def start(
        self,
        module: str,
        *arguments: str | Path,
        environment: Mapping[str, str],
        folder: Path,
        typed: str = "",
        largest_file: int | None = None,
    ) -> Running:
        """Start `python -m MODULE ARGUMENTS` in `folder` with this environment and no other.

        `typed` is its standard input; no file that it writes can grow over `largest_file` bytes.
        """
        streams = Path(self._streams.name)
        (streams / "in").write_text(typed)
        request = {
            "module": module,
            "arguments": [str(argument) for argument in arguments],
            "environment": dict(environment),
            "folder": str(folder),
            "streams": str(streams),
            "largest_file": largest_file,
        }
        if self._pid:
            # Left behind by a test that failed.
            kill(self._pid)
            self.ended()
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        self._pid = self._answer()
        return Running(self._pid, self, streams)

    def ended(self) -> int:
        """The exit code of the command under way."""
        self._pid = None
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


def _serve() -> None:
    """Fork for each request on standard input; answer with the process id, then with the exit code."""
    import psycopg  # noqa: F401, PLC0415

    import access_service.cli  # noqa: F401, PLC0415
    import sync.cli  # noqa: F401, PLC0415

    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            os._exit(_become(json.loads(line)))
        _say(pid)
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _become(request: dict[str, Any]) -> int:
    """Be the process that was asked for, until it ends."""
    os.setsid()
    # Whoever runs the tests in the background has Ctrl-C ignored, and forks inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    modes = (
        ("in", os.O_RDONLY),
        ("out", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        ("err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    )
    for descriptor, (name, mode) in enumerate(modes):
        os.dup2(os.open(Path(request["streams"]) / name, mode, 0o600), descriptor)
    sys.stdin = os.fdopen(0)
    sys.argv = [request["module"], *request["arguments"]]
    if limit := request["largest_file"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    code: object = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter itself would
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 0 if code is None else 1


if __name__ == "__main__":
    _serve()
