"""Counts sign-ins in memory and writes them every few seconds: late by seconds, in nobody's way."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from threading import Event, Lock, Thread
from time import time

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from access_service.alarms import tell
from access_service.domain.guessing import known_good
from access_service.domain.patron import PatronRecord
from access_service.domain.traffic import DAY, with_questions
from access_service.logs import log, where
from access_service.storage import attempts, traffic, usage
from access_service.storage.attempts import Good
from access_service.storage.engine import day_transaction
from access_service.storage.usage import Refusal, UsageKey, Use

FLUSH_SECONDS = 2.0
REMEMBERED_PATRONS = 200_000
# The day of a right PIN is written again when it is so old: who comes daily costs one write a week.
NEW_GOOD_DAYS = 7


@dataclass(slots=True)
class Waiting:
    """What was counted since the last flush. `right` says of a right PIN whether it was the first in long."""

    sign_ins: Counter[UsageKey] = field(default_factory=Counter)
    patrons: dict[int, Use] = field(default_factory=dict)
    refused: Counter[Refusal] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    right: dict[Good, bool] = field(default_factory=dict)

    def join(self, older: "Waiting") -> None:
        """Take in what could not be written before."""
        self.sign_ins.update(older.sign_ins)
        self.asked.update(older.asked)
        self.unknown.update(older.unknown)
        self.refused.update(older.refused)
        self.patrons = {**older.patrons, **self.patrons}
        self.right = {**self.right, **older.right}


class UsageCounter:
    """One a process. `start` begins flushing, `stop` writes what is left. `clock` gives seconds since 1970."""

    def __init__(self, engine: Engine, today: Callable[[], date], clock: Callable[[], float] = time) -> None:
        self._engine = engine
        self._today = today
        self._clock = clock
        self._lock = Lock()
        self._stopped = Event()
        self._waiting = Waiting()
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
            self._waiting.sign_ins[UsageKey(today, patron.district, patron.school, patron.grade, client)] += 1
            if self._written.get(record.patron_id) != today:
                self._waiting.patrons[record.patron_id] = Use(today, patron.district, patron.school, patron.grade)

    def refused(self, district: str, reason: str) -> None:
        """One sign-in that was refused, today; no district where it is not known."""
        with self._lock:
            self._waiting.refused[Refusal(self._today(), district, reason)] += 1

    def asked(self, client: str, *, unknown: bool) -> None:
        """One question that the throttle did not count."""
        with self._lock:
            self._waiting.asked[client] += 1
            if unknown:
                self._waiting.unknown[client] += 1

    def right(self, patron_id: int, client: str, good_day: int) -> None:
        """One right PIN; the last one before came on `good_day` or up to a week later."""
        now = int(self._clock())
        if now // DAY - good_day >= NEW_GOOD_DAYS:
            with self._lock:
                self._waiting.right.setdefault(Good(patron_id, client), not known_good(good_day, now))

    def flush(self) -> None:
        """Write what was counted. On failure it stays counted for the next flush, and the log says so."""
        with self._lock:
            counted, self._waiting = self._waiting, Waiting()
        if not (counted.asked or counted.sign_ins or counted.right or counted.refused):
            return
        try:
            self._write(counted)
        except SQLAlchemyError as error:
            log.error("usage not written", error=error.__class__.__name__, waiting=counted.sign_ins.total())
            with self._lock:
                self._waiting.join(counted)
        else:
            self._written.update({patron_id: use.day for patron_id, use in counted.patrons.items()})
            if len(self._written) > REMEMBERED_PATRONS:
                self._written.clear()

    def _write(self, counted: Waiting) -> None:
        now = int(self._clock())
        new = Counter(good.client for good, is_new in counted.right.items() if is_new)
        with day_transaction(self._engine) as connection:
            usage.add(connection, counted.sign_ins, counted.patrons)
            usage.refuse(connection, counted.refused)
            attempts.good(connection, counted.right, now // DAY)
            # After those of patrons, and in order, as the throttle has them: so nobody waits for ever.
            for client in sorted(counted.asked | new):
                asked = traffic.hold(connection, client, now)
                more = counted.asked[client], counted.unknown[client], new[client]
                counts = with_questions(asked, *more)
                traffic.keep(connection, client, counts)
                tell(client, asked.raised, counts.raised)

    def _run(self) -> None:
        while not self._stopped.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 - a thread that died in silence would count nothing for weeks
                log.error("usage flush failed", error=error.__class__.__name__, at=where(error))
