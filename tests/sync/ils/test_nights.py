"""Nights with the tables of docs/connect, delivered to a folder."""

import tomllib
from pathlib import Path

import pytest

from access_service.ils import FormatName, Ils
from access_service.settings import load
from access_service.storage.engine import Databases
from tests.sync.ils.golden import PAGES, tables
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

ROWS = {
    FormatName.KOHA: "290000001,{last},RIVER,STU-ELEM,SISID:1",
    FormatName.POLARIS: "7,{last},{first},11,4,290000001,2027-09-15 23:59:59,1,0",
    FormatName.EVERGREEN: "290000001,student-1,{last},{first},STU-ELEM,RIVER,",
}


@pytest.mark.parametrize("name", ROWS)
def test_another_school_comes_as_another_branch(databases: Databases, tmp_path: Path, name: FormatName) -> None:
    """In a file that tells it, and of what else the loader wants what is so already."""
    folder = tmp_path / "ils"
    folder.mkdir()
    table = tomllib.loads(tables(PAGES / f"{name}.md")[0].replace('"STUDENT-K5"', '"STU-ELEM"'))["ils"]
    ils = Ils.model_validate({**table, "delivery": {"to": "folder", "folder": folder}})
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts), ils=ils)
    one, *others = pupils(3)
    nights.night([one, *others])
    (new,) = folder.iterdir()
    assert new.name == "demo-000001-2-create.csv" and len(new.read_text().splitlines()) >= 4
    new.unlink()
    nights.night([one.moved(school="102"), *others])
    (changed,) = folder.iterdir()
    assert changed.name == "demo-000002-3-update-branch.csv"
    assert changed.read_text().splitlines()[-1] == ROWS[name].format(first=one.given, last=one.family)
