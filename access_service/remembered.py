"""What was found right lately, in this process alone: a slow hash need not be worked out again for the same PIN."""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from os import urandom
from threading import Lock

SECONDS = 5 * 60
MOST = 50_000


class Remembered:
    """Knows pairs of hash and secret that belong together, for five minutes; never ones that do not.

    The stored hash is part of what is known, so whoever has another PIN now is not known at once.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._key = urandom(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def add(self, made: str, secret: bytes) -> None:
        """Remember a hash and the secret it was made of."""
        mark = self._mark(made, secret)
        with self._lock:
            self._until[mark] = self._clock() + SECONDS
            self._until.move_to_end(mark)
            while len(self._until) > self._most:
                self._until.popitem(last=False)

    def __contains__(self, pair: tuple[str, bytes]) -> bool:
        until = self._until.get(self._mark(*pair))
        return until is not None and self._clock() < until

    def _mark(self, made: str, secret: bytes) -> bytes:
        return hmac.digest(self._key, secret + made.encode(), "sha256")
