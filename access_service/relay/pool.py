"""Few connections, used again; bounded waiting; and an ILS that is away costs nobody a wait."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from threading import BoundedSemaphore, Lock
from typing import Protocol

from access_service.errors import LoggedError, UnavailableError
from access_service.logs import log, where
from access_service.relay.cardholder import Heard
from access_service.relay.line import GarbledError, NotLetInError

# Failures in a row, after which nobody waits any more; from then on one question at a time tries again.
FAILURES = 3
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


class OddAnswerError(LoggedError):
    """The ILS answered in time, and nothing that can be believed."""


class Connection(Protocol):
    """To an ILS, for one question at a time. Errors of both: OSError, HTTPException, GarbledError."""

    def ask(self, number: str, pin: str | None, until: float) -> Heard: ...

    def close(self) -> None: ...

    @property
    def usable(self) -> bool: ...


class Breaker:
    """Whether asking is worth the wait."""

    def __init__(self, trial_seconds: float, clock: Callable[[], float]) -> None:
        self._trial_seconds = trial_seconds
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._next_try = 0.0

    @contextmanager
    def question(self) -> Iterator[None]:
        """Around a question. UnavailableError at once where the ILS was away just now."""
        trial = self._admit()
        try:
            yield
        except OddAnswerError:
            # It is there: who asks for what it cannot say must not shut the others out.
            self._answered()
            raise
        except BaseException:
            self._failed(trial)
            raise
        self._answered()

    def _admit(self) -> bool:
        with self._lock:
            if self._failures < FAILURES:
                return False
            now = self._clock()
            if now < self._next_try:
                raise LoggedError("the ILS is away")
            self._next_try = now + self._trial_seconds
            return True

    def _failed(self, trial: bool) -> None:
        with self._lock:
            self._failures += 1
            if trial:
                self._pause = min(2 * self._pause, LONGEST_PAUSE)
            if trial or self._failures == FAILURES:
                self._next_try = self._clock() + self._pause
            opened = self._failures == FAILURES
        if opened:
            log.warning("the ILS is away")

    def _answered(self) -> None:
        with self._lock:
            back = self._failures >= FAILURES
            self._failures, self._pause = 0, FIRST_PAUSE
        if back:
            log.warning("the ILS is back")


class Pool:
    """Connections of one process to the ILS."""

    def __init__(
        self,
        connect: Callable[[float], Connection],
        connections: int,
        places: int,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._timeout = timeout
        self._places = BoundedSemaphore(places)
        self._free = BoundedSemaphore(connections)
        self._breaker = Breaker(timeout, clock)
        # The last one back is the next one used; the others grow old and are closed by the ILS.
        self._idle: list[Connection] = []

    def ask(self, number: str, pin: str | None) -> Heard:
        """What the ILS says. UnavailableError where it says nothing, nothing that can be believed, or where too many
        ask already."""
        if not self._places.acquire(blocking=False):
            raise UnavailableError("too many ask the ILS")
        try:
            until = time.monotonic() + self._timeout
            if not self._free.acquire(timeout=self._timeout):
                raise UnavailableError("too many ask the ILS")
            try:
                with self._breaker.question():
                    return self._asked(number, pin, until)
            finally:
                self._free.release()
        finally:
            self._places.release()

    def close(self) -> None:
        """End the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _asked(self, number: str, pin: str | None, until: float) -> Heard:
        try:
            if used := self._kept():
                # An ILS ends what is idle for long.
                try:
                    return self._over(used, number, pin, until)
                except ConnectionError:
                    pass
            return self._over(self._connect(until), number, pin, until)
        except (OSError, HTTPException, GarbledError) as error:
            # Only our own errors have a text that is safe to tell.
            why = str(error) if isinstance(error, GarbledError) else error.__class__.__name__
            log.warning("no answer of the ILS", error=error.__class__.__name__, why=why, at=where(error))
            # A login that is refused is no answer: it is not tried again and again.
            odd = isinstance(error, GarbledError) and not isinstance(error, NotLetInError)
            raise (OddAnswerError if odd else LoggedError)(f"the ILS does not answer: {why}") from error

    def _over(self, connection: Connection, number: str, pin: str | None, until: float) -> Heard:
        try:
            heard = connection.ask(number, pin, until)
        except BaseException:
            # A late answer would be taken for that to the next question.
            connection.close()
            raise
        if connection.usable:
            self._idle.append(connection)
        else:
            connection.close()
        return heard

    def _kept(self) -> Connection | None:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:
                break
            if connection.usable:
                return connection
            connection.close()
        return None
