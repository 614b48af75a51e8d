"""May this PIN be tried at all? Decided before any verification, durable, exact across workers.

The first failure of a patron at a client is checked, then counted. From then on each try is counted before it is
checked, so that tries in flight at other workers cannot exceed the allowance; a right PIN takes the count back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Engine

from access_service.domain.access import PinResult
from access_service.storage import attempts
from access_service.storage.patrons import Attempts

STRIPES = 64


@dataclass(frozen=True, slots=True)
class Try:
    """One PIN tried for one patron by one client: how to check it, and the mark by which to know it again."""

    patron_id: int
    client: str
    mark: Callable[[], bytes]
    matches: Callable[[], bool]


class Throttle:
    """Counts failed PINs per patron and client. `clock` gives seconds since 1970."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock
        self._stripes = [Lock() for _ in range(STRIPES)]
        # Raised with every failure counted here: tells a waiting thread that what it read is old.
        self.generation = 0

    def check(self, tried: Try, seen: Attempts | None, generation: int) -> PinResult:
        """OK, WRONG or LOCKED. `seen` are the failures that stood when `generation` did."""
        with self._stripes[tried.patron_id % STRIPES]:
            if generation != self.generation:
                seen = self._read(tried)
            while True:
                result = self._uncounted(tried) if seen is None else self._counted(tried, seen)
                if result:
                    return result
                seen = self._read(tried)

    def _uncounted(self, tried: Try) -> PinResult | None:
        """The result, or None where another worker counted a failure meanwhile."""
        if tried.matches():
            return PinResult.OK
        self.generation += 1
        with self._engine.connect() as connection:
            first = attempts.record(connection, tried.patron_id, tried.client, tried.mark())
        return PinResult.WRONG if first else None

    def _counted(self, tried: Try, seen: Attempts) -> PinResult | None:
        """The result, or None where another worker changed the count meanwhile."""
        now = int(self._clock())
        if now < seen.locked_until:
            return PinResult.LOCKED
        with self._engine.connect() as connection:
            again = tried.mark() == seen.wrong_mark
            if not again and not attempts.reserve(connection, tried.patron_id, tried.client, seen, now):
                return None
            self.generation += 1
            # The last wrong PIN is checked again too: the roster may have made it right since.
            if tried.matches():
                attempts.clear(connection, tried.patron_id, tried.client)
                return PinResult.OK
            if not again:
                attempts.mark_wrong(connection, tried.patron_id, tried.client, tried.mark())
            return PinResult.WRONG

    def _read(self, tried: Try) -> Attempts | None:
        with self._engine.connect() as connection:
            return attempts.read(connection, tried.patron_id, tried.client)
