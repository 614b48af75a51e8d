"""The year's nights as the program runs them, each with what should have become of it."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from access_service import desk
from access_service.desk import Conversion
from access_service.errors import OperatorError
from access_service.settings import District
from access_service.storage import freezes
from access_service.storage.engine import Databases, snapshot
from access_service.storage.freezes import Order
from access_service.storage.tables import patrons
from sync import holds, job
from sync.order import auditor
from sync.report import Report
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.server import Login, RosterServer, host_key
from tests.sync.nights import Nights
from tests.year import story
from tests.year.picture import Point
from tests.year.promises import Card, Promises
from tests.year.story import Maple

CODE, SIZE = "maple", 5000
MAPLE = Path(__file__).with_name("maple.toml")
AT = time(8, tzinfo=UTC)
FULL_CARD = date(2029, 6, 30)


@dataclass(frozen=True)
class Told:
    """What the program said of a run."""

    outcome: str
    findings: tuple[str, ...]
    text: str
    season: str = "term"
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class YearNight:
    """A night: what the program said, the cards it left, and those that there should be. `counts` are the promised
    ones, or None where nothing was to be applied; `changed` are those whose card is another than the night before."""

    today: date
    told: tuple[Told, ...]
    counts: Counter[str] | None
    found: Mapping[str, Card]
    promised: Mapping[str, Card]
    changed: list[str]
    nights: Nights

    @property
    def point(self) -> Point:
        """Of what was found, for the picture."""
        presence = Counter(card.presence for card in self.found.values() if card.works(self.today))
        return Point(
            self.today,
            self.told[-1].season,
            tuple(told.outcome for told in self.told),
            works=presence.total(),
            listed=presence["present"],
            absent=presence["absent"],
            graduated=presence["graduated"],
            left=sum(1 for card in self.found.values() if card.presence == "left"),
        )


class Year:
    """An installation that lives through the year, night by night."""

    def __init__(self, databases: Databases, folder: Path, size: int = SIZE) -> None:
        district = District.model_validate(tomllib.loads(MAPLE.read_text(encoding="utf-8")))
        self._nights = Nights(databases, folder, {CODE: district})
        self._folder, self._size = folder, size
        self._maple, self._promises = Maple(size), Promises()

    def nights(self) -> Iterator[YearNight]:
        days = (story.FIRST_NIGHT + timedelta(weeks=n // 5, days=n % 5) for n in range(story.NIGHTS))
        for today in days:
            self._nights.now = datetime.combine(today, AT)
            listed, exits = self._maple.pass_day(today)
            self._by_hand(today)
            people = [*listed.values(), *exits.values()]
            counts, before = None, dict(self._promises.cards)
            match today:
                case story.HALF_A_FILE:
                    told = [self._run(story.write(self._folder / "night", today, people, [Oddity.HALF_FILE]))]
                case story.NEIGHBOURS_FILE:
                    wrong = story.neighbours(today, self._size)
                    told = [self._run(story.write(self._folder / "night", today, wrong))]
                    self._discard()
                case story.NO_FILE:
                    told = [self._without_file()]
                case _:
                    told = [self._run(story.write(self._folder / "night", today, people))]
                    if today == story.SCHOOL_CLOSES:
                        told.append(self._approve())
                    counts = self._promises.accept(today, listed, exits)
            promised = dict(self._promises.cards)
            changed = [each for each, card in promised.items() if before.get(each) != card]
            yield YearNight(today, tuple(told), counts, self._found(), promised, changed, self._nights)

    def _run(self, file: Path) -> Told:
        return _told(job.run(self._nights.job(file, CODE)))

    def _without_file(self) -> Told:
        """The district's server, with nothing on it."""
        offered = self._folder / "outgoing"
        offered.mkdir()
        with (
            RosterServer(offered, host_key(self._folder / "key"), Login("library", "synthetic")) as server,
            pytest.MonkeyPatch.context() as secrets,
        ):
            secrets.setenv(f"SFTP_PASSWORD_{CODE.upper()}", "synthetic")
            self._nights.configure(CODE, feed={"port": server.port, "host_keys": (server.fingerprint,)})
            try:
                job.run(self._nights.job(None, CODE))
            except OperatorError as error:
                return Told("failed", (), str(error))
        raise AssertionError("a night without a file did not fail")

    def _held(self) -> int:
        (held,) = holds.standing(self._nights.settings(), self._nights.databases)
        return held.run_id

    def _approve(self) -> Told:
        reason = "Birch Elementary has closed; the board's letter of 12 December"
        return _told(holds.approve(self._nights.job(None, CODE), self._held(), reason))

    def _discard(self) -> None:
        holds.discard(self._nights.job(None, CODE), self._held(), "the file of Oak County, sent by mistake")

    def _by_hand(self, today: date) -> None:
        """What people do before the night."""
        nights = self._nights
        order = Order(CODE, "a test", nights.now, today, "tornado")
        if today == story.TORNADO:
            with nights.databases.writer.begin() as connection:
                freezes.freeze(connection, order, None)
        elif today == story.THAW:
            with nights.databases.writer.begin() as connection:
                freezes.thaw(connection, order)
        elif today == story.DESK_DAY:
            found = [each for each, card in self._promises.cards.items() if card.presence == "graduated"]
            for each in found[: story.BECOMES_FULL_CARD]:
                self._convert(each)

    def _convert(self, source_id: str) -> None:
        nights = self._nights
        with snapshot(nights.databases) as connection:
            asked = select(patrons.c.patron_id).where(patrons.c.source_id == source_id)
            patron_id = connection.execute(asked).scalar_one()
        conversion = Conversion(FULL_CARD, None, "came with a passport")
        desk.convert(nights.databases, auditor(nights.job(None, CODE)), nights.districts[CODE], patron_id, conversion)
        self._promises.convert(source_id, FULL_CARD)

    def _found(self) -> dict[str, Card]:
        with snapshot(self._nights.databases) as connection:
            columns = [patrons.c[name] for name in ("source_id", *Card.__dataclass_fields__)]
            return {each: Card(*facts) for each, *facts in connection.execute(select(*columns))}


def _told(report: Report) -> Told:
    findings = tuple(dict.fromkeys(reason.finding.value for reason in report.reasons))
    season = report.facts.get("calendar", "term")
    return Told(report.outcome.value, findings, report.as_text(), season, report.facts.get("counts", {}))
