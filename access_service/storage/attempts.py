"""PINs tried of a patron, at one client and at all of them.

`hold` reads a row, makes it where there is none, and keeps others from it until the transaction ends.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, text

from access_service.domain.guessing import GOOD_DAYS, AtClient, Everywhere
from access_service.domain.traffic import DAY

BATCH = 500
# A number of nobody is forgotten after two days, a failure at a client after as long as a right PIN counts.
NOBODY_DAYS = 2


class Good(NamedTuple):
    """A right PIN of a patron at a client."""

    patron_id: int
    client: str


_OWN = ", ".join(AtClient.__dataclass_fields__)
_HOLD = text(f"""
    INSERT INTO day.attempts (patron_id, client, failures, locked_until, wrong_mark)
    VALUES (:patron_id, :client, 0, 0, :nothing)
    ON CONFLICT (patron_id, client) DO UPDATE SET failures = attempts.failures RETURNING {_OWN}
""")  # noqa: S608 - built from names of columns only
_KEEP = text("""
    UPDATE day.attempts SET failures = :failures, locked_until = :locked_until, wrong_mark = :wrong_mark,
        tried_hour = :tried_hour, paid = :paid WHERE patron_id = :patron_id AND client = :client
""")
_TOTAL = ", ".join(Everywhere.__dataclass_fields__)
_HOLD_TOTAL = text(f"""
    INSERT INTO day.guesses (patron_id, guesses, pin_key, pin, tried_day) VALUES (:patron_id, 0, '', :nothing, 0)
    ON CONFLICT (patron_id) DO UPDATE SET guesses = guesses.guesses RETURNING {_TOTAL}
""")  # noqa: S608 - as above
_KEEP_TOTAL = text("""
    UPDATE day.guesses SET guesses = :guesses, pin_key = :pin_key, pin = :pin, tried_day = :tried_day
    WHERE patron_id = :patron_id
""")
_RIGHT = text("""
    UPDATE day.attempts SET failures = 0, locked_until = 0, wrong_mark = :nothing, paid = 0
    WHERE patron_id = :patron_id AND client = :client
""")
_RIGHT_TOTAL = text("UPDATE day.guesses SET guesses = 0 WHERE patron_id = :patron_id")
_GOOD = text("""
    INSERT INTO day.attempts (patron_id, client, failures, locked_until, wrong_mark, good_day)
    VALUES (:patron_id, :client, 0, 0, :nothing, :day)
    ON CONFLICT (patron_id, client) DO UPDATE SET good_day = excluded.good_day
""")
_READ = text(f"SELECT {_OWN} FROM day.attempts WHERE patron_id = :patron_id AND client = :client")  # noqa: S608
_READ_TOTAL = text(f"SELECT {_TOTAL} FROM day.guesses WHERE patron_id = :patron_id")  # noqa: S608


def hold(connection: Connection, patron_id: int, client: str) -> tuple[Everywhere, AtClient]:
    """What stands of a patron, everywhere and at a client."""
    key = {"patron_id": patron_id, "nothing": b""}
    total = connection.execute(_HOLD_TOTAL, key).one()
    return Everywhere(*total), AtClient(*connection.execute(_HOLD, {**key, "client": client}).one())


def keep(connection: Connection, patron_id: int, client: str, everywhere: Everywhere, own: AtClient) -> None:
    """Write what is held, but for the day of the last right PIN."""
    connection.execute(_KEEP_TOTAL, {**asdict(everywhere), "patron_id": patron_id})
    connection.execute(_KEEP, {**asdict(own), "patron_id": patron_id, "client": client})


def right(connection: Connection, patron_id: int, client: str) -> None:
    """Forget the failures at a client, and the guesses everywhere."""
    key = {"patron_id": patron_id, "client": client, "nothing": b""}
    connection.execute(_RIGHT_TOTAL, key)
    connection.execute(_RIGHT, key)


def good(connection: Connection, found: Iterable[Good], day: int) -> None:
    """These had a right PIN, on a day since 1970. In order: unsorted, two workers would deadlock PostgreSQL."""
    if rows := [{**each._asdict(), "day": day, "nothing": b""} for each in sorted(found)]:
        connection.execute(_GOOD, rows)


def read(connection: Connection, patron_id: int, client: str) -> AtClient | None:
    """What stands at a client."""
    row = connection.execute(_READ, {"patron_id": patron_id, "client": client}).one_or_none()
    return AtClient(*row) if row else None


def guessed(connection: Connection, patron_id: int) -> int:
    """Wrong PINs at all clients since the last right one."""
    row = connection.execute(_READ_TOTAL, {"patron_id": patron_id}).one_or_none()
    return Everywhere(*row).guesses if row else 0


def failed_at(connection: Connection, client: str) -> list[int]:
    """Who has wrong PINs at a client since the last right one."""
    return list(connection.execute(_FAILED, {"client": client}).scalars())


def unlock(connection: Connection, patron_ids: Sequence[int]) -> int:
    """Forget the wrong PINs of these, at all clients; says of how many there were any. The day of the last right PIN
    stays."""
    unlocked: set[int] = set()
    for start in range(0, len(patron_ids), BATCH):
        ids = {"ids": patron_ids[start : start + BATCH]}
        # In this order, as the throttle has it.
        for statement in (_UNLOCK_TOTAL, _UNLOCK):
            unlocked.update(connection.execute(statement, {**ids, "nothing": b""}).scalars())
    return sum(patron_id > 0 for patron_id in unlocked)


def age(connection: Connection, now: int) -> int:
    """Let go of what nobody needs any more: says how many rows. What was guessed of a patron stays."""
    today = now // DAY
    own = {"good": today - GOOD_DAYS, "tried": (today - GOOD_DAYS) * 24, "nobody": (today - NOBODY_DAYS) * 24}
    total = {"nobody": today - NOBODY_DAYS}
    return connection.execute(_AGE_OWN, own).rowcount + connection.execute(_AGE_TOTAL, total).rowcount


_FAILED = text("SELECT patron_id FROM day.attempts WHERE client = :client AND failures > 0 ORDER BY patron_id")
_UNLOCK_TOTAL = text(
    "UPDATE day.guesses SET guesses = 0 WHERE guesses > 0 AND patron_id IN :ids RETURNING patron_id"
).bindparams(bindparam("ids", expanding=True))
_UNLOCK = text("""
    UPDATE day.attempts SET failures = 0, locked_until = 0, wrong_mark = :nothing, paid = 0
    WHERE failures > 0 AND patron_id IN :ids RETURNING patron_id
""").bindparams(bindparam("ids", expanding=True))
_AGE_OWN = text("""
    DELETE FROM day.attempts
    WHERE (good_day < :good AND tried_hour < :tried) OR (patron_id < 0 AND tried_hour < :nobody)
""")
_AGE_TOTAL = text("DELETE FROM day.guesses WHERE tried_day < :nobody AND (patron_id < 0 OR guesses = 0)")
