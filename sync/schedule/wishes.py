"""What people ask of the night besides runs: done by whoever leads, one wish a time of a district, and answered
whatever comes of it. A wish stands until its answer does, so the next leader goes on with what a dead one left."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import Connection

from access_service.errors import OperatorError
from access_service.logs import log, where
from access_service.storage import requests
from access_service.storage.engine import Databases, database_errors
from access_service.storage.requests import PATIENCE, UNSERVED, Request, RequestKind
from sync.alone import BusyError
from sync.console import Installation
from sync.schedule.answers import Answer, answer, clear

AT_ONCE = 2  # wishes of different districts
AGAIN = 5  # seconds
TRIES = 2
GAVE_UP = "the schedule ended twice while it was at this; its log may say why"


class Wishes:
    """From its making to `end`; `beat` is called every few seconds between."""

    def __init__(self, installation: Installation, databases: Databases) -> None:
        self._installation, self._databases = installation, databases
        self._pool = ThreadPoolExecutor(AT_ONCE, "wishes")
        self._ending = threading.Event()
        self._under_way: set[str] = set()
        self._not_before: dict[str, float] = {}

    def beat(self, connection: Connection) -> None:
        """Begin with the wishes of each district that has none under way."""
        for district in _by_district(connection):
            if district not in self._under_way and self._not_before.get(district, 0) <= time.monotonic():
                self._under_way.add(district)
                self._pool.submit(self._serve, district)

    def end(self) -> None:
        """Begin nothing any more, and wait for what is under way."""
        self._ending.set()
        self._pool.shutdown(cancel_futures=True)

    def _serve(self, district: str) -> None:
        """A district's wishes, one after the other, as long as there are any."""
        try:
            while not self._ending.is_set():
                with database_errors(), self._databases.reader.connect() as connection:
                    wish = _by_district(connection).get(district)
                if wish is None:
                    return
                if (found := self._begun(wish)) is None:
                    self._not_before[district] = time.monotonic() + AGAIN
                    return
                told = {"district": district, "request": wish.request_id, "kind": wish.kind.value}
                log.info("answered", **told, error=found.get("error", ""))
        except OperatorError as error:
            # The database is away: the wish stands.
            self._not_before[district] = time.monotonic() + AGAIN
            log.error("not answered", district=district, error=str(error))
        finally:
            self._under_way.discard(district)

    def _begun(self, wish: Request) -> Answer | None:
        """The answer, which is stored; None where a run of the district is under way."""
        with database_errors(), self._databases.writer.begin() as connection:
            requests.taken(connection, wish.request_id, datetime.now(UTC))
        try:
            found = self._answer(wish)
        except BusyError:
            with database_errors(), self._databases.writer.begin() as connection:
                requests.put_back(connection, wish.request_id)
            return None
        with database_errors(), self._databases.writer.begin() as connection:
            requests.answered(connection, wish.request_id, found, datetime.now(UTC))
        return found

    def _answer(self, wish: Request) -> Answer:
        """Errors: BusyError only; any other is an answer."""
        if datetime.now(UTC) - wish.asked_at > PATIENCE or wish.tries >= TRIES:
            clear(self._installation, wish)
            return {"error": UNSERVED if wish.tries < TRIES else GAVE_UP}
        try:
            return answer(self._installation, self._databases, wish)
        except BusyError:
            raise
        except OperatorError as error:
            return {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - somebody waits for an answer
            place = where(error)
            log.error("bug", district=wish.district, error=error.__class__.__name__, at=place)
            return {"error": f"bug: {error.__class__.__name__} at {place}; please report this line"}


def _by_district(connection: Connection) -> Mapping[str, Request]:
    """The first wish of each."""
    wishes = (each for each in requests.unanswered(connection) if each.kind is not RequestKind.RUN)
    return {wish.district: wish for wish in reversed([*wishes])}
