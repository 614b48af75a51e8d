"""A run that is stopped after its transaction has been applied, and says so."""

from pathlib import Path

import pytest

from access_service.settings import load
from access_service.storage import runs
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from tests.consistency import consistent
from tests.sync.nights import Nights
from tests.sync.rosters import pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """An installation before its first night."""
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def stop(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("undone", [False, True])
def test_what_was_applied_never_counts_as_failed(nights: Nights, monkeypatch: pytest.MonkeyPatch, undone: bool) -> None:
    """Ctrl-C or a full disk between the commit and the end of the command: the ledger keeps what happened."""
    first = nights.night(pupils(5))
    with monkeypatch.context() as late:
        late.setattr("sync.apply.rosters.checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            nights.undo(first.run_id) if undone else nights.night(pupils(6))
    with nights.databases.reader.connect() as connection:
        consistent(connection)
        run = runs.get(connection, (first.run_id or 0) + 1)
    assert run is not None and run.outcome is Outcome.APPLIED and run.report["error"] is None
