"""The database goes away under a run, and is back a moment later."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.commands import Commands
from tests.consistency import consistent, same
from tests.place import Place
from tests.postgres import PostgresServer
from tests.sync.rosters import package, pupils

SEED = 4


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that nobody else needs, as careful as it is by default."""
    with TemporaryDirectory(prefix="postgres-") as folder, PostgresServer(Path(folder)) as server:
        yield server


def settled(place: Place) -> dict[str, list[str]]:
    with place.nights() as nights, nights.databases.reader.connect() as connection:
        consistent(connection)
        return same(connection)


def test_a_restart_of_the_database_under_a_run(tmp_path: Path, commands: Commands, own_server: PostgresServer) -> None:
    """Cut off at random moments, a run ends in one line, all of it or nothing is there, and the next one completes."""
    place, chance = Place(tmp_path, commands, own_server.new_database()), random.Random(SEED)  # noqa: S311
    place.edit("[calendar]", "[limits]\ncreates_count = 3000\n\n[calendar]")
    assert place.day("upgrade-db").code == 0
    began = time.monotonic()
    assert place.sync("run", "demo", "--file", package(tmp_path / "0.zip", pupils(500))).code == 0
    usual, broken = time.monotonic() - began, 0
    for turn in range(1, 6):
        before, file = settled(place), package(tmp_path / f"{turn}.zip", pupils(500 + 500 * turn))
        running = place.start("sync", "run", "demo", "--file", file)
        time.sleep(chance.uniform(0, usual))
        own_server.restart()
        ended = running.wait()
        if ended.code:
            assert ended.refused().startswith("database: "), ended
            assert settled(place) == before
            broken += 1
        again = place.sync("run", "demo", "--file", file, "--json")
        assert again.code == 0 and again.json["outcome"] in {"applied", "same_file"}
        assert len(place.stored()["patrons"]) == 500 + 500 * turn
        settled(place)
    assert broken, f"seed {SEED}: none of the runs was disturbed"
