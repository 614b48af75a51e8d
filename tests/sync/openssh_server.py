"""The real sshd, where it is installed."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from paramiko import Ed25519Key

from sync.sftp import Credentials
from tests.processes import free_port


class OpenSshServer:
    """The system's sshd as the current user, on a free port, with a host key of each kind."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "outgoing"
        self.root.mkdir()
        self._folder = folder
        self.user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
        self.fingerprints = [self._key(kind) for kind in ("ed25519", "ecdsa", "rsa")]
        self._key("ed25519", "user")
        self.login = Credentials(key=Ed25519Key.from_private_key_file(str(folder / "user")))
        self.port = free_port()
        (folder / "config").write_text(self._config())

    @staticmethod
    def binary() -> str | None:
        return shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants an empty folder to lock itself into
        command = [str(self.binary()), "-D", "-f", str(self._folder / "config"), "-E", str(self._folder / "log")]
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + 10
        while not _answers(self.port):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline, "sshd does not answer"
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _key(self, kind: str, name: str = "") -> str:
        path = self._folder / (name or f"host_{kind}")
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
        shown = subprocess.run(["ssh-keygen", "-lf", str(path)], check=True, capture_output=True, text=True)
        return shown.stdout.split()[1]

    def _config(self) -> str:
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            *(f"HostKey {self._folder}/host_{kind}" for kind in ("ed25519", "ecdsa", "rsa")),
            f"AuthorizedKeysFile {self._folder}/user.pub",
            f"PidFile {self._folder}/pid",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "MaxStartups 100",
            "Subsystem sftp internal-sftp",
        ]
        return "\n".join(lines) + "\n"


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as client:
            return client.recv(4) == b"SSH-"
    except OSError:
        return False
