"""argon2id in threads of its own, one of each kind: who floods us with wrong PINs waits for them, and nobody else.

The work of failures is one thread's, and the check of chosen PINs another's, so that these never queue behind those.
Both step back where the processors are wanted for answers, and before each only so many wait: more is refused.
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, get_native_id
from typing import NamedTuple, TypeVar

from argon2.exceptions import VerificationError
from argon2.low_level import Type, hash_secret, verify_secret

from access_service.errors import UnavailableError
from access_service.remembered import Remembered

# Of each kind in one process. Who waits sends nothing meanwhile, who is refused does at once: better many than few.
WAITING = 48
SALT_BYTES = 16
HASH_BYTES = 32
T = TypeVar("T")


class Cost(NamedTuple):
    """What one hash takes: memory in KiB, passes over it, and lanes."""

    memory: int = 19 * 1024
    passes: int = 2
    lanes: int = 1


STANDARD = Cost()


class Queue:
    """One thread of low priority (`nice`, as the command of that name), for which at most `room` callers wait."""

    def __init__(self, name: str, nice: int, room: int) -> None:
        self._room = BoundedSemaphore(room)
        # Its thread starts with the first work: in a worker, not in the process that forks workers.
        self._thread = ThreadPoolExecutor(1, name, _step_back, (nice,))

    def run(self, work: Callable[[], T]) -> T:
        """Wait for work. UnavailableError at once where too many wait already."""
        if not self._room.acquire(blocking=False):
            raise UnavailableError("more PINs are to be checked than can be; try again soon")
        try:
            return self._thread.submit(work).result()
        finally:
            self._room.release()


class SlowHash:
    """Makes and checks slow hashes of secrets that are keyed already (pin_vault.py)."""

    def __init__(self, cost: Cost = STANDARD, remembered: Remembered | None = None) -> None:
        self.cost = cost
        self._remembered = remembered or Remembered()
        self._checks = Queue("chosen-pins", nice=5, room=WAITING)
        self._wasted = Queue("failures", nice=15, room=WAITING)

    def make(self, secret: bytes) -> str:
        """A new hash, with its salt and cost, as text. This and the others: UnavailableError when too many ask."""
        return self._checks.run(lambda: self._hash(secret))

    def same(self, made: str, secret: bytes) -> bool:
        """Whether a hash was made of this secret."""
        same = self._checks.run(lambda: _same(made, secret))
        if same:
            self._remembered.add(made, secret)
        return same

    def lately(self, made: str, secret: bytes) -> bool:
        """Whether that was found to be so in the last minutes."""
        return (made, secret) in self._remembered

    def waste(self) -> None:
        """The work of a check whose result is known already."""
        self._wasted.run(lambda: self._hash(bytes(HASH_BYTES)))

    def _hash(self, secret: bytes) -> str:
        memory, passes, lanes = self.cost
        return hash_secret(secret, os.urandom(SALT_BYTES), passes, memory, lanes, HASH_BYTES, Type.ID).decode()


def _same(made: str, secret: bytes) -> bool:
    try:
        return verify_secret(made.encode(), secret, Type.ID)
    except VerificationError:
        return False


def _step_back(nice: int) -> None:
    # Elsewhere priorities are of processes only.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, get_native_id(), nice)
