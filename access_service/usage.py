"""Counts sign-ins in memory and writes them every few seconds: late by seconds, in nobody's way."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from threading import Event, Lock, Thread

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from access_service.domain.patron import PatronRecord
from access_service.logs import log, where
from access_service.storage import usage
from access_service.storage.usage import UsageKey

FLUSH_SECONDS = 2.0
REMEMBERED_PATRONS = 200_000


class UsageCounter:
    """One a process. `start` begins flushing, `stop` writes what is left."""

    def __init__(self, engine: Engine, today: Callable[[], date]) -> None:
        self._engine = engine
        self._today = today
        self._lock = Lock()
        self._stopped = Event()
        self._sign_ins: Counter[UsageKey] = Counter()
        self._patrons: dict[int, date] = {}
        # Whose last day is already written: most people sign in more than once a day.
        self._written: dict[int, date] = {}
        self._thread = Thread(target=self._run, name="usage", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def count(self, record: PatronRecord, client: str) -> None:
        """One sign-in of this patron by this client, today."""
        today, patron = self._today(), record.patron
        with self._lock:
            self._sign_ins[UsageKey(today, patron.district, patron.school, patron.grade, client)] += 1
            if self._written.get(record.patron_id) != today:
                self._patrons[record.patron_id] = today

    def flush(self) -> None:
        """Write what was counted. On failure it stays counted for the next flush, and the log says so."""
        with self._lock:
            sign_ins, self._sign_ins = self._sign_ins, Counter()
            patrons, self._patrons = self._patrons, {}
        if not sign_ins:
            return
        try:
            with self._engine.connect() as connection:
                # An own transaction on the reader: on SQLite it locks the day file only.
                connection.exec_driver_sql("BEGIN")
                usage.add(connection, sign_ins, patrons)
                connection.exec_driver_sql("COMMIT")
        except SQLAlchemyError as error:
            log.error("usage not written", error=error.__class__.__name__, waiting=sum(sign_ins.values()))
            with self._lock:
                self._sign_ins.update(sign_ins)
                self._patrons = {**patrons, **self._patrons}
        else:
            self._written.update(patrons)
            if len(self._written) > REMEMBERED_PATRONS:
                self._written.clear()

    def _run(self) -> None:
        while not self._stopped.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - a thread that died in silence would count nothing for weeks
                log.error("usage flush failed", error=error.__class__.__name__, at=where(error))
