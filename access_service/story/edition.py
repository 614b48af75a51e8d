"""The figures of a day: counted once, kept, and the same for everybody who asks on it, wherever."""

from datetime import date, datetime

from access_service.settings import District
from access_service.storage import story
from access_service.storage.engine import Databases, database_errors, day_transaction, snapshot
from access_service.story.telling import Figures, as_json, from_json


def of_today(databases: Databases, district: District, now: datetime, *, again: bool = False) -> Figures:
    """What is published of a district today; counted now if nobody asked before, or to count `again`. StorageError."""
    today = now.astimezone(district.zone).date()
    with database_errors():
        stands = _stands(databases, district.code, today)
        found = from_json(stands) if stands and not again else None
        if found:
            return found
        if stands:
            # Or another version of this program wrote it.
            with day_transaction(databases.reader) as connection:
                story.withdraw(connection, district.code, today, stands)
        return _publish(databases, district, now, today)


def _stands(databases: Databases, code: str, today: date) -> str | None:
    with databases.reader.connect() as connection:
        return story.published(connection, code, today).get(today)


def _publish(databases: Databases, district: District, now: datetime, today: date) -> Figures:
    # numpy takes a while to import, and most processes never count.
    from access_service.story.figures import figures  # noqa: PLC0415

    with snapshot(databases) as connection:
        counted = figures(connection, district, now)
    with day_transaction(databases.reader) as connection:
        story.publish(connection, district.code, today, as_json(counted))
    # Somebody else may have been first.
    return from_json(_stands(databases, district.code, today) or "{}") or counted
