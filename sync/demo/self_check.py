"""A self-check that asks over SIP2."""

import socket
from datetime import datetime
from types import TracebackType
from typing import Self

_TIMEOUT_SECONDS = 10
_MOST_BYTES = 1024


def patron_information(institution: str, number: str, pin: str) -> str:
    """Message 63: who has this number, and is the PIN theirs?"""
    now = datetime.now().strftime("%Y%m%d    %H%M%S")  # noqa: DTZ005 - SIP2 has local time
    return f"63001{now}{' ' * 10}AO{institution}|AA{number}|AC|AD{pin}|"


class SelfCheck:
    """A connection to the SIP2 service on this machine. OSError where nobody answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, message: str) -> str:
        """The answer to one message, without its end."""
        self._socket.sendall(f"{message}\r".encode())
        heard = b""
        while not heard.endswith(b"\r"):
            more = self._socket.recv(_MOST_BYTES)
            if not more:
                raise ConnectionError("hung up")
            heard += more
        return heard.decode().strip()
