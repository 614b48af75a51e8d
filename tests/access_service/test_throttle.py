from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context

import pytest
from sqlalchemy import update

from access_service.directory import PatronDirectory
from access_service.domain.access import Answer, PinResult
from access_service.domain.guessing import lock_seconds
from access_service.errors import StorageError
from access_service.pin_check import PinCheck
from access_service.storage import engine
from access_service.storage.engine import Databases
from access_service.storage.tables import patrons
from access_service.throttle import AHEAD
from tests.access_service import seed

OK, WRONG, LOCKED = PinResult.OK, PinResult.WRONG, PinResult.LOCKED
WORKERS, TRIES = 4, 10


def tries(directory: PatronDirectory, *pins: str, client: str = "vendor") -> list[PinResult]:
    return [directory.authenticate("12345", pin, seed.client(client)).pin for pin in pins]


def try_ten(url: str, worker: int) -> list[PinResult]:
    """In a process of its own."""
    databases = engine.connect(url)
    directory = seed.directory(databases)
    tries(directory, "")
    results = tries(directory, *(f"wrong-{worker}-{n}" for n in range(TRIES)))
    databases.dispose()
    return results


def test_five_failures_are_free_over_all_workers(databases: Databases, database_url: str) -> None:
    """Of 40 different wrong PINs at once from 4 processes exactly 5 are judged; then not even the right one is."""
    seed.store(databases, seed.patron())
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as workers:
        results = [r for found in workers.map(try_ten, [database_url] * WORKERS, range(WORKERS)) for r in found]
    assert (results.count(WRONG), results.count(LOCKED)) == (5, WORKERS * TRIES - 5)
    clock = seed.Clock()
    directory = seed.directory(databases, now=clock)
    assert tries(directory, "0412") == [LOCKED]
    clock.now += timedelta(seconds=lock_seconds(5) + 1)
    assert tries(directory, "0412") == [OK]


def test_the_same_wrong_pin_counts_once(databases: Databases) -> None:
    """An app that keeps sending an old PIN locks nobody out."""
    seed.store(databases, seed.patron())
    assert tries(seed.directory(databases), *["0413"] * 20, "0412") == [WRONG] * 20 + [OK]


def test_a_right_pin_takes_the_failures_back(databases: Databases) -> None:
    """Four typos, the right PIN, and there are five tries again."""
    seed.store(databases, seed.patron())
    directory = seed.directory(databases)
    for _ in range(2):
        assert tries(directory, "1", "2", "3", "4", "0412") == [WRONG] * 4 + [OK]


def test_failures_survive_a_restart(databases: Databases, database_url: str) -> None:
    """A new process knows every failure of the last one."""
    seed.store(databases, seed.patron())
    assert tries(seed.directory(databases), "1", "2", "3", "4") == [WRONG] * 4
    restarted = engine.connect(database_url)
    assert tries(seed.directory(restarted), "5", "0412", "6") == [WRONG, LOCKED, LOCKED]
    restarted.dispose()


def test_a_lock_is_longer_each_time(databases: Databases) -> None:
    """30 s after five failures, a minute after six, never more than an hour; tries meanwhile change nothing."""
    seed.store(databases, seed.patron())
    clock = seed.Clock()
    directory = seed.directory(databases, now=clock)
    assert tries(directory, *"12345") == [WRONG] * 5
    for seconds in (30, 60, 120, 240, 480, 960, 1920, 3600, 3600):
        clock.now += timedelta(seconds=seconds - 2)
        assert tries(directory, "0412", f"a{seconds}") == [LOCKED, LOCKED]
        clock.now += timedelta(seconds=3)
        assert tries(directory, f"b{clock.now}") == [WRONG]


def test_clients_and_patrons_lock_alone(databases: Databases) -> None:
    """Failures at one client lock that patron there only."""
    seed.store(databases, seed.patron())
    seed.store(databases, seed.patron(2, "7654321"))
    directory = seed.directory(databases)
    assert tries(directory, *"12345", "0412") == [WRONG] * 5 + [LOCKED]
    assert tries(directory, "0412", client="self-check") == [OK]
    assert directory.authenticate("7654321", "0412", seed.client()).pin is OK


def test_of_one_patron_each_process_looks_at_one_ahead(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight processes, each asked four wrong PINs of one patron at the same moment, look at eight before they count."""
    seed.store(databases, seed.patron())
    looked: list[PinCheck] = []

    def wrong(check: PinCheck) -> bool:
        looked.append(check)
        return False

    monkeypatch.setattr(PinCheck, "at_once", wrong)
    for _ in range(8):
        directory = seed.directory(databases)
        for guess in range(4):
            directory.begin("12345", f"9{guess}", seed.client(f"client-{guess}"))
    assert len(looked) == 8


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_counted_leaves_no_room_that_day(databases: Databases) -> None:
    """While wrong PINs cannot be written down only so many are looked at; the next day right ones are quick again."""
    numbers = seed.crowd(databases, AHEAD + 2)
    clock = seed.Clock()
    directory = seed.directory(databases, now=clock)
    with databases.reader.connect() as connection:
        refuse = "BEFORE INSERT ON guesses BEGIN SELECT RAISE(ABORT, 'full'); END"
        connection.exec_driver_sql(f"CREATE TRIGGER day.refuse {refuse}")
    for number in numbers[:AHEAD]:
        with pytest.raises(StorageError):
            directory.authenticate(number, "9", seed.client())
    with pytest.raises(StorageError):
        directory.authenticate(numbers[-1], "0412", seed.client())
    with databases.reader.connect() as connection:
        connection.exec_driver_sql("DROP TRIGGER day.refuse")
    assert callable(directory.begin(numbers[-1], "0412", seed.client()))
    clock.now += timedelta(days=1)
    assert isinstance(directory.begin(numbers[-1], "0412", seed.client()), Answer)


def test_a_pin_that_the_roster_made_right_works(databases: Databases) -> None:
    """The last wrong PIN is no longer wrong once the district corrected the birth date."""
    seed.store(databases, seed.patron())
    directory = seed.directory(databases)
    assert tries(directory, "1", "0501") == [WRONG, WRONG]
    corrected = update(patrons).values(pin_digest=seed.VAULT.digest(1, "0501"))
    with databases.writer.begin() as connection:
        connection.execute(corrected)
    assert tries(directory, "0501", "0412") == [OK, WRONG]


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 0), (4, 0), (5, 30), (6, 60), (11, 1920), (12, 3600), (99, 3600)]
)
def test_lock_seconds(failures: int, seconds: int) -> None:
    """Five are free, then 30 s, doubling to an hour."""
    assert lock_seconds(failures) == seconds
