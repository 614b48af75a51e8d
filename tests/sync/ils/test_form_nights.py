"""Nights that tell an ILS by a format that is no CSV."""

import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from access_service.ils import FormatName, Ils
from access_service.opting_out import Given, Office
from access_service.settings import load
from access_service.storage.engine import Databases
from sync.order import auditor
from tests.sync.ils.golden import ils_of
from tests.sync.nights import Nights
from tests.sync.rosters import pupils


@pytest.fixture(params=[FormatName.SYMPHONY, FormatName.ALMA, FormatName.FOLIO])
def nights(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Nights:
    folder = tmp_path / "ils"
    folder.mkdir()
    raw = ils_of(request.param).model_dump()
    own = {**raw, "branches": [], "patron_types": [], "delivery": {"to": "folder", "folder": folder}}
    own["symphony"] = own["symphony"] and {**own["symphony"], "profiles": {"STU-ELEM": "ELEM"}}
    return Nights(databases, tmp_path, dict(load(Path("config")).districts), ils=Ils.model_validate(own))


def delivered(nights: Nights) -> dict[str, str]:
    """What lies in the ILS's folder by the ends of the names; it is emptied."""
    found = {}
    for file in sorted((nights.folder / "ils").iterdir()):
        if file.suffix == ".zip":
            with zipfile.ZipFile(file) as archive:
                content = b"".join(map(archive.read, archive.namelist())).decode()
        else:
            content = file.read_text(encoding="utf-8")
        found[file.name.removeprefix("demo-")] = content
        file.unlink()
    return found


def test_a_life_in_an_ils(nights: Nights) -> None:
    """Made, renamed, and expired when they opted out; a file for staff is named in the night's line."""
    assert nights.ils
    nights.night(pupils(3))
    ((name, made),) = delivered(nights).items()
    assert name.startswith("000001-2-create") and all(f"Family{n}" in made for n in (1, 2, 3))

    one, *others = pupils(3)
    nights.night([one.moved(family="Núñez"), *others])
    ((name, changed),) = delivered(nights).items()
    assert name.startswith("000002-3-update") and "Núñez" in changed and "290000001" in changed
    assert "290000002" not in changed

    office = Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])
    office.add([Given("290000002", None)], "a form")
    report = nights.night([one.moved(family="Núñez"), *others])
    ((name, ended),) = delivered(nights).items()
    yesterday = nights.now.date() - timedelta(days=1)
    assert "290000002" in ended and "Family2" not in ended
    assert f"{yesterday:%Y%m%d}" in ended or yesterday.isoformat() in ended
    by_hand = nights.ils.format is not FormatName.SYMPHONY
    assert by_hand == ("for staff to do: demo-000003-4-expire-by-hand.csv" in report.facts["ils_load"]["text"])
