"""Accounts of staff, their sessions, and sign-ins that failed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Row, case, delete, insert, select, text, update

from access_service.domain.staff import StaffMember, StaffRole
from access_service.storage.tables import staff, staff_failures, staff_sessions

NAME_LENGTH = 63
_FAILED = text(
    "INSERT INTO day.staff_failures (about, failures, locked_until, at) VALUES (:about, 1, 0, :now)"
    " ON CONFLICT (about) DO UPDATE SET at = excluded.at, failures = CASE"
    # Who tries while nobody is let in makes nobody wait longer.
    " WHEN staff_failures.locked_until > excluded.at THEN staff_failures.failures"
    " WHEN staff_failures.at < :forgotten THEN 1 ELSE staff_failures.failures + 1 END"
    " RETURNING failures, locked_until"
)


@dataclass(frozen=True, slots=True)
class Account:
    """A local account. `totp` is sealed under pepper `key_id`; b"" where there is no second factor."""

    member: StaffMember
    password_hash: str = field(repr=False)
    totp: bytes = field(repr=False)
    key_id: str
    totp_step: int
    ended: bool


class Session(NamedTuple):
    """Somebody signed in. Times are seconds since 1970, UTC."""

    token_sha256: str
    member: StaffMember
    began: int
    seen: int


class Failures(NamedTuple):
    """Sign-ins that failed since one that did not, and until when nobody is let in, in seconds since 1970."""

    failures: int
    locked_until: int


def add(connection: Connection, account: Account, now: datetime) -> None:
    """Store a new account; a name that was ever given is not given again."""
    connection.execute(insert(staff).values(**_facts(account.member), **_secrets(account), created_at=now))


def set_secrets(connection: Connection, account: Account) -> None:
    """Give an account another password and second factor."""
    connection.execute(update(staff).where(staff.c.name == account.member.name).values(**_secrets(account)))


def get(connection: Connection, name: str) -> Account | None:
    row = connection.execute(select(staff).where(staff.c.name == name)).one_or_none()
    return _account(row) if row else None


def everyone(connection: Connection) -> Sequence[Account]:
    """All accounts that are not ended, by name."""
    rows = connection.execute(select(staff).where(staff.c.ended_at.is_(None)).order_by(staff.c.name))
    return [_account(row) for row in rows]


def end(connection: Connection, name: str, now: datetime) -> bool:
    """End an account; False where there is none."""
    mine = staff.c.name == name, staff.c.ended_at.is_(None)
    return connection.execute(update(staff).where(*mine).values(ended_at=now)).rowcount == 1


def use_step(connection: Connection, name: str, step: int) -> bool:
    """Take the second factor's code of a step; False where it, or a newer one, was used."""
    unused = update(staff).where(staff.c.name == name, staff.c.totp_step < step).values(totp_step=step)
    return connection.execute(unused).rowcount == 1


def begin_session(connection: Connection, session: Session) -> None:
    facts = _facts(session.member)
    values = {"token_sha256": session.token_sha256, "began": session.began, "seen": session.seen}
    connection.execute(insert(staff_sessions).values(**facts, **values))


def session(connection: Connection, token_sha256: str) -> Session | None:
    row = connection.execute(select(staff_sessions).where(staff_sessions.c.token_sha256 == token_sha256)).one_or_none()
    return Session(row.token_sha256, _member(row), row.began, row.seen) if row else None


def touch(connection: Connection, token_sha256: str, now: int) -> None:
    """A session was used."""
    mine = staff_sessions.c.token_sha256 == token_sha256
    connection.execute(update(staff_sessions).where(mine).values(seen=now))


def end_session(connection: Connection, token_sha256: str) -> None:
    connection.execute(delete(staff_sessions).where(staff_sessions.c.token_sha256 == token_sha256))


def end_sessions(connection: Connection, name: str) -> None:
    """End all of a person's."""
    connection.execute(delete(staff_sessions).where(staff_sessions.c.name == name))


def end_old_sessions(connection: Connection, began_before: int) -> None:
    connection.execute(delete(staff_sessions).where(staff_sessions.c.began < began_before))


def failed(connection: Connection, about: bytes, now: int, forgotten: int) -> Failures:
    """Count a try before it is looked at; older ones count no more where the newest was before `forgotten`."""
    row = connection.execute(_FAILED, {"about": about, "now": now, "forgotten": forgotten}).one()
    return Failures(row.failures, row.locked_until)


def lock(connection: Connection, about: bytes, until: int) -> None:
    mine = staff_failures.c.about == about
    connection.execute(update(staff_failures).where(mine).values(locked_until=until))


def forgive(connection: Connection, about: bytes) -> int:
    """A sign-in was right: what was tried before counts no more. How many tries that were, with this one."""
    mine = delete(staff_failures).where(staff_failures.c.about == about)
    return connection.execute(mine.returning(staff_failures.c.failures)).scalar() or 0


def take_back(connection: Connection, about: bytes, tries: int, now: int) -> None:
    """The try of `now` was right: so many count no more, and nobody waits for it; for a later one they do."""
    counted, mine = staff_failures.c.failures, staff_failures.c.about == about
    waits = case((staff_failures.c.at > now, staff_failures.c.locked_until), else_=0)
    without = {"failures": case((counted > tries, counted - tries), else_=0), "locked_until": waits}
    connection.execute(update(staff_failures).where(mine).values(without))


def forget_failures(connection: Connection, before: int) -> None:
    """Those of which nobody waits for anything any more."""
    over = staff_failures.c.at < before, staff_failures.c.locked_until < before
    connection.execute(delete(staff_failures).where(*over))


def _facts(member: StaffMember) -> dict[str, str]:
    return {"name": member.name, "role": member.role, "districts": json.dumps(sorted(member.districts))}


def _secrets(account: Account) -> dict[str, str | bytes | int]:
    return {
        "password_hash": account.password_hash,
        "totp": account.totp,
        "key_id": account.key_id,
        "totp_step": account.totp_step,
    }


def _member(row: Row[tuple[object, ...]]) -> StaffMember:
    return StaffMember(row.name, StaffRole(row.role), frozenset(json.loads(row.districts)))


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(_member(row), row.password_hash, row.totp, row.key_id, row.totp_step, row.ended_at is not None)
