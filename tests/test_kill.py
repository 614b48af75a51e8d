"""kill -9 at random moments: nothing is half done, nothing that was said to be done is lost, the next run completes.

`make kill N=500` does more of it; KILL_SEED is the seed of the moments.
"""

import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import pytest

from access_service.storage import engine
from access_service.storage.engine import snapshot
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.formats import Format
from sync.synthetic.writing import write_roster
from tests.commands import Commands, Ended
from tests.consistency import consistent, same
from tests.offered import offering
from tests.place import Place
from tests.postgres import PostgresServer
from tests.shelved import Shelf
from tests.sync.ils.model import ModelIls, configure

KILLS = int(os.environ.get("KILLS", "50"))
SEED = int(os.environ.get("KILL_SEED", "1"))
STUDENTS = 2000
# Enough pass between these for a tenth to leave and be followed, and more to move.
NIGHTS = (0, 20, 40)
LIMITS = """[limits]
creates_percent = 100
removals_percent = 100
collisions_percent = 100
drift_percent = 100
renamed_percent = 100
group = { removals_percent = 100 }
"""

Settled = dict[str, list[str]]


@dataclass(frozen=True)
class Act:
    """A command that changes what is stored: the night whose roster the district offers, the base on the shelf, what is
    settled before and after, and the seconds at which a phase ends and the next begins when nothing disturbs it."""

    name: str
    night: int
    base: str
    command: tuple[str, ...]
    before: Settled = field(repr=False)
    after: Settled = field(repr=False)
    phases: tuple[float, ...]
    told: list[Any] = field(repr=False)

    def moment(self, chance: random.Random) -> float:
        """In each phase as often as in any other, however short it is."""
        return chance.uniform(*chance.choice(list(pairwise(self.phases))))


class Theatre:
    """An installation, the district's server, and the acts, each played once without a disturbance."""

    def __init__(self, place: Place, outgoing: Path) -> None:
        self.place, self.outgoing = place, outgoing
        self.spool = place.folder / "var/spool"
        self.loads = self.spool / "ils"
        configure(place.config / "service.toml", self.loads)
        self.shelf = Shelf(place.database_url, self.spool, place.folder / "shelf")
        self.rosters = place.folder / "rosters"
        self.rosters.mkdir()
        for night, passed in enumerate(NIGHTS):
            path = self.rosters / f"{night}.zip"
            write_roster(
                path, SyntheticDistrict(datetime.now(UTC).date(), STUDENTS, night=passed), Format.ONEROSTER_1_1
            )
            os.utime(path, (1_700_000_000 + night * 86_400,) * 2)
        self.acts = list(self._rehearse())

    def _rehearse(self) -> Iterator[Act]:
        yield self.rehearsed("first", 0, "empty", "run", "demo")
        self.deliver(1)
        assert self.place.sync("run", "demo").code == 0
        yield self.rehearsed("night", 2, "morning", "run", "demo")
        yield self.rehearsed("undo", 2, "applied", "undo", "3")
        self.shelf.put_back("morning")
        free, none = "creates_percent = 100", "creates_percent = 0\ncreates_count = 0"
        self.place.edit(free, none)
        assert self.place.sync("run", "demo").code == 2
        self.place.edit(none, free)
        yield self.rehearsed("approve", 2, "held", "approve", "3", "--reason", "a test")

    def deliver(self, night: int) -> None:
        """The district offers a night's roster, and no other."""
        for old in self.outgoing.iterdir():
            old.unlink()
        shutil.copy2(self.rosters / f"{night}.zip", self.outgoing)

    def rehearsed(self, name: str, night: int, base: str, *command: str) -> Act:
        self.deliver(night)
        self.shelf.keep(base)
        before, began = self.settled(), time.monotonic()
        ended = self.place.sync(*command, "--json")
        total = time.monotonic() - began
        assert ended.code == 0, ended
        durations = list(json.loads(ended.out)["durations"].values())
        phases = tuple(accumulate(durations, initial=max(0.0, total - sum(durations))))
        # And the last moments, when it has all been written.
        return Act(name, night, base, command, before, self.settled(), (0.0, *phases, 1.1 * total), self.told())

    def told(self) -> list[Any]:
        """What the ILS holds that takes all files there are, but for the keys, which a run that was killed uses up."""
        model = ModelIls()
        model.load((file.name, file.read_bytes()) for file in self.loads.iterdir() if file.suffix == ".csv")
        return [[fact for fact in account if fact[0] != "student"] for account in model.state]

    def settled(self) -> Settled:
        """What runs have settled, once the tables fit together."""
        self.shelf.wait_until_alone()
        databases = engine.connect(self.place.database_url)
        try:
            with snapshot(databases) as connection:
                consistent(connection)
                return same(connection)
        finally:
            databases.dispose()


def stopped(theatre: Theatre, act: Act, after: float, how: signal.Signals) -> Ended:
    running = theatre.place.start("sync", *act.command, "--json")
    time.sleep(after)
    return running.stop(how)


def check_after_a_kill(theatre: Theatre, act: Act, ended: Ended) -> bool:
    """Everything is as before the act or as after it; if it said that it is done, as after it. Which one it is."""
    now = theatre.settled()
    done = now == act.after
    assert done or now == act.before, act.name
    assert done or (ended.code != 0 and '"applied"' not in ended.out), "acknowledged and lost"
    return done


def check_the_end(theatre: Theatre, act: Act, *, done: bool) -> None:
    """The next run ends in the twin's state, and leaves nothing of a roster on this machine."""
    if not done:
        ended = theatre.place.sync(*act.command, "--json")
        assert ended.code == 0 and ended.json["outcome"] == "applied", (act.name, ended)
    assert theatre.settled() == act.after
    assert theatre.place.sync("preview", "demo").code in {0, 2}
    assert theatre.place.sync("load", "demo").code == 0 and theatre.told() == act.told
    left = [path for path in theatre.spool.rglob("*") if path.is_file() and path.parent != theatre.loads]
    assert [path.name for path in left if path.suffix not in {".lock", ".sealed"}] == []


@contextmanager
def playing(place: Place) -> Iterator[Theatre]:
    """The installation's theatre, and the district's server behind it."""
    with offering(place) as outgoing:
        place.edit("[calendar]", f"{LIMITS}\n[calendar]")
        assert place.day("upgrade-db").code == 0
        yield Theatre(place, outgoing)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_kill_9_at_any_moment(kind: str, tmp_path: Path, commands: Commands, request: pytest.FixtureRequest) -> None:
    """Half of the kills on each database: of first nights, later ones, undos and approvals, in every phase of each."""
    url = f"sqlite:///{tmp_path / 'access.db'}"
    if kind == "postgresql":
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = postgres.new_database()
    chance, fates = random.Random(f"{SEED} {kind}"), Counter[str]()  # noqa: S311
    print(f"\nseed {SEED}, {KILLS // 2} kills on {kind}")  # noqa: T201 - with this, and only with this, it can be repeated
    with playing(Place(tmp_path, commands, url)) as stage:
        while sum(fates.values()) < KILLS // 2:
            act = chance.choice(stage.acts)
            stage.shelf.put_back(act.base)
            stage.deliver(act.night)
            done = False
            # Now and then the next run is killed as well, and now and then only asked to end.
            for _ in range(chance.choice((1, 2, 3))):
                how = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM))
                ended = stopped(stage, act, act.moment(chance), how)
                done = check_after_a_kill(stage, act, ended)
                if ended.code == -signal.SIGKILL:
                    fates[f"{act.name}: {'all' if done else 'nothing'} of it"] += 1
                if done:
                    break
            check_the_end(stage, act, done=done)
    print(dict(fates))  # noqa: T201
