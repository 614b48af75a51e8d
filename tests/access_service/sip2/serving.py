"""A real listener on a free port, in a thread of the test's own."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from queue import Queue
from threading import Thread
from typing import Any

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.metrics import Metrics
from access_service.protocols.sip2.listener import Listener
from access_service.protocols.sip2.server import journal
from access_service.protocols.sip2.switchboard import Switchboard
from access_service.settings import Settings, Sip2
from access_service.storage import engine
from access_service.storage.engine import Databases
from tests.access_service import seed

SECONDS = 10


@dataclass
class Served:
    """A listener that runs."""

    port: int
    loop: asyncio.AbstractEventLoop
    listener: Listener
    switchboard: Switchboard
    directory: PatronDirectory
    thread: Thread = field(repr=False)

    def call(self, what: Callable[[], object]) -> None:
        """Have something done in the listener's own loop."""
        self.loop.call_soon_threadsafe(what)

    def connect(self) -> "Line":
        return Line(socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS))


@dataclass
class Line:
    """A client's end of a connection."""

    socket: socket.socket
    _rest: bytes = b""

    def send(self, text: str, end: str = "\r") -> None:
        self.socket.sendall((text + end).encode())

    def read(self) -> str:
        """One message, without its end; empty where the other side hung up."""
        while b"\r" not in self._rest:
            try:
                came = self.socket.recv(65536)
            except ConnectionResetError:
                came = b""
            if not came:
                return ""
            self._rest += came
        message, self._rest = self._rest.split(b"\r", 1)
        return message.decode()

    def ask(self, text: str) -> str:
        self.send(text)
        return self.read()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@contextmanager
def serving(
    databases: Databases,
    now: Callable[[], datetime] = seed.at_noon,
    configured: Settings | None = None,
    **sip2: Any,
) -> Iterator[Served]:
    """Serve these patrons and clients; `sip2` are keys of [sip2]."""
    directory = seed.directory(databases, configured, now)
    switchboard = Switchboard(
        directory,
        Clients(databases.reader),
        lambda: engine.read(databases.reader, lambda connection: connection.exec_driver_sql("SELECT 1")),
    )
    started: Queue[Served] = Queue()

    async def serve() -> None:
        listener = Listener(Sip2(**sip2), switchboard, journal(Metrics(), seed.VAULT), now)
        port = listening.getsockname()[1]
        started.put(Served(port, asyncio.get_running_loop(), listener, switchboard, directory, thread))
        await listener.serve(listening)

    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        thread = Thread(target=lambda: asyncio.run(serve()), daemon=True)
        thread.start()
        served = started.get(timeout=SECONDS)
        try:
            yield served
        finally:
            # It may have ended.
            with suppress(RuntimeError):
                served.call(served.listener.stop)
            thread.join(SECONDS)
            switchboard.close()
