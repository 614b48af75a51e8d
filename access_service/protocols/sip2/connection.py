"""A session on a socket: lines out of bytes, one answer at a time, and no more patience than was agreed."""

import asyncio
from collections.abc import Callable
from math import inf
from time import perf_counter
from typing import cast

from access_service.domain.access import Answer
from access_service.protocols.sip2.session import Reply, Session
from access_service.protocols.sip2.switchboard import Switchboard
from access_service.settings import Sip2

LONGEST_LINE = 4096
# What may wait to be sent to a client that does not read.
MOST_UNREAD = 16 * 1024

# Told of every message: the session, the reply, the answer if there was one, and the seconds that it took.
Heard = Callable[[Session, Reply, Answer | None, float], None]


class Connection(asyncio.Protocol):
    """`closed` is done once the socket is."""

    def __init__(self, session: Session, switchboard: Switchboard, limits: Sip2, heard: Heard) -> None:
        self._session = session
        self._switchboard = switchboard
        self._limits = limits
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._buffer = bytearray()
        self._due = inf
        # A line has begun and not ended; an answer is awaited; the client does not read; this is the last answer.
        self._begun = self._asking = self._held = self._last = False
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(MOST_UNREAD)
        self._due = self._loop.time() + self._limits.first_byte_seconds
        if greeting := self._switchboard.greeting(self._session):
            self._transport.write(greeting)

    def connection_lost(self, _: Exception | None) -> None:
        self._last = True
        self._buffer.clear()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self._held = True
        self._due = self._loop.time() + self._limits.line_seconds

    def resume_writing(self) -> None:
        self._held = False
        self._due = self._loop.time() + self._patience
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data.replace(b"\n", b"\r")
        if len(self._buffer) > LONGEST_LINE:
            self._transport.pause_reading()
        self._next()

    def overdue(self, now: float) -> bool:
        """Whether the client took longer than it may."""
        return now > self._due

    def abort(self) -> None:
        """Hang up at once, whatever was still to be sent."""
        self._transport.abort()

    def stop(self) -> None:
        """Hang up once the answer that is awaited has been sent."""
        self._last = True
        if not self._asking:
            self._close()

    def _next(self) -> None:
        """Answer one line; whoever sent several at once waits for its turn among the others."""
        if self._asking or self._held or self._last:
            return
        end = self._buffer.find(b"\r")
        if end > LONGEST_LINE or (end < 0 and len(self._buffer) > LONGEST_LINE):
            self._transport.abort()
        elif end < 0:
            self._await_more()
        else:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._begun = False
            self._began = perf_counter()
            self._answer(line)

    def _await_more(self) -> None:
        self._transport.resume_reading()
        if self._buffer and not self._begun:
            self._begun = True
            self._due = self._loop.time() + self._limits.line_seconds

    def _answer(self, line: bytes) -> None:
        heard = self._switchboard.heard(self._session, line)
        if isinstance(heard, Reply):
            self._send(heard, None)
            return
        answer = self._switchboard.ask(heard)
        if isinstance(answer, asyncio.Future):
            self._asking, self._due = True, inf
            answer.add_done_callback(self._answered)
        else:
            self._tell(answer)

    def _answered(self, future: asyncio.Future[Answer]) -> None:
        self._asking = False
        failed = future.cancelled() or future.exception()
        self._tell(None if failed else future.result())

    def _tell(self, answer: Answer | None) -> None:
        self._send(self._switchboard.told(self._session, answer), answer)

    def _send(self, reply: Reply, answer: Answer | None) -> None:
        if reply.data:
            self._transport.write(reply.data)
        self._heard(self._session, reply, answer, perf_counter() - self._began)
        if reply.close or self._last:
            self._close()
            return
        # Empty lines buy a stranger no time.
        if not self._held and (reply.data or self._session.client):
            self._due = self._loop.time() + self._patience
        if self._buffer:
            self._loop.call_soon(self._next)
        else:
            self._transport.resume_reading()

    @property
    def _patience(self) -> float:
        client = self._session.client
        return client.options.sip2.idle_seconds if client else self._limits.first_byte_seconds

    def _close(self) -> None:
        self._last = True
        self._due = self._loop.time() + self._limits.line_seconds
        self._transport.close()
