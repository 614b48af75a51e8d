"""Guessing at many students, through many clients, for days: how many guesses are looked at, and who is shut out."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing import get_context

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from access_service.directory import PatronDirectory
from access_service.domain.access import PinResult, Standing
from access_service.domain.patron import PatronRecord
from access_service.domain.traffic import LOCKS_AN_HOUR, UNDER_WAY, WRONG_A_DAY, WRONG_AN_HOUR
from access_service.pin_vault import PinVault
from access_service.storage import engine
from access_service.storage.engine import Databases
from access_service.storage.tables import patrons
from access_service.usage import UsageCounter
from tests.access_service import seed

OK, WRONG, LOCKED, REFUSED = PinResult.OK, PinResult.WRONG, PinResult.LOCKED, PinResult.REFUSED
WORKERS = 4
# What is looked at where one asks after another.
AN_HOUR, A_DAY = WRONG_AN_HOUR - UNDER_WAY, WRONG_A_DAY - UNDER_WAY
# 10,000 on demand: the arithmetic is the same.
GUESSES = int(os.environ.get("GUESSES", "240"))


class WatchedVault(PinVault):
    """Knows which PINs were compared with somebody's."""

    def __init__(self) -> None:
        super().__init__([seed.PEPPER], seed.CHEAP)
        self.looked_at: set[tuple[int, str]] = set()

    def matches(self, record: PatronRecord | None, pin: str) -> bool:
        if record:
            self.looked_at.add((record.patron_id, pin))
        return super().matches(record, pin)


@dataclass
class Service:
    """One process of the service, at a time that a test sets."""

    databases: Databases
    clock: seed.Clock = field(default_factory=seed.Clock)
    vault: WatchedVault = field(default_factory=WatchedVault)

    def __post_init__(self) -> None:
        self.usage: UsageCounter = seed.usage_counter(self.databases, self.clock)
        self.directory: PatronDirectory = seed.directory(
            self.databases, now=self.clock, vault=self.vault, usage=self.usage
        )

    def tries(self, number: str, *pins: str, client: str = "vendor") -> list[PinResult]:
        return [self.directory.authenticate(number, pin, seed.client(client)).pin for pin in pins]

    def wait(self, **time: float) -> None:
        self.clock.now += timedelta(**time)

    def known(self, numbers: list[str], *clients: str) -> None:
        """All have signed in at these clients before."""
        for client in clients:
            assert {result for number in numbers for result in self.tries(number, "0412", client=client)} == {OK}
        self.usage.flush()


@pytest.fixture
def service(databases: Databases) -> Service:
    return Service(databases)


@pytest.fixture
def alarms() -> Iterator[Callable[[], list[str]]]:
    """The alarms in the log by now."""
    with capture_logs() as said:
        yield lambda: [line["alarm"] for line in said if line["event"] == "guessing"]


def guess_for_days(url: str, worker: int, guesses: int) -> int:
    """In a process and through a client of its own, an hour between guesses; how many were looked at."""
    databases = engine.connect(url)
    service = Service(databases)
    for n in range(guesses):
        service.tries("12345", f"{worker}-{n}", client=f"vendor-{worker}")
        service.wait(hours=1)
    databases.dispose()
    return len(service.vault.looked_at)


def test_no_more_guesses_at_a_student_than_the_pin_stands(databases: Databases, database_url: str) -> None:
    """Of thousands at an MMDD PIN, through 4 clients in 4 processes, and after a restart, 20 are looked at."""
    seed.store(databases, seed.patron())
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as workers:
        asked = [database_url] * WORKERS, range(WORKERS), [GUESSES // WORKERS] * WORKERS
        looked_at = sum(workers.map(guess_for_days, *asked))
    assert looked_at == 20
    assert guess_for_days(database_url, WORKERS, 10) == 0
    assert Service(databases).tries("12345", "0412", client="self-check") == [LOCKED]


def spray(url: str, numbers: list[str]) -> tuple[Counter[PinResult], int]:
    """In a process of its own: one guess at each."""
    databases = engine.connect(url)
    service = Service(databases)
    results = Counter(result for number in numbers for result in service.tries(number, "0101"))
    databases.dispose()
    return results, len(service.vault.looked_at)


def test_no_more_guesses_through_a_client_than_its_budget(databases: Databases, database_url: str) -> None:
    """One guess at each of many students, by 4 processes at once: 60 are looked at at most."""
    numbers = seed.crowd(databases, 160)
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as workers:
        told = list(workers.map(spray, [database_url] * WORKERS, [numbers[n::WORKERS] for n in range(WORKERS)]))
    results = sum((results for results, _ in told), Counter[PinResult]())
    assert results.keys() == {WRONG, REFUSED}
    assert AN_HOUR <= sum(looked_at for _, looked_at in told) <= WRONG_AN_HOUR


def test_a_spray_is_told_before_it_ends_and_ends_for_the_day(service: Service, alarms: Callable[[], list[str]]) -> None:
    """Alarms at half of the budget and when it is spent; another hour has another, and the day has its end."""
    numbers = seed.crowd(service.databases, 400)
    service.clock.now = service.clock.now.replace(hour=0)
    looked_at = []
    for hour in range(8):
        for number in numbers[hour * 50 : (hour + 1) * 50]:
            service.tries(number, "0101")
            if not hour and len(service.vault.looked_at) < WRONG_AN_HOUR // 2:
                assert alarms() == []
            elif not hour and len(service.vault.looked_at) < AN_HOUR:
                assert alarms() == ["half_spent"]
        looked_at.append(len(service.vault.looked_at))
        service.wait(hours=1)
    assert looked_at == [min(A_DAY, hour * AN_HOUR) for hour in range(1, 9)]
    assert alarms() == ["half_spent", "spent"]
    service.wait(days=1)
    assert service.tries(numbers[-1], "0412") == [OK]


def test_while_the_budget_is_spent(service: Service) -> None:
    """New people and unknown numbers are refused alike, right PIN or wrong; not who is known."""
    numbers = seed.crowd(service.databases, 70)
    service.known(numbers[:1], "vendor")
    for number in numbers[1:-1]:
        service.tries(number, "0101")
    assert service.tries(numbers[-1], "0412", "0101") == [REFUSED, REFUSED]
    assert service.tries("9876543", "0412", "0101") == [REFUSED, REFUSED]
    assert service.tries(numbers[0], "0412", "0101", "0412") == [OK, WRONG, OK]
    assert service.tries(numbers[-1], "0101", "0412", client="self-check") == [WRONG, OK]
    service.wait(hours=1)
    assert service.tries(numbers[-1], "0412") == [OK]


def test_a_refused_client_hears_429(service: Service) -> None:
    """In the JSON dialect, to change a PIN too, with the seconds to wait; the Patron API says that the PIN is wrong."""
    seed.admit(service.databases, seed.client())
    numbers = seed.crowd(service.databases, 61)
    for number in numbers[:-1]:
        service.tries(number, "0101")
    web = seed.web(service.databases)
    asked = {"number": numbers[-1], "pin": "0412"}
    for page, question in (("authentications", asked), ("pin-changes", asked | {"new_pin": "73915"})):
        told = web.post(f"/v1/{page}", json=question, headers={"Authorization": f"Bearer {seed.KEY}"})
        assert (told.status_code, told.content_type) == (429, "application/problem+json")
        assert 0 < int(told.headers["Retry-After"]) <= 3600
    assert "RETCOD=1" in web.get(f"/PATRONAPI/{numbers[-1]}/0412/pintest").get_data(as_text=True)


def test_who_guesses_at_a_whole_school_locks_few_out(service: Service, alarms: Callable[[], list[str]]) -> None:
    """Five wrong PINs for each of 120 students through one client: there 99 % of those known to it sign in half a
    minute later, and through another all of them at once."""
    numbers = seed.crowd(service.databases, 120)
    service.known(numbers, "vendor", "self-check")
    service.wait(hours=1)
    results = Counter(result for number in numbers for result in service.tries(number, *"12345"))
    assert results == {WRONG: 5 * len(numbers)}
    assert all(service.tries(number, "0412", client="self-check") == [OK] for number in numbers)
    locked = [number for number in numbers if service.tries(number, "0412") == [LOCKED]]
    assert len(locked) <= LOCKS_AN_HOUR
    service.wait(seconds=31)
    assert all(service.tries(number, "0412") == [OK] for number in numbers)
    assert alarms() == ["many_locks", "known_patrons"]


def test_a_launch_day_stays_open(service: Service, alarms: Callable[[], list[str]]) -> None:
    """A thousand first sign-ins in an hour, every fifth after a wrong PIN or two: all get in."""
    numbers = seed.crowd(service.databases, 1000)
    for n, number in enumerate(numbers):
        typos = ("0411",) if n % 5 == 0 else ("0411", "0421") if n % 25 == 1 else ()
        assert service.tries(number, *typos, "0412") == [WRONG] * len(typos) + [OK]
        if n % 50 == 0:
            # As every two seconds.
            service.usage.flush()
    assert alarms() == []


def test_asking_for_numbers_of_nobody(service: Service, alarms: Callable[[], list[str]]) -> None:
    """More than a fifth of a hundred questions: an alarm, and from then on they spend the budget."""
    (number,) = seed.crowd(service.databases, 1)
    for _ in range(60):
        service.directory.find(number, seed.client())
    for n in range(30):
        service.directory.find(f"77{n:05}", seed.client())
    service.usage.flush()
    assert alarms() == []
    results = [result for n in range(80) for result in service.tries(f"88{n:05}", "0412")]
    assert alarms() == ["unknown_numbers", "half_spent", "spent"]
    # The first nine made it a hundred questions.
    assert Counter(results) == {PinResult.UNCHECKED: 9 + AN_HOUR, REFUSED: 80 - 9 - AN_HOUR}


def test_nobody_has_a_pin_that_is_right(service: Service) -> None:
    """However often it is tried: an unknown number stays unknown, and a patron without PIN is told so."""
    seed.store(service.databases, seed.patron(), pin=None)
    for number, said in (("12345", PinResult.NONE_ISSUED), ("9876543", PinResult.UNCHECKED)):
        assert service.tries(number, *(str(n) for n in range(25))) == [said] * 25
    assert service.directory.find("9876543", seed.client()).standing is Standing.UNKNOWN


def stop(service: Service, number: str = "12345") -> None:
    """Twenty wrong PINs."""
    for n in range(20):
        service.tries(number, f"9{n:03}")
        service.wait(hours=1)
    assert service.tries(number, "0412", "0412", client="self-check") == [LOCKED, LOCKED]


def test_a_stop_ends_with_another_pin_only(service: Service, alarms: Callable[[], list[str]]) -> None:
    """Not with time, and not with the same PIN under a new pepper."""
    seed.store(service.databases, seed.patron())
    stop(service)
    assert alarms() == ["patron_stopped"]
    service.wait(days=40)
    assert service.tries("12345", "0412") == [LOCKED]
    for other, pin, said in (([bytes(32)], "0412", LOCKED), ([bytes(32)], "0501", OK)):
        vault = PinVault([*other, seed.PEPPER], seed.CHEAP)
        renewed = update(patrons).values(pin_key=vault.key_id, pin_digest=vault.digest(1, pin))
        with service.databases.writer.begin() as connection:
            connection.execute(renewed)
        directory = seed.directory(service.databases, now=service.clock, vault=vault)
        assert directory.authenticate("12345", pin, seed.client()).pin is said


def test_a_right_pin_forgets_the_guesses(service: Service) -> None:
    """Nineteen wrong ones through one client and a right one through another: there are twenty again."""
    seed.store(service.databases, seed.patron())
    for n in range(19):
        service.tries("12345", f"9{n:03}")
        service.wait(hours=1)
    assert service.tries("12345", "0412", client="self-check") == [OK]
    stop(service)


def test_a_known_patron_signs_in_without_a_write(service: Service) -> None:
    """One select, and no transaction; the day of it is written again after a week."""
    seed.store(service.databases, seed.patron())
    service.known(["12345"], "vendor")
    counter = Service(service.databases, service.clock)
    assert counter.tries("12345", "0412") == [OK]
    assert not counter.usage._waiting.right
    service.wait(days=8)
    assert counter.tries("12345", "0412") == [OK]
    assert list(counter.usage._waiting.right.values()) == [False]
