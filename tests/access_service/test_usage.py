from datetime import date
from threading import Thread
from typing import Any

from sqlalchemy import ColumnElement, select

from access_service.domain.student import Role
from access_service.storage.engine import Databases
from access_service.storage.tables import months, patron_use, refusals, usage
from access_service.usage import UsageCounter
from tests.access_service import seed

MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)


class Today:
    """A calendar that a test turns."""

    day = MONDAY

    def __call__(self) -> date:
        return self.day


def stored(databases: Databases) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    with databases.reader.connect() as connection:
        counts = [tuple(row) for row in connection.execute(select(usage).order_by(*usage.primary_key))]
        days = [tuple(row) for row in connection.execute(select(patron_use).order_by(patron_use.c.patron_id))]
    return counts, days


def test_sign_ins_are_counted_and_patrons_are_not_followed(databases: Databases) -> None:
    """By day, school, grade and client a count; by patron the first and the last day and nothing else."""
    today = Today()
    counter = UsageCounter(databases.reader, today)
    for client in ("vendor", "vendor", "ils"):
        counter.count(seed.patron(1), client)
    counter.count(seed.patron(2, grade="04"), "vendor")
    counter.flush()
    today.day = TUESDAY
    counter.count(seed.patron(1), "vendor")
    counter.flush()
    assert stored(databases) == (
        [
            (MONDAY, "demo", "101", "03", "ils", 1),
            (MONDAY, "demo", "101", "03", "vendor", 2),
            (MONDAY, "demo", "101", "04", "vendor", 1),
            (TUESDAY, "demo", "101", "03", "vendor", 1),
        ],
        [(1, MONDAY, TUESDAY), (2, MONDAY, MONDAY)],
    )


def test_two_workers_add_up(databases: Databases) -> None:
    """Counts of several processes over one database are added, never overwritten."""
    workers = [UsageCounter(databases.reader, Today()) for _ in range(2)]
    for _ in range(3):
        for worker in workers:
            worker.count(seed.patron(), "vendor")
            worker.flush()
    assert stored(databases)[0] == [(MONDAY, "demo", "101", "03", "vendor", 6)]


def test_stopping_writes_what_is_left(databases: Databases) -> None:
    """Nothing counted is lost when a worker ends."""
    counter = UsageCounter(databases.reader, Today())
    counter.start()
    counter.count(seed.patron(), "vendor")
    counter.stop()
    assert stored(databases)[0] == [(MONDAY, "demo", "101", "03", "vendor", 1)]


def test_what_cannot_be_written_stays_counted(databases: Databases) -> None:
    """While the table is away sign-ins go on; all are written when it is back."""
    counter = UsageCounter(databases.reader, Today())
    with databases.reader.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE day.usage RENAME TO gone")
    for _ in range(2):
        counter.count(seed.patron(), "vendor")
        counter.flush()
    with databases.reader.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE day.gone RENAME TO usage")
    counter.flush()
    counts, days = stored(databases)
    assert counts == [(MONDAY, "demo", "101", "03", "vendor", 2)]
    assert days == [(1, MONDAY, MONDAY)]


def counted(databases: Databases, *columns: ColumnElement[Any]) -> list[tuple[Any, ...]]:
    with databases.reader.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def test_a_patron_counts_once_a_month(databases: Databases) -> None:
    """Whatever worker writes it, however often they come: where they were at the first sign-in of the month, and as new
    in the month of their first one."""
    today = Today()
    workers = [UsageCounter(databases.reader, today) for _ in range(2)]
    for day, school in ((MONDAY, "101"), (TUESDAY, "102"), (date(2026, 12, 1), "102")):
        today.day = day
        for worker in workers:
            worker.count(seed.patron(1, school=school), "vendor")
            worker.count(seed.patron(2, role=Role.EDUCATOR, grade=""), "vendor")
            worker.flush()
    workers[0].count(seed.patron(3, school="102"), "vendor")
    # Late by a month: that is over.
    today.day = MONDAY
    workers[1].count(seed.patron(1), "vendor")
    for worker in workers:
        worker.flush()
    november, december = date(2026, 11, 1), date(2026, 12, 1)
    assert counted(databases, *months.c) == [
        (november, "demo", "101", "", 1, 1),
        (november, "demo", "101", "03", 1, 1),
        (december, "demo", "101", "", 1, 0),
        (december, "demo", "102", "03", 2, 1),
    ]


def test_months_are_exact_under_two_writers(databases: Databases) -> None:
    """Two workers that write the same patrons at once count each of them once."""
    first = [UsageCounter(databases.reader, Today()) for _ in range(2)]
    for worker in first:
        for patron_id in range(1, 301):
            worker.count(seed.patron(patron_id), "vendor")
    threads = [Thread(target=worker.flush) for worker in first]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(databases, months.c.active, months.c.first_time) == [(300, 300)]


def test_refused_sign_ins_are_counted_by_reason(databases: Databases) -> None:
    """By district and what was the matter; of a number that is nobody's by the one district that the client serves.
    Questions without a PIN, right PINs and test cards are none."""
    seed.store(databases, seed.patron(1))
    seed.store(databases, seed.patron(2, "7654321", expires=MONDAY))
    seed.store(databases, seed.patron(3, "7654322", role=Role.TEST_CARD))
    counter = seed.usage_counter(databases)
    both = seed.settings(seed.district(), seed.district("other", "39{student_number}"))
    directory = seed.directory(databases, both, usage=counter)
    for number, pin in (("0012345", "0412"), ("0012345", "1"), ("0012345", "2"), ("0012345", ""), ("7654321", "0412")):
        directory.authenticate(number, pin, seed.client())
    directory.authenticate("7654322", "9", seed.client())
    directory.authenticate("9999999", "9", seed.client())
    directory.authenticate("9999999", "9", seed.client(districts=frozenset({"demo", "other"})))
    directory.find("9999999", seed.client())
    counter.flush()
    assert counted(databases, refusals.c.district, refusals.c.reason, refusals.c.refused) == [
        ("", "unknown", 1),
        ("demo", "expired", 1),
        ("demo", "missing", 1),
        ("demo", "unknown", 1),
        ("demo", "wrong", 2),
    ]
    assert sum(n for (n,) in counted(databases, usage.c.sign_ins)) == 1
