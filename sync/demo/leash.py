"""Runs a command that must not outlive the process which asked for it, even if that one is killed outright."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """argv is the parent's process id, then the command. Other systems than Linux have no such leash."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == int(parent):
        os.execv(command[0], command)  # noqa: S606 the demo's own commands, never a shell


if __name__ == "__main__":
    main()
