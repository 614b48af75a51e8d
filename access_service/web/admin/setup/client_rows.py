"""What a page shows of each client: what it may ask, how much it asked today, and what raised an alarm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from access_service.admitting import mark_of, print_of
from access_service.clients import differing, has_key
from access_service.domain.client import Client
from access_service.domain.traffic import DAY, Alarm, Traffic
from access_service.storage import clients, traffic
from access_service.web.admin.office import Office, who

ALARMS = {
    Alarm.HALF_SPENT: "half of its wrong PINs are spent",
    Alarm.SPENT: "its wrong PINs are spent, and new patrons are refused",
    Alarm.UNKNOWN_NUMBERS: "it asks of many numbers that are nobody's",
    Alarm.MANY_LOCKS: "it locks many patrons",
    Alarm.KNOWN_PATRONS: "many wrong PINs of patrons it knows",
    Alarm.PATRON_STOPPED: "a PIN was guessed at until none was tried any more",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A client, its counts of today, and the last day (UTC) on which it asked. `whole`: it is about no district that
    the person signed in may not see; of another they learn no counts and change nothing."""

    client: Client
    key: str | None
    today: Traffic | None
    seen: date | None

    @property
    def whole(self) -> bool:
        return all(map(who().sees, self.client.districts))

    @property
    def alarms(self) -> list[str]:
        return [ALARMS[alarm] for alarm in self.today.raised] if self.today else []

    @property
    def seen_as(self) -> str:
        return print_of(self.client)

    @property
    def key_mark(self) -> str:
        return mark_of(self.key)

    @property
    def has_key(self) -> bool:
        return has_key(self.client)

    @property
    def options(self) -> list[str]:
        return [f"{key}={value}" for key, value in differing(self.client.options)]


def listed(office: Office) -> Mapping[str, Row]:
    """The clients that are about a district that the person signed in may see, by name."""
    now = int(office.now().timestamp())
    with office.databases.reader.connect() as connection:
        found, counts = clients.active(connection), traffic.everyone(connection, now)
        days = traffic.last_days(connection)
    rows = (Row(c, key, counts.get(c.name), _day(days.get(c.name, 0))) for key, c in found)
    return {row.client.name: row for row in rows if any(map(who().sees, row.client.districts))}


def _day(since_1970: int) -> date | None:
    return datetime.fromtimestamp(since_1970 * DAY, UTC).date() if since_1970 else None
