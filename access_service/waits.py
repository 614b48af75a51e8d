"""What keeps a patron's right PIN from being looked at: a stop everywhere, a lock at a client, its spent budget."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from access_service.directory import stands
from access_service.domain.client import Client
from access_service.domain.guessing import AtClient, pays
from access_service.domain.patron import PatronRecord
from access_service.settings import District
from access_service.storage import attempts, clients, traffic

STOPPED = "find out who guesses; `access-service unlock` lets the PIN be tried again, and so does a new one"
SPENT = (
    "find out who guesses at {}; the right PIN works there when the time above has come, or at once after"
    " `access-service unlock --client {} --reason ...`"
)


@dataclass(frozen=True, slots=True)
class Waits:
    """Of one patron at a time, as things stand at `now` (aware UTC)."""

    connection: Connection
    districts: Mapping[str, District]
    now: datetime

    def guessed(self, record: PatronRecord) -> Iterator[str]:
        if guessed := attempts.guessed(self.connection, record.patron_id):
            most = stands(record, self.districts)
            stopped = ": no PIN is tried any more, anywhere" if guessed >= most else ""
            yield f"{guessed} of {most} wrong PINs since the last right one, at all clients together{stopped}"

    def step(self, record: PatronRecord) -> str:
        """What it takes until the right PIN is looked at again; "" where it is."""
        if self.stopped(record):
            return STOPPED
        if locked := self.locked(record):
            return f"wait {locked} seconds, then the right PIN works again"
        spent = self.spent_at(record)
        return SPENT.format(", ".join(spent), spent[0]) if spent else ""

    def stopped(self, record: PatronRecord) -> bool:
        """Whether no PIN is tried any more, anywhere."""
        return attempts.guessed(self.connection, record.patron_id) >= stands(record, self.districts)

    def locked(self, record: PatronRecord) -> int:
        """Seconds until no client refuses the right PIN any more; 0 where none does."""
        asking = (client.name for _, client in clients.active(self.connection))
        failed = (attempts.read(self.connection, record.patron_id, name) for name in asking)
        return max([0, *(each.locked_until - int(self.now.timestamp()) for each in failed if each)])

    def spent_at(self, record: PatronRecord) -> list[str]:
        """The clients whose budget of wrong PINs is spent, for this patron too."""
        return [client.name for _, client in clients.active(self.connection) if self._spent(record, client)]

    def at(self, record: PatronRecord, client: Client) -> str:
        """What the clients' own counts add to what this one is told; "" where nothing waits there."""
        return self._failures(record, client) + self._refusal(record, client)

    def _failures(self, record: PatronRecord, client: Client) -> str:
        failed = attempts.read(self.connection, record.patron_id, client.name)
        if failed is None or not failed.failures:
            return ""
        locked = failed.locked_until - int(self.now.timestamp())
        return f"; {failed.failures} wrong PINs" + (f", locked for {locked} s more" if locked > 0 else "")

    def _refusal(self, record: PatronRecord, client: Client) -> str:
        until = self._spent(record, client)
        if not until:
            return ""
        return f"; no PIN is tried until {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC: its budget is spent"

    def _spent(self, record: PatronRecord, client: Client) -> int:
        """Until when a client may try no PIN of this patron, who is new to it; 0 where it may."""
        now = int(self.now.timestamp())
        own = attempts.read(self.connection, record.patron_id, client.name) or AtClient()
        asked = traffic.everyone(self.connection, now).get(client.name)
        new = record.patron.district in client.districts and pays(own, now)
        return asked.spent_until if asked and new else 0
