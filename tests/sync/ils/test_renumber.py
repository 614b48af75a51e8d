"""Renumbered patrons in the ILS: by what number it knew them, and what it is told."""

from pathlib import Path

import pytest
from sqlalchemy import update

from access_service.opting_out import Given, Office
from access_service.settings import load
from access_service.storage.engine import Databases
from access_service.storage.ils import AccountState
from access_service.storage.tables import ils_accounts
from sync import ils, renumber
from sync.order import auditor
from tests.sync.ils.model import ModelIls, Row
from tests.sync.ils.test_extract import Library
from tests.sync.ils.test_load import delivered
from tests.sync.ils.test_load import ils as csv_ils
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils
from tests.sync.test_renumber import templated


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    districts = dict(load(Path("config")).districts)
    return Nights(databases, tmp_path, districts, ils=csv_ils(tmp_path / "ils"))


def told(nights: Nights, *, whole: bool = False) -> dict[str, list[dict[str, str]]]:
    ils.load(ils.loading_of(nights.job(None)), nights.folder / "spool", whole=whole)
    return delivered(nights)


class ByNumber(ModelIls):
    """One that has no other way to know an account."""

    def _find(self, row: Row) -> dict[str, str] | None:
        return next((account for account in self.accounts if account["barcode"] == row["barcode"]), None)

    def _renumber(self, row: Row) -> None:
        if found := self._find({"barcode": row["old_barcode"]}):
            assert not self._find(row)
            found["barcode"] = row["barcode"]

    @property
    def numbers(self) -> dict[str, str]:
        return {account["student"]: account["barcode"] for account in self.accounts}


def taken(nights: Nights, model: ByNumber, times: int) -> None:
    """What came, a load after the other, each so many times."""
    files: dict[str, list[tuple[str, bytes]]] = {}
    for file in sorted((nights.folder / "ils").iterdir()):
        files.setdefault(file.name[: len("demo-000001")], []).append((file.name, file.read_bytes()))
        file.unlink()
    for one in files.values():
        for _ in range(times):
            model.load(one)


def test_a_renumbering_is_told_and_taken_back(nights: Nights) -> None:
    """With the former number and nothing else; an undo is told as well."""
    nights.night(pupils(20))
    delivered(nights)
    templated(nights, "8{student_number}")
    run_id, _ = renumber.renumber(nights.job(None), "a test")
    ((name, rows),) = told(nights).items()
    assert name == "demo-000002-1-renumber.csv" and len(rows) == 20
    assert rows[0] == {"barcode": "80000001", "student": "1", "old_barcode": "290000001"}
    assert not told(nights)
    renumber.back(nights.job(None), run_id, "no")
    ((_, rows),) = told(nights).items()
    assert rows[0] == {"barcode": "290000001", "student": "1", "old_barcode": "80000001"}


def test_what_was_not_delivered_is_no_number_that_the_ils_knows(nights: Nights) -> None:
    """A load that is late still has the numbers of its day, and the next one renumbers; undone before, nothing."""
    (nights.folder / "ils").rmdir()
    nights.night(pupils(3))
    templated(nights, "8{student_number}")
    run_id, _ = renumber.renumber(nights.job(None), "a test")
    (nights.folder / "ils").mkdir()
    found = told(nights)
    assert list(found) == ["demo-000001-2-create.csv", "demo-000002-1-renumber.csv"]
    assert found["demo-000001-2-create.csv"][0]["barcode"] == "290000001"
    back = renumber.back(nights.job(None), run_id, "no")
    renumber.back(nights.job(None), back.run_id, "yes")
    assert not told(nights)


def test_everybody_is_told_of_with_the_new_number(nights: Nights) -> None:
    """The renumbering comes first, and everything else under the number that it gives."""
    nights.night(pupils(3))
    delivered(nights)
    templated(nights, "8{student_number}")
    renumber.renumber(nights.job(None), "a test")
    found = told(nights, whole=True)
    assert [name.split("-")[3].removesuffix(".csv") for name in found] == ["renumber", "update"]
    assert {row["barcode"] for rows in found.values() for row in rows} == {"80000001", "80000002", "80000003"}


def test_who_waits_for_a_number_and_leaves_expires_under_the_one_there_is(nights: Nights) -> None:
    """Staff have taken the account whose number it is; the end is told once, of no other account."""
    one, other, *others = pupils(20)
    nights.night([one, other, *others])
    delivered(nights)
    with nights.databases.writer.begin() as connection:
        theirs = update(ils_accounts).where(ils_accounts.c.number == "290000002")
        connection.execute(theirs.values(state=AccountState.THEIRS.value))
    one, other = one.moved(number="0000002"), other.moved(number="0000001")
    nights.night([one, other, *others])
    renumber.renumber(nights.job(None), "a test")
    assert not told(nights)
    nights.night([one.moved(status="tobedeleted"), other, *others])
    ((name, (row,)),) = delivered(nights).items()
    assert name.endswith("-4-expire.csv") and row["barcode"] == "290000001"
    assert not told(nights)


@pytest.mark.parametrize(("times", "whole"), [(1, False), (3, True)])
def test_numbers_that_pass_on(nights: Nights, times: int, *, whole: bool) -> None:
    """Two swap theirs, three have the next one's, and a newcomer has one that is free by then: no account is ever taken
    for another one, though the ILS knows them by number alone and each load comes several times."""
    model = ByNumber()
    students = pupils(20)
    nights.night(students)
    taken(nights, model, times)
    numbers = ["0000002", "0000001", "0000004", "0000005", "0000050"]
    moved = [p.moved(number=n) for p, n in zip(students, numbers, strict=False)] + students[5:]
    nights.night(moved)
    run_id, found = renumber.renumber(nights.job(None), "a test")
    assert len(found.moves) == 5
    # Not told yet: with the newcomer's.
    night_of(nights, [*moved, pupils(1, first=3)[0].moved(source_id="new")])
    if whole:
        ils.load(ils.loading_of(nights.job(None)), nights.folder / "spool", whole=True)
    taken(nights, model, times)
    want = {str(n): f"29{n:07}" for n in range(6, 21)}
    want |= {str(n): f"29{number}" for n, number in enumerate(numbers, start=1)} | {"21": "290000003"}
    assert model.numbers == want
    renumber.back(nights.job(None), run_id, "no")
    ils.load(ils.loading_of(nights.job(None)), nights.folder / "spool", whole=whole)
    taken(nights, model, times)
    with nights.databases.reader.connect() as connection:
        rows = connection.exec_driver_sql("SELECT patron_id, library_number FROM patrons").fetchall()
    assert model.numbers == {str(row[0]): row[1] for row in rows}


def night_of(nights: Nights, students: list[Pupil]) -> None:
    assert nights.night(students).facts["counts"]["create"] == 1


def test_a_number_that_another_account_keeps_is_waited_for(nights: Nights) -> None:
    """Who cannot be told of keeps the number in the ILS, and whose it is now is kept back until that is mended."""
    nights.ils = csv_ils(nights.folder / "ils", branches=["MAPLE"])
    one, two, *others = pupils(20)
    nights.night([one, two, *others])
    delivered(nights)
    nights.night([one.moved(number="0000002"), two.moved(number="0000050", school="102"), *others])
    renumber.renumber(nights.job(None), "a test")
    assert not told(nights)
    nights.ils = csv_ils(nights.folder / "ils")
    found = told(nights)
    assert [len(rows) for name, rows in found.items() if "renumber" in name] == [2, 1]


def test_who_opts_out_after_it_expires_under_the_number_that_the_ils_has(nights: Nights) -> None:
    """It was not told of another one."""
    nights.night(pupils(3))
    delivered(nights)
    templated(nights, "8{student_number}")
    renumber.renumber(nights.job(None), "a test")
    Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"]).add(
        [Given("80000002", None)], "a form"
    )
    found = told(nights)
    assert [row["barcode"] for row in found["demo-000002-4-expire.csv"]] == ["290000002"]


def test_a_renumbering_that_the_ils_did_not_take_is_told_again(databases: Databases, tmp_path: Path) -> None:
    """It is not staff's because the ILS has it under the number before; one that staff renumbered is."""
    library = Library(Nights(databases, tmp_path, dict(load(Path("config")).districts)))
    students = pupils(16)
    library.night(students)
    library.night(students)
    templated(library.nights, "8{student_number}")
    renumber.renumber(library.nights.job(None), "a test")
    library.nights.night(students)
    library.load()
    library.account("80000003")["barcode"] = "290000003"
    library.account("80000004")["barcode"] = "555"
    library.export()
    report = library.night(students)
    assert "1 refused" in " ".join(report.facts["ils_extract"]["lines"])
    library.night(students)
    accounts = library.accounts()
    assert accounts["80000003"] == ("held", None) and accounts["80000004"] == ("theirs", "renumbered in the ILS")
    assert library.account("80000003")["student"] == "3"
