"""A block of the library is nobody's but the library's: no night, no undo and no approval lifts or makes one."""

from datetime import timedelta
from pathlib import Path

from access_service import notes
from access_service.blocks import BlockDesk
from access_service.domain.access import Standing
from access_service.settings import load
from access_service.storage.engine import Databases
from sync import ageing
from sync.order import auditor
from tests.consistency import consistent
from tests.sync.nights import Nights
from tests.sync.rosters import pupils


def test_no_night_lifts_a_block_and_it_goes_with_the_patron(databases: Databases, tmp_path: Path) -> None:
    """Through a change, its undo, a departure and a return; what was written down goes when the patron is forgotten."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    nights.configure(limits={"removals_percent": 100}, agreement={"undo_days": 20, "forget_days": 30})
    few = pupils(4)
    nights.night(few)
    record = nights.find("0000002").record
    assert record
    by = auditor(nights.job(nights.folder))
    BlockDesk(databases, by, nights.districts["demo"]).block(record, "lost", None)
    notes.add(databases, by, record, "Called twice.")
    moved = nights.night([few[0], few[1].moved(school="102"), *few[2:]])
    assert nights.find("0000002").standing is Standing.BLOCKED
    nights.undo(moved.run_id)
    assert nights.find("0000002").standing is Standing.BLOCKED
    nights.night([few[0], few[1].moved(status="tobedeleted"), *few[2:]])
    nights.night(few)
    assert nights.find("0000002").standing is Standing.BLOCKED
    nights.night([few[0], few[1].moved(status="tobedeleted"), *few[2:]])
    with databases.reader.connect() as connection:
        consistent(connection)
    nights.now += timedelta(days=31)
    ageing.age_alone(nights.job(None))
    with databases.reader.connect() as connection:
        left = [connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() for table in ("blocks", "notes")]  # noqa: S608
    assert left == [0, 0]
