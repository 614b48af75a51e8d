"""Which districts are frozen, for those who answer: read again every few seconds, never by a lookup's own statement."""

import time
from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from access_service.domain.calendar import Freeze
from access_service.storage import freezes
from access_service.storage.engine import read

# A freeze or thaw holds this many seconds later at most.
FRESH_SECONDS = 2.0


class Freezes:
    """The freezes of this installation, by district."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._read_at = float("-inf")
        self._all: Mapping[str, tuple[Freeze, ...]] = {}

    def of(self, district: str) -> tuple[Freeze, ...]:
        """All freezes of a district. StorageError if nobody can say."""
        now = self._clock()
        if now - self._read_at >= FRESH_SECONDS:
            self._all = read(self._engine, freezes.read)
            self._read_at = now
        return self._all.get(district, ())
