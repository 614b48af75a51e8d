"""What tests of running processes share: a port that nobody has, and waiting for what a process is to do."""

import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any


def free_port() -> int:
    """A TCP port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def until(true: Callable[[], Any], seconds: float = 60, process: subprocess.Popen[str] | None = None) -> None:
    """Wait for something, not longer than `seconds`, nor for a process that has ended: what it said is shown."""
    deadline = time.monotonic() + seconds
    while not true():
        assert process is None or process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
