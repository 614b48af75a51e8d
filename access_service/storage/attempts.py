"""Failed PINs of a patron at a client. One statement each, so that no two workers can count past each other."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, text

from access_service.storage.patrons import Attempts
from access_service.storage.tables import attempts

FREE_FAILURES = 5
FIRST_LOCK_SECONDS = 30
LONGEST_LOCK_SECONDS = 3600


def lock_seconds(failures: int) -> int:
    """How long the next try must wait after so many failures: five are free, then 30 s, doubling to an hour."""
    if failures < FREE_FAILURES:
        return 0
    return min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS << min(failures - FREE_FAILURES, 10))


_LOCK_UNTIL = " ".join(
    f"WHEN attempts.failures + 1 = {failures} THEN :now + {lock_seconds(failures)}"
    for failures in range(FREE_FAILURES, FREE_FAILURES + 7)
)
_RECORD = text("""
    INSERT INTO day.attempts (patron_id, client, failures, locked_until, wrong_mark)
    VALUES (:patron_id, :client, 1, 0, :mark) ON CONFLICT (patron_id, client) DO NOTHING RETURNING failures
""")
_RESERVE = text(f"""
    UPDATE day.attempts SET failures = attempts.failures + 1,
        locked_until = CASE WHEN attempts.failures + 1 < {FREE_FAILURES} THEN 0 {_LOCK_UNTIL}
                            ELSE :now + {LONGEST_LOCK_SECONDS} END
    WHERE patron_id = :patron_id AND client = :client AND failures = :expected AND locked_until <= :now
    RETURNING failures
""")  # noqa: S608 - built from the constants above only
_READ = text(
    "SELECT failures, locked_until, wrong_mark FROM day.attempts WHERE patron_id = :patron_id AND client = :client"
)
_CLEAR = text("DELETE FROM day.attempts WHERE patron_id = :patron_id AND client = :client")


def read(connection: Connection, patron_id: int, client: str) -> Attempts | None:
    """The failures that stand now."""
    row = connection.execute(_READ, {"patron_id": patron_id, "client": client}).one_or_none()
    return Attempts(*row) if row else None


def record(connection: Connection, patron_id: int, client: str, mark: bytes) -> bool:
    """Count a first failure; False if another worker counted one meanwhile."""
    facts = {"patron_id": patron_id, "client": client, "mark": mark}
    return connection.execute(_RECORD, facts).one_or_none() is not None


def reserve(connection: Connection, patron_id: int, client: str, expected: Attempts, now: int) -> bool:
    """Count a failure in advance of a check; False if another worker counted one meanwhile or a lock began."""
    facts = {"patron_id": patron_id, "client": client, "expected": expected.failures, "now": now}
    return connection.execute(_RESERVE, facts).one_or_none() is not None


def clear(connection: Connection, patron_id: int, client: str) -> None:
    """Forget all failures."""
    connection.execute(_CLEAR, {"patron_id": patron_id, "client": client})


def forget(connection: Connection, patron_ids: Collection[int]) -> None:
    """Forget all failures of these patrons, at every client."""
    connection.execute(delete(attempts).where(attempts.c.patron_id.in_(patron_ids)))


def mark_wrong(connection: Connection, patron_id: int, client: str, mark: bytes) -> None:
    """Remember the last wrong PIN by its mark, so that an app that keeps sending it counts once."""
    statement = text("UPDATE day.attempts SET wrong_mark = :mark WHERE patron_id = :patron_id AND client = :client")
    connection.execute(statement, {"patron_id": patron_id, "client": client, "mark": mark})
