"""A connection to the ILS on which nothing outlasts the question."""

import socket
import ssl
import time
from typing import Any


class GarbledError(Exception):
    """The ILS said something that is no answer to what was asked. The text never holds what it said."""


class NotLetInError(GarbledError):
    """The ILS refuses our login, or makes no sense of it."""


class Line:
    """TCP or, with a `context`, TLS. Every wait ends at `until` (of time.monotonic), with a TimeoutError; other errors
    are OSErrors too."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None, until: float) -> None:
        self.until = until
        plain = socket.create_connection((host, port), self._left())
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(self._left())
            self._socket = context.wrap_socket(plain, server_hostname=host) if context else plain
        except BaseException:
            plain.close()
            raise

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def recv_into(self, buffer: Any) -> int:
        self._socket.settimeout(self._left())
        return self._socket.recv_into(buffer)

    def recv(self, size: int) -> bytes:
        self._socket.settimeout(self._left())
        return self._socket.recv(size)

    @property
    def disturbed(self) -> bool:
        """Whether there is something to read though nothing was asked: the end, or a late answer to another."""
        # Not by select: what TLS says for itself is nothing to us.
        self._socket.settimeout(0)
        try:
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        self._socket.close()

    def __del__(self) -> None:
        # Of a pool that nobody has any more.
        if hasattr(self, "_socket"):
            self._socket.close()

    def _left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
