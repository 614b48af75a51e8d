"""May this PIN be tried at all? Decided and counted before any verification, in one transaction: durable, and exact
across workers and processes. Whatever comes of it, the same statements are done.

Most right PINs are checked ahead of that, and are never counted; so few at a time that wrong ones among them, which are
counted then, go over no budget.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Engine

from access_service.alarms import tell
from access_service.domain.access import PinResult
from access_service.domain.guessing import Guess, Verdict, given_back, known_good, weigh
from access_service.domain.traffic import DAY
from access_service.storage import attempts, traffic
from access_service.storage.engine import day_transaction
from access_service.storage.patrons import Attempts

# So many PINs of newcomers through one client a process checks before it counts them. Of one patron it is one: together
# twenty processes look at no more than the fewest that a patron stands.
AHEAD = 4
# What a PIN that is checked ahead is one of, with the day.
Ahead = tuple[tuple[int, int | str], ...]
RESULTS = {Verdict.LOCKED: PinResult.LOCKED, Verdict.REFUSED: PinResult.REFUSED}


@dataclass(frozen=True, slots=True)
class Try:
    """One PIN tried for one patron by one client: what is known of it, how to check it, what it took ahead, and what
    takes as long as a check and says nothing."""

    patron_id: int
    client: str
    guess: Guess
    matches: Callable[[], bool]
    ahead: Ahead = ()
    never: Callable[[], object] = bool


class Throttle:
    """Counts failed PINs. `clock` gives seconds since 1970."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._lock = Lock()
        self._day = 0
        self._ahead: Counter[tuple[int, int | str]] = Counter()
        # SQLite has one writer, and lets those who wait for it sleep: in one process they queue here.
        self._turn: AbstractContextManager[object] = Lock() if engine.dialect.name == "sqlite" else nullcontext()

    def ahead(self, patron_id: int, client: str, seen: Attempts) -> Ahead:
        """Whether a PIN may be checked before it is counted: nothing failed yet, and the client has much left. If it is
        right, that is `over`; else it is part of the Try."""
        now = int(self._clock())
        known = known_good(seen.good_day, now)
        shut = seen.failures or seen.guesses or (not known and now < seen.tight_until)
        day = now // DAY
        wanted: Ahead = ((day, patron_id),) if known else ((day, patron_id), (day, client))
        with self._lock:
            if day != self._day:
                # What could never be counted is not held against anybody for ever.
                self._day = day
                self._ahead.clear()
            # Looked at in any case: a lock must not be quicker than a wrong PIN.
            if self._ahead[wanted[0]] or any(self._ahead[each] >= AHEAD for each in wanted) or shut:
                return ()
            self._ahead.update(wanted)
        return wanted

    def over(self, ahead: Ahead) -> None:
        """A PIN that was checked ahead is dealt with."""
        with self._lock:
            for each in ahead:
                self._ahead[each] -= 1
                if self._ahead[each] <= 0:
                    del self._ahead[each]

    def check(self, tried: Try) -> PinResult:
        """OK, WRONG, LOCKED or REFUSED."""
        verdict = self._weighed(tried)
        # Only now: what is not counted, as where the database is away, leaves less room that day.
        self.over(tried.ahead)
        if refused := RESULTS.get(verdict):
            tried.never()
            return refused
        if not tried.matches():
            return PinResult.WRONG
        self._take_back(tried)
        return PinResult.OK

    def _weighed(self, tried: Try) -> Verdict:
        now = int(self._clock())
        with self._turn, day_transaction(self._engine) as connection:
            everywhere, own = attempts.hold(connection, tried.patron_id, tried.client)
            # Last, for all tries of a client wait for it.
            asked = traffic.hold(connection, tried.client, now)
            weighed = weigh(tried.guess, own, everywhere, asked, now)
            attempts.keep(connection, tried.patron_id, tried.client, weighed.everywhere, weighed.at_client)
            traffic.keep(connection, tried.client, weighed.traffic)
        tell(tried.client, asked.raised, weighed.traffic.raised)
        return weighed.verdict

    def _take_back(self, tried: Try) -> None:
        now = int(self._clock())
        with self._turn, day_transaction(self._engine) as connection:
            _, own = attempts.hold(connection, tried.patron_id, tried.client)
            attempts.right(connection, tried.patron_id, tried.client)
            left = given_back(own, traffic.hold(connection, tried.client, now))
            traffic.keep(connection, tried.client, left)
