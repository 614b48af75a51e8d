import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from access_service.errors import UnavailableError
from access_service.slow_hash import Queue, SlowHash
from tests.access_service import seed


def test_a_hash_is_of_its_secret_alone() -> None:
    """The same secret verifies, another does not, nor does anything against a text that is no hash."""
    made = seed.CHEAP.make(b"secret")
    assert seed.CHEAP.same(made, b"secret")
    assert not seed.CHEAP.same(made, b"Secret")
    assert seed.CHEAP.make(b"secret") != made


def test_the_usual_cost_is_what_owasp_asks() -> None:
    """argon2id, 19 MiB, two passes, one lane."""
    found = extract_parameters(SlowHash().make(b"secret"))
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 19456, 2, 1)


def test_who_finds_no_room_is_refused_at_once() -> None:
    """With one at work and the others waiting the next one is told, and there is room again when they are done."""
    queue, at_work, done = Queue("test", nice=0, room=2), threading.Event(), threading.Event()

    def hold() -> bool:
        at_work.set()
        return done.wait(10)

    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(queue.run, hold)
        assert at_work.wait(10)
        second = callers.submit(queue.run, lambda: "second")
        while queue._room._value:
            time.sleep(0.001)
        with pytest.raises(UnavailableError, match="try again soon"):
            queue.run(lambda: "third")
        done.set()
        assert (first.result(), second.result()) == (True, "second")
    assert queue.run(lambda: "fourth") == "fourth"


def test_work_that_fails_leaves_its_room() -> None:
    """An error reaches the caller, and the next one finds room."""
    queue = Queue("test", nice=0, room=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            queue.run(lambda: 1 // 0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_slow_work_steps_back_and_nothing_else_does() -> None:
    """Its thread has a low priority, and the one that asks keeps its own."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    niced = Queue("test", nice=15, room=1).run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert (niced, os.getpriority(os.PRIO_PROCESS, 0)) == (15, before)


FORKED = """
import os
from access_service.slow_hash import Cost, SlowHash
slow = SlowHash(Cost(memory=8, passes=1))
worker = os.fork()
if not worker:
    slow.waste()
    os._exit(0)
raise SystemExit(os.waitpid(worker, 0)[1])
"""


def test_it_survives_a_fork() -> None:
    """What was made before a worker is forked works in the worker: its thread starts with the first work."""
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=30)
