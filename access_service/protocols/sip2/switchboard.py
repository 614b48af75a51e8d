"""The questions of all connections of one process, put to the directory without making anybody else wait."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.exc import SQLAlchemyError

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.domain.access import Answer
from access_service.domain.client import DialectName
from access_service.errors import LoggedError, StorageError
from access_service.logs import log, where
from access_service.protocols.sip2.session import Question, Reply, Session

# They sleep most of the time: in the queue of a slow hash, which refuses whom it has no room for, or for the disk.
THREADS = 128
LOOK_AGAIN_SECONDS = 1.0


class Switchboard:
    """`reachable` raises where the database cannot be reached; it may take its time."""

    def __init__(self, directory: PatronDirectory, clients: Clients, reachable: Callable[[], object]) -> None:
        self.clients = clients
        # Once the database is found to be away, nobody is made to wait for it until a thread of its own saw it back.
        self.online = True
        self._directory = directory
        self._reachable = reachable
        # Who waits for the ILS keeps no student waiting. Each connection has one question at a time, so that no more
        # can wait here than there are connections; none is refused, for a wrong PIN must be counted first: while right
        # ones are answered at once, "unavailable" would tell that it is wrong.
        self._pool = ThreadPoolExecutor(THREADS + directory.places, "sip2")
        self._looking: asyncio.Task[None] | None = None

    def knows(self, address: str) -> bool:
        """Whether any client may ask from there; while nobody can say, no one new."""
        try:
            return self.online and any(True for _ in self.clients.asking_from(address, DialectName.SIP2))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody is let in
            self._failed(error)
        return False

    def greeting(self, session: Session) -> bytes:
        """What is said first."""
        try:
            return session.greeting() if self.online else b""
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)
        return b""

    def heard(self, session: Session, line: bytes) -> Reply | Question:
        """What the session makes of a line."""
        try:
            return session.heard(line, online=self.online)
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)
        return session.heard(line, online=False)

    def ask(self, question: Question) -> Answer | asyncio.Future[Answer] | None:
        """The answer; what will be one, or raise; None where nobody can say just now."""
        try:
            answer = self._directory.begin(question.number, question.pin, question.client)
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)
            return None
        if isinstance(answer, Answer):
            return answer
        future = asyncio.get_running_loop().run_in_executor(self._pool, answer)
        future.add_done_callback(self._waited)
        return future

    def told(self, session: Session, answer: Answer | None) -> Reply:
        """The reply to a question, where anybody could answer it."""
        try:
            return session.told(answer) if answer else session.unavailable()
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(error)
        return session.unavailable()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _waited(self, future: asyncio.Future[Answer]) -> None:
        # It kept nobody else waiting: on a full disk no wrong PIN can be counted, and right ones are answered.
        if not future.cancelled() and isinstance(error := future.exception(), Exception):
            _note(error)

    def _failed(self, error: Exception) -> None:
        _note(error)
        if self.online and isinstance(error, StorageError | SQLAlchemyError):
            self.online = False
            self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while not self.online:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            try:
                await asyncio.to_thread(self._reachable)
            except StorageError:
                continue
            self.online = True


def _note(error: Exception) -> None:
    # The class and the place only: the text can hold what somebody typed.
    if not isinstance(error, LoggedError):
        log.error("failed", error=error.__class__.__name__, cause=error.__cause__.__class__.__name__, at=where(error))
