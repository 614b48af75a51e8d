from datetime import date

from sqlalchemy import select

from access_service.storage.engine import Databases
from access_service.storage.tables import patron_use, usage
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
