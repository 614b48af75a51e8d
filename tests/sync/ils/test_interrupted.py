"""A load that ends at any step, by a kill or an error of its own: the next one ends in the same state."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from access_service.settings import load
from access_service.storage import ils as storage
from access_service.storage.engine import Databases
from sync import ils
from tests.sync.ils.model import ModelIls
from tests.sync.ils.test_load import ils as csv_ils
from tests.sync.ils.test_load_invariants import holds_our_patrons, taken
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

OURS = (str(Path(ils.__file__).parent), storage.__file__)
EVERY = 31


class Killed(BaseException):
    """The process is no more."""


@contextmanager
def killed_at(step: int) -> Iterator[list[int]]:
    """End at the so-many-th call or return of the load's own functions; says how many there were."""
    passed = [0]

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event in {"call", "return"} and frame.f_code.co_filename.startswith(OURS):
            passed[0] += 1
            if passed[0] == step:
                raise Killed

    sys.setprofile(watch)
    try:
        yield passed
    except Killed:
        pass
    finally:
        sys.setprofile(None)


# Who is killed closes nothing.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_next_load_ends_in_the_same_state(databases: Databases, tmp_path: Path) -> None:
    """New names, newcomers and leavers in each load, and each ends at another step than the one before."""
    nights, model = Nights(databases, tmp_path, dict(load(Path("config")).districts)), ModelIls()
    folder, ends, step = tmp_path / "ils", 0, 1
    terms = csv_ils(folder)
    while True:
        nights.ils = None
        first, leaver, *others = pupils(5 + step % 3)
        nights.night(
            [first.moved(given=f"Given{step}"), leaver.moved(status="tobedeleted" if step % 2 else ""), *others]
        )
        nights.ils = terms
        loading = ils.loading_of(nights.job(None))
        with killed_at(step) as passed:
            ils.load(loading, tmp_path / "spool")
        model.load(taken(folder))
        if passed[0] < step:
            break
        assert ils.load(loading, tmp_path / "spool").late == ""
        model.load(taken(folder))
        holds_our_patrons(nights, model)
        ends, step = ends + 1, step + EVERY
    assert ends > 10
