"""Tell people of a district's nights: note what there is to tell, then try each way until it was heard."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from access_service.errors import OperatorError
from access_service.settings import District, Settings
from access_service.storage import notices, runs
from access_service.storage.engine import Databases, database_errors
from access_service.storage.notices import Way
from access_service.storage.runs import GOOD_NIGHTS, HOLDS, Outcome
from sync.notify.events import Situation, due
from sync.notify.mail import send
from sync.notify.message import Message, compose, trial
from sync.notify.trouble import NotToldError
from sync.notify.webhook import post

ENDED = (*GOOD_NIGHTS, *HOLDS, Outcome.DISCARDED, Outcome.FAILED)
# Seconds before each try; then the next run or tick tries again, but not before this. Ticks of the schedule are ten
# minutes apart, or some milliseconds less.
WAITS = (0, 1, 4)
AGAIN_AFTER = timedelta(minutes=9)


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one way: where it went, or by `error` why it did not."""

    district: str
    way: Way
    heard: str = ""
    error: str = ""

    def __str__(self) -> str:
        return f"{self.district}: {self.way} " + (f"not sent: {self.error}" if self.error else f"sent {self.heard}")


@dataclass(frozen=True, slots=True)
class Teller:
    """How a district is told things now. `sleep` waits between two tries."""

    settings: Settings
    district: District
    now: datetime
    sleep: Callable[[float], None] = time.sleep

    @property
    def ways(self) -> list[Way]:
        has = {Way.MAIL: self.district.notify.to, Way.WEBHOOK: self.district.notify.webhook}
        return [way for way in Way if has[way]]

    def by(self, way: Way, message: Message, to: Sequence[str] = ()) -> Told:
        """Try a few times where that can help; by mail `to` others than those who hear of nights."""
        error = ""
        for wait in WAITS:
            self.sleep(wait)
            try:
                return Told(self.district.code, way, self._once(way, message, to))
            except NotToldError as trouble:
                error = str(trouble)
                if not trouble.passing:
                    break
            except OperatorError as trouble:
                error = str(trouble)
                break
        return Told(self.district.code, way, error=error)

    def _once(self, way: Way, message: Message, to: Sequence[str]) -> str:
        if way is Way.WEBHOOK:
            return post(self.district.notify.webhook, message, self.now)
        if not (mail := self.settings.service.mail):
            raise OperatorError("no mail server is set; [mail] in service.toml should name one")
        return send(mail, to or self.district.notify.to, message, self.now)


def tell(settings: Settings, databases: Databases, code: str, now: datetime) -> list[Told]:
    """Tell what people do not know yet of a district: by each way once a day and event at most, and again what nobody
    heard. Errors: StorageError, ConfigError; those of sending are in the answer."""
    teller = Teller(settings, settings.district(code), now)
    if not teller.ways:
        return []
    with database_errors():
        _note(teller, databases)
        with databases.reader.connect() as connection:
            waiting = notices.waiting(connection, code, now)
        return [told for way in teller.ways if way in waiting and (told := _deliver(teller, databases, way))]


def try_out(settings: Settings, code: str, now: datetime) -> Iterator[Told]:
    """Send a test by each way that a district has."""
    teller = Teller(settings, settings.district(code), now, sleep=lambda _: None)
    for way in teller.ways:
        yield teller.by(way, trial(teller.district, now))


def _note(teller: Teller, databases: Databases) -> None:
    code = teller.district.code
    with databases.reader.connect() as connection:
        newest, good = (runs.latest(connection, code, outcomes) for outcomes in (ENDED, GOOD_NIGHTS))
        known = notices.of(connection, code)
    news = list(due(Situation(teller.district, teller.now, newest, good, known)))
    noted = {(each.way, each.news.event, each.news.day) for each in known}
    for way in teller.ways:
        if fresh := [each for each in news if (way, each.event, each.day) not in noted]:
            with databases.writer.begin() as connection:
                notices.keep(connection, code, way, fresh, teller.now)


def _deliver(teller: Teller, databases: Databases, way: Way) -> Told | None:
    with databases.writer.begin() as connection:
        waiting = notices.claim(connection, teller.district.code, way, teller.now, teller.now + AGAIN_AFTER)
    if not waiting:
        return None
    told = teller.by(way, compose(teller.district, waiting, teller.now))
    if told.heard:
        with databases.writer.begin() as connection:
            notices.told(connection, waiting, teller.now)
    return told
