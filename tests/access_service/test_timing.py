"""Nobody can tell by the clock why a PIN was refused. `make timing N=20000` asks longer."""

import os
import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from time import perf_counter

import pytest
from sqlalchemy import delete, insert

from access_service.domain.traffic import DAY
from access_service.pin_vault import PinVault
from access_service.slow_hash import Cost, SlowHash
from access_service.storage.engine import Databases
from access_service.storage.tables import attempts, traffic
from tests.access_service import seed

ON_DEMAND = "TIMING_PAIRS" in os.environ
PAIRS = int(os.environ.get("TIMING_PAIRS", "1500"))
DATABASES = ["sqlite", "postgresql"] if ON_DEMAND else ["sqlite"]
# In the suite a part of the real work of a failure, to be done in time; beside it the rest shows more.
SLOW = SlowHash() if ON_DEMAND else SlowHash(Cost(memory=16384, passes=1))
FAR = 0.05


def auc(ours: list[float], theirs: list[float]) -> float:
    """How often one of ours takes longer than one of theirs: 0.5 where nobody can tell them apart."""
    ordered = sorted(theirs)
    longer = sum(bisect_left(ordered, each) + bisect_right(ordered, each) for each in ours)
    return longer / (2 * len(ours) * len(theirs))


@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
def test_unknown_wrong_and_locked_take_the_same_time(databases: Databases) -> None:
    """The rank sums are even, over interleaved questions."""
    number = len(seed.crowd(databases, 2 * PAIRS))
    today = int(seed.NOON.timestamp()) // DAY
    row = {"client": "vendor", "failures": 0, "locked_until": 0, "wrong_mark": b"", "good_day": today}
    locked = {**row, "failures": 5, "locked_until": 2**40}
    with databases.reader.connect() as connection:
        known = [{**(row if each <= PAIRS else locked), "patron_id": each} for each in range(1, number + 1)]
        connection.execute(insert(attempts), known)
    directory = seed.directory(databases, vault=PinVault([seed.PEPPER], SLOW))
    took: dict[str, list[float]] = defaultdict(list)
    for n in range(PAIRS):
        if n % 20 == 0:
            # Else the client would be refused.
            with databases.reader.connect() as connection:
                connection.execute(delete(traffic))
        asked = [("wrong", f"{n + 1:07}"), ("locked", f"{PAIRS + n + 1:07}"), ("unknown", f"77{n:05}")]
        random.shuffle(asked)
        for kind, typed in asked:
            began = perf_counter()
            directory.authenticate(typed, "0101", seed.client())
            took[kind].append(perf_counter() - began)
    found = {(a, b): round(auc(took[a], took[b]), 3) for a, b in (("unknown", "wrong"), ("locked", "wrong"))}
    print(found)  # noqa: T201 - what `make timing` is for
    assert all(abs(each - 0.5) <= FAR for each in found.values()), found
