"""Each night the ILS is told what it does not know yet: no more, in order, and again where it did not come."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.ils import Ils
from access_service.opting_out import Given, Office
from access_service.settings import load
from access_service.storage.engine import Databases
from sync.ils import UndeliveredError, loading_of, preview
from sync.ils import load as tell
from sync.order import auditor
from tests.sync.ils.model import COLUMNS
from tests.sync.nights import Nights
from tests.sync.rosters import pupils


def ils(folder: Path, **keys: Any) -> Ils:
    """An ILS that takes CSV files in a folder."""
    folder.mkdir(exist_ok=True)
    table = {"format": "csv", "csv": {"columns": COLUMNS}, "delivery": {"to": "folder", "folder": folder}}
    return Ils.model_validate({**table, **keys})


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    districts = dict(load(Path("config")).districts)
    return Nights(databases, tmp_path, districts, ils=ils(tmp_path / "ils"))


def delivered(nights: Nights) -> dict[str, list[dict[str, str]]]:
    """What lies in the ILS's folder, which is emptied."""
    found = {}
    for file in sorted((nights.folder / "ils").iterdir()):
        with file.open(encoding="utf-8", newline="") as text:
            found[file.name] = list(csv.DictReader(text))
        file.unlink()
    return found


def test_a_first_night_makes_everybody(nights: Nights) -> None:
    """All of them in one file for new accounts, and the report says so."""
    report = nights.night(pupils(3))
    (name, rows), *others = delivered(nights).items()
    assert name == "demo-000001-2-create.csv" and not others
    assert [row["barcode"] for row in rows] == ["290000001", "290000002", "290000003"]
    assert all(row["first"] and row["expires"] == "2027-09-15" for row in rows)
    assert report.facts["ils_load"]["counts"]["create"] == len(rows)


def test_a_night_without_changes_tells_nothing(nights: Nights) -> None:
    """No file, and no number is used up."""
    nights.night(pupils(3))
    delivered(nights)
    assert "counts" not in nights.night(pupils(3)).facts["ils_load"]
    assert not delivered(nights)


def test_an_update_says_only_what_changed(nights: Nights) -> None:
    """Another name is told with the number and the key, and nothing else with it."""
    one, *others = pupils(3)
    nights.night([one, *others])
    delivered(nights)
    nights.night([one.moved(given="Zoë"), *others])
    (name, (row,)), *rest = delivered(nights).items()
    assert name == "demo-000002-3-update-given-name.csv" and not rest
    assert set(row) == {"barcode", "student", "first"} and row["first"] == "Zoë"


def test_a_load_that_did_not_come_comes_first_the_next_night(nights: Nights) -> None:
    """The night is done all the same and says that the load is late; the next one delivers it as it was, and then what
    is new."""
    (nights.folder / "ils").rmdir()
    report = nights.night(pupils(3))
    assert report.outcome == "applied" and "no such folder" in report.facts["ils_load"]["late"]
    foreseen = preview(loading_of(nights.job(None)))
    assert foreseen.first.startswith("load 1 of 3 orders") and not any(foreseen.counts.values())
    (nights.folder / "ils").mkdir()
    one, *others = pupils(4)
    nights.night([one.moved(given="Ada"), *others])
    found = delivered(nights)
    assert list(found) == [
        "demo-000001-2-create.csv",
        "demo-000002-2-create.csv",
        "demo-000002-3-update-given-name.csv",
    ]
    assert found["demo-000001-2-create.csv"][0]["first"] != "Ada"


def test_who_leaves_expires(nights: Nights) -> None:
    """With the day before as the last one, and nothing else is told."""
    *others, leaver = pupils(30)
    nights.night([*others, leaver])
    delivered(nights)
    nights.night([*others, leaver.moved(status="tobedeleted")])
    ((row,),) = delivered(nights).values()
    yesterday = nights.now.date() - timedelta(days=1)
    assert (row["barcode"], row["expires"]) == ("290000030", yesterday.isoformat()) and "last" not in row


def test_who_opts_out_expires_and_is_not_named(nights: Nights) -> None:
    """The number and a date, and the ledger forgets the number then."""
    nights.night(pupils(3))
    delivered(nights)
    Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"]).add(
        [Given("290000002", None)], "a form"
    )
    nights.night(pupils(3))
    (name, (row,)), *rest = delivered(nights).items()
    assert name == "demo-000002-4-expire.csv" and not rest
    assert row == {"barcode": "290000002", "expires": (nights.now.date() - timedelta(days=1)).isoformat()}
    nights.night(pupils(3))
    assert not delivered(nights)


def test_what_the_ils_cannot_take_is_kept_back_and_the_rest_goes(nights: Nights) -> None:
    """With the number of accounts in the report, every night until the cause is gone."""
    nights.ils = ils(nights.folder / "ils", branches=["MAPLE"])
    students = [*pupils(2), pupils(1, first=3)[0].moved(school="102")]
    for _ in range(2):
        report = nights.night(students)
        assert report.facts["ils_load"]["kept_back"] == 1
        assert "1 kept back (`roster-sync accounts list` says why)" in report.as_text()
    assert len(delivered(nights)) == 1
    nights.ils = ils(nights.folder / "ils")
    assert "kept_back" not in nights.night(students).facts["ils_load"]
    ((row,),) = delivered(nights).values()
    assert row["barcode"] == "290000003" and row["home"] == "RIVER"


def test_who_leaves_while_kept_back_expires_all_the_same(nights: Nights) -> None:
    """By the number alone, for what else there is to tell the ILS cannot take."""
    *others, leaver = pupils(30)
    nights.night([*others, leaver])
    delivered(nights)
    nights.ils = ils(nights.folder / "ils", branches=["MAPLE"])
    nights.night([*others, leaver.moved(school="102")])
    assert not delivered(nights)
    for told in (["290000030"], []):
        report = nights.night([*others, leaver.moved(school="102", status="tobedeleted")])
        assert [row["barcode"] for rows in delivered(nights).values() for row in rows] == told
        assert report.facts["ils_load"]["kept_back"] == 1
    nights.ils = ils(nights.folder / "ils")
    nights.night([*others, leaver.moved(school="102")])
    ((row,),) = delivered(nights).values()
    assert (row["home"], row["expires"]) == ("RIVER", "2027-09-15")


def test_a_load_of_another_key_is_given_up_by_a_full_one(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then every load says what to type; nobody is lost."""
    (nights.folder / "ils").rmdir()
    nights.night(pupils(2))
    (nights.folder / "ils").mkdir()
    monkeypatch.setenv("SYNC_KEY", "8b" * 32)
    loading = loading_of(nights.job(None))
    with pytest.raises(UndeliveredError, match="load 1 does not open"):
        preview(loading)
    assert preview(loading, whole=True).counts["update"] == 2
    told = tell(loading, nights.folder / "spool")
    assert "load 1 does not open" in told.late and "roster-sync load demo --full" in told.late
    assert not delivered(nights)
    assert tell(loading, nights.folder / "spool", whole=True).late == ""
    assert {name: len(rows) for name, rows in delivered(nights).items()} == {"demo-000002-2-create.csv": 2}


def test_who_opts_out_while_a_load_is_late_is_not_named_by_it(nights: Nights) -> None:
    """Of that child only the number is told, for nobody knows whether the ILS has it."""
    (nights.folder / "ils").rmdir()
    nights.night(pupils(2))
    (nights.folder / "ils").mkdir()
    desk = Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])
    desk.add([Given("290000002", None)], "a form")
    tell(loading_of(nights.job(None)), nights.folder / "spool")
    found = delivered(nights)
    assert [row["barcode"] for row in found["demo-000001-2-create.csv"]] == ["290000001"]
    assert all("last" not in row for name, rows in found.items() if "expire" in name for row in rows)
    assert tell(loading_of(nights.job(None)), nights.folder / "spool").numbers == []
