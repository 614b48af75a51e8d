"""One process that listens: who may connect, how many, for how long, and how it ends."""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from access_service.errors import ConfigError
from access_service.logs import log
from access_service.protocols.sip2 import tls
from access_service.protocols.sip2.connection import Connection, Heard
from access_service.protocols.sip2.session import Session
from access_service.protocols.sip2.switchboard import Switchboard
from access_service.settings import Sip2
from access_service.strangers import Reason, Strangers

SWEEP_SECONDS = 1.0
# For answers under way when we are told to stop.
STOP_SECONDS = 5.0
# Out of file descriptors, most likely: those that are open must end first.
RETRY_SECONDS = 0.1
# What the system holds for a client that does not read; ours is a kilobyte an answer.
SEND_BUFFER = 32 * 1024


class Listener:
    """Serves what comes in at a listening socket until `stop` is called, from the same event loop."""

    def __init__(
        self,
        configured: Sip2,
        switchboard: Switchboard,
        heard: Heard,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._configured = configured
        self._switchboard = switchboard
        self._heard = heard
        self._now = now
        self._tls = tls.context(configured)
        self._strangers = Strangers()
        self._connections: set[Connection] = set()
        self._addresses: Counter[str] = Counter()
        self._welcoming: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        self._stopped.set()

    def reload(self) -> None:
        """Take new certificates for connections from now on. Where they cannot be used, the old ones stay."""
        try:
            self._tls = tls.context(self._configured)
        except ConfigError as error:
            log.error("certificates not taken", reason=str(error))
        else:
            log.info("certificates taken")

    async def serve(self, listening: socket.socket) -> None:
        """Until told to stop; then answers under way are sent, within seconds."""
        listening.setblocking(False)
        at_work = [asyncio.create_task(self._accept(listening)), asyncio.create_task(self._sweep())]
        await self._stopped.wait()
        at_work[0].cancel()
        for connection in list(self._connections):
            connection.stop()
        end = asyncio.get_running_loop().time() + STOP_SECONDS
        while self._connections and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        at_work[1].cancel()
        for connection in list(self._connections):
            connection.abort()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                asking, peer = await loop.sock_accept(listening)
            except OSError as error:
                log.error("cannot accept", reason=error.strerror)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            address = str(peer[0])
            if self._may_connect(address):
                asking.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                self._addresses[address] += 1
                task = loop.create_task(self._welcome(asking, address))
                self._welcoming.add(task)
                task.add_done_callback(self._welcoming.discard)
            else:
                asking.close()

    def _may_connect(self, address: str) -> bool:
        limits = self._configured
        if self._addresses.total() >= limits.connections or self._addresses[address] >= limits.connections_per_address:
            self._strangers.refused("sip2", address, Reason.TOO_MANY)
            return False
        known = self._switchboard.knows(address)
        # While nobody can say, it is nobody's fault.
        if not known and self._switchboard.online:
            self._strangers.refused("sip2", address, Reason.ADDRESS)
        return known

    async def _welcome(self, asking: socket.socket, address: str) -> None:
        """Hand the socket to a session, until it is closed; a handshake counts as a connection too."""
        session = Session(self._switchboard.clients, address, self._configured.institution, self._now)
        connection = Connection(session, self._switchboard, self._configured, self._heard)
        patience = self._configured.first_byte_seconds if self._tls else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, asking, ssl=self._tls, ssl_handshake_timeout=patience, ssl_shutdown_timeout=patience
            )
            self._connections.add(connection)
            await connection.closed
        except OSError as error:
            # What comes to an open port: no TLS, no certificate, or gone already. Of OpenSSL the code alone.
            why = error.reason if isinstance(error, ssl.SSLError) else error.__class__.__name__
            self._strangers.refused("sip2", address, Reason.TLS if self._tls else Reason.GONE, why=why)
        finally:
            self._connections.discard(connection)
            self._addresses[address] -= 1
            if not self._addresses[address]:
                del self._addresses[address]

    async def _sweep(self) -> None:
        """Hang up on whoever takes too long."""
        shortest = min(self._configured.first_byte_seconds, self._configured.line_seconds)
        while True:
            await asyncio.sleep(min(SWEEP_SECONDS, shortest / 4))
            now = asyncio.get_running_loop().time()
            for connection in [each for each in self._connections if each.overdue(now)]:
                connection.abort()
