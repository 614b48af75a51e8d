"""What the story is told from: counts of students and days, and what was published of them. Never who."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, case, delete, false, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from access_service.domain.patron import Presence
from access_service.domain.student import Role
from access_service.storage.runs import Outcome
from access_service.storage.tables import editions, months, patron_use, patrons, refusals, runs

SERVED = (Presence.PRESENT, Presence.ABSENT, Presence.GRADUATED)
# Of the classes of students by use: never, once but not this year, and this year; then of these one more where it was
# this month too, and two where the first time was this year.
NEVER, BEFORE, THIS_YEAR = 0, 1, 2


class Group(NamedTuple):
    school: str
    grade: str
    use: int
    students: int


class Month(NamedTuple):
    """Of a month and a school: who signed in, and who of them for the first time."""

    month: date
    school: str
    active: int
    first_time: int


class Span(NamedTuple):
    """A day by which a story is told, the first days of its month and of its school year, and the day through which a
    card has to be good to be good then."""

    today: date
    month: date
    year: date
    good_on: date


class Night(NamedTuple):
    started_at: datetime
    outcome: Outcome
    undone: bool


def students(connection: Connection, district: str, span: Span) -> list[Group]:
    """Students whose card is good, by school, grade and use."""
    today, month, year, good_on = span
    use = case(
        (patron_use.c.patron_id.is_(None), NEVER),
        (patron_use.c.last_day < year, BEFORE),
        else_=THIS_YEAR
        + case((patron_use.c.last_day >= month, 1), else_=0)
        + case((patron_use.c.first_day >= year, 2), else_=0),
    ).label("use")
    served = and_(
        patrons.c.district == district,
        patrons.c.role == Role.STUDENT,
        patrons.c.presence.in_(SERVED),
        patrons.c.expires >= good_on,
        patrons.c.blocked == false(),
        or_(patrons.c.blocked_until.is_(None), patrons.c.blocked_until < today),
    )
    joined = patrons.outerjoin(patron_use, patron_use.c.patron_id == patrons.c.patron_id)
    statement = select(patrons.c.school, patrons.c.grade, use, func.count()).select_from(joined).where(served)
    return [Group(*row) for row in connection.execute(statement.group_by(patrons.c.school, patrons.c.grade, use))]


def by_month(connection: Connection, district: str, since: date) -> list[Month]:
    """Students' months from one on, by school; educators have no grade."""
    mine = months.c.district == district, months.c.month >= since, months.c.grade != ""
    statement = select(months.c.month, months.c.school, func.sum(months.c.active), func.sum(months.c.first_time))
    grouped = statement.where(*mine).group_by(months.c.month, months.c.school)
    return [Month(month, school, int(active), int(new)) for month, school, active, new in connection.execute(grouped)]


def refused(connection: Connection, district: str, since: date) -> dict[str, int]:
    """Refused sign-ins from a day on, by reason."""
    statement = select(refusals.c.reason, func.sum(refusals.c.refused)).group_by(refusals.c.reason)
    mine = refusals.c.district == district, refusals.c.day >= since
    return {reason: int(number) for reason, number in connection.execute(statement.where(*mine))}


def nights(connection: Connection, district: str, since: datetime) -> Iterator[Night]:
    """Nights that ended, from a moment on; no undo, and nothing that a person changed."""
    ended = runs.c.outcome.not_in([Outcome.RUNNING, Outcome.EDITED]), runs.c.undoes.is_(None)
    mine = runs.c.district == district, runs.c.started_at >= since
    statement = select(runs.c.started_at, runs.c.outcome, runs.c.undone_by).where(*mine, *ended)
    for started_at, outcome, undone_by in connection.execute(statement.order_by(runs.c.run_id)):
        # SQLite keeps no zone; what we store is UTC.
        moment = started_at if started_at.tzinfo else started_at.replace(tzinfo=UTC)
        yield Night(moment, Outcome(outcome), undone_by is not None)


def published(connection: Connection, district: str, since: date) -> dict[date, str]:
    """What was published of a district from a day on, the oldest first."""
    mine = editions.c.district == district, editions.c.day >= since
    statement = select(editions.c.day, editions.c.body).where(*mine).order_by(editions.c.day)
    return {day: body for day, body in connection.execute(statement)}  # noqa: C416 - rows, not pairs


def publish(connection: Connection, district: str, day: date, body: str) -> None:
    """As what is published on a day, unless something is already; the last one of each earlier month stays. On a
    reader, in a transaction of the day."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(editions).values(district=district, day=day, body=body).on_conflict_do_nothing()
    connection.execute(statement)
    mine = editions.c.district == district
    connection.execute(delete(editions).where(mine, editions.c.day >= day.replace(day=1), editions.c.day < day))


def withdraw(connection: Connection, district: str, day: date, body: str) -> None:
    """This is not published any more, so that the day is counted anew."""
    mine = editions.c.district == district, editions.c.day == day, editions.c.body == body
    connection.execute(delete(editions).where(*mine))
