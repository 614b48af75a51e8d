"""What the ILS says while a load is under way, of two districts at once, or of a day that is yet to come."""

import os
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import select

from access_service.domain.access import Standing
from access_service.errors import OperatorError
from access_service.opting_out import Given, Office
from access_service.settings import load
from access_service.storage.engine import Databases
from access_service.storage.tables import ils_accounts
from sync import ils
from sync.alone import alone
from sync.order import auditor
from tests.sync.ils.test_extract import MANY, STUDENTS, Library
from tests.sync.nights import Nights
from tests.sync.rosters import pupils


@pytest.fixture
def library(databases: Databases, tmp_path: Path) -> Library:
    return Library(Nights(databases, tmp_path, dict(load(Path("config")).districts)))


def _killed(*_: object) -> None:
    raise OperatorError("killed")


def test_a_load_that_came_and_was_not_noted_is_not_the_work_of_staff(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night was killed between the delivery and its note: the ILS has what we do not know that we told it."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    moved = [STUDENTS[0].moved(school="102"), *STUDENTS[1:]]
    with monkeypatch.context() as patch:
        patch.setattr(import_module("sync.ils.load"), "acknowledge", _killed)
        library.night(moved)
    assert library.account("290000001")["home"] == "RIVER"
    library.night(moved)
    with library.nights.databases.reader.connect() as connection:
        assert set(connection.execute(select(ils_accounts.c.theirs)).scalars()) == {"[]"}
    library.night([STUDENTS[0], *STUDENTS[1:]])
    assert library.account("290000001")["home"] == "MAPLE"


def test_a_file_of_a_day_to_come_is_refused(library: Library) -> None:
    """The ILS's clock is wrong: every later file would be older, and this one would speak of loads to come."""
    library.night(STUDENTS)
    with pytest.raises(OperatorError, match="clock"):
        ils.take(library.reading(), library.export(hours=36))


@pytest.mark.parametrize("hours", [0, 36])
def test_rejects_of_one_who_opts_out_or_of_a_day_to_come(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Whose account goes while they are read is passed over; a file ahead of our clock would hide those after it."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    rejects = {"folder": tmp_path / "out", "pattern": "rejects-*", "line": r"^(?P<number>\d+): (?P<reason>.*)"}
    library = Library(nights, extract=None, rejects=rejects)
    nights.night(STUDENTS)
    path = tmp_path / "out" / "rejects-1"
    path.write_text("290000002: bad PIN\n290000003: of FAMILY3, Given3 a bad PIN\n")
    nights.now += timedelta(days=1)
    written = (nights.now + timedelta(hours=hours)).timestamp()
    os.utime(path, (written, written))
    office = Office(databases, auditor(nights.job(None)), nights.districts["demo"])

    def opting_out() -> None:
        office.add([Given("290000002", None)], "a form")

    monkeypatch.setattr(import_module("sync.ils.rejects"), "_refused", _after(opting_out))
    facts = ils.heard(library.reading())
    states = {number: state for number, (state, _) in library.accounts().items()}
    if hours:
        assert "clocks" in facts["rejects"]["refused"] and set(states.values()) == {"sent"}
    else:
        assert "290000002" not in states and library.accounts()["290000003"] == ("refused", "of …, … a bad PIN")


def test_an_account_whose_update_was_refused_is_not_made_again(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load that is given up makes those anew that it would have made, and no others: a PIN would be set twice."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    rejects = {"folder": tmp_path / "out", "pattern": "rejects-*", "line": r"^(?P<number>\d+): (?P<reason>.*)"}
    library = Library(nights, extract=None, rejects=rejects)
    nights.night(STUDENTS)
    library.load()
    moved = [STUDENTS[0].moved(given="Ada"), *STUDENTS[1:]]
    nights.night(moved)
    library.load()
    path = tmp_path / "out" / "rejects-1"
    path.write_text("290000001: bad name\n")
    written = (nights.now + timedelta(hours=12)).timestamp()
    os.utime(path, (written, written))
    library.folders[0].rmdir()
    nights.night([*moved, *pupils(1, first=9)])
    library.folders[0].mkdir()
    monkeypatch.setenv("SYNC_KEY", "8b" * 32)
    ils.load(ils.loading_of(nights.job(None)), tmp_path / "spool", whole=True)
    made = {name: text for name, text in library.load().items() if "create" in name}
    assert [line.split(",")[0] for text in made.values() for line in text.splitlines()[1:]] == ["290000009"]


def _after(first: Callable[[], None]) -> Callable[..., object]:
    """What refuses an account, once `first` was done."""
    refuse = import_module("sync.ils.rejects")._refused
    todo = [first]

    def refusing(*facts: object) -> object:
        while todo:
            todo.pop()()
        return refuse(*facts)

    return refusing


def test_of_an_account_that_is_staffs_no_load_tells_the_end(library: Library) -> None:
    """Staff made a full card of it, or deleted it: who opts out then takes neither away nor makes it again."""
    library.night(MANY)
    library.night(MANY)
    library.account("290000001")["type"] = "STAFF"
    library.ils.accounts.remove(library.account("290000002"))
    library.export()
    library.night(MANY)
    office = Office(library.nights.databases, auditor(library.nights.job(None)), library.nights.districts["demo"])
    office.add([Given("290000001", None), Given("290000002", None)], "a form")
    library.nights.night(MANY)
    assert library.load() == {}


def test_two_districts_can_have_one_student_number(databases: Databases, tmp_path: Path) -> None:
    """A key of a district finds no account of the other one: none is renumbered, blocked, or taken for it."""
    demo = load(Path("config")).districts["demo"]
    raw = demo.model_dump()
    raw["district"]["code"] = "other"
    raw["rules"]["library_number"] = "28{student_number}"
    raw["examples"] = [each for each in raw["examples"] if each["excluded"]]
    nights = Nights(databases, tmp_path, {"demo": demo, "other": type(demo).model_validate(raw)})
    library = Library(nights, key="student_number")
    library.night(STUDENTS)
    others = [pupil.moved(source_id=f"o{pupil.source_id}") for pupil in STUDENTS]
    report = nights.night([*others, *pupils(1, first=9)], "other")
    assert report.facts["ils_load"]["kept_back"] == len(others)
    library.load()
    assert sorted(each["barcode"] for each in library.ils.accounts) == [
        *("280000009", "290000001", "290000002", "290000003", "290000004")
    ]
    library.account("290000001")["block"] = "b"
    library.export()
    library.night(STUDENTS)
    assert [nights.find(number).standing for number in ("290000001", "280000001")] == [
        Standing.BLOCKED,
        Standing.ACTIVE,
    ]


def test_the_nights_of_two_districts_begin_in_one_minute(library: Library) -> None:
    """One reads the file, and the other one says so: nothing was refused."""
    library.night(STUDENTS)
    library.nights.now += timedelta(days=1)
    reading = library.reading()
    with alone(reading.databases, reading.settings.service.spool, "ils extract", "busy"):
        facts = ils.heard(reading)
    assert facts["well"] and facts["lines"] == ["extract is being read by another night"]
    assert "rows" in ils.heard(reading)["extract"]


def test_another_librarys_file_is_refused_after_a_late_load_too(library: Library) -> None:
    """Of a night with a late load no count of our accounts is left to compare with."""
    many = pupils(24)
    library.nights.night(many)
    library.load()
    library.folders[0].rmdir()
    library.nights.night([*many, *pupils(1, first=50)])
    library.folders[0].mkdir()
    library.export()
    library.nights.night(many)
    library.load()
    library.nights.now += timedelta(days=1)
    with pytest.raises(OperatorError, match="the right library's"):
        ils.take(library.reading(), library.export(0, lambda text: text.replace("2900000", "3900000")))
    assert {state for state, _ in library.accounts().values()} == {"sent"}


def test_who_opts_out_while_the_extract_is_read_is_not_stored(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is read the next time; of the family there is no card, and no account."""
    library.night(STUDENTS)
    library.nights.now += timedelta(days=1)
    office = Office(library.nights.databases, auditor(library.nights.job(None)), library.nights.districts["demo"])
    module = import_module("sync.ils.extract")
    blocks = module._blocks

    def opting_out(*facts: object) -> object:
        office.add([Given("290000002", None)], "a form")
        return blocks(*facts)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_blocks", opting_out)
        with pytest.raises(OperatorError, match="opted out"):
            ils.take(library.reading())
    assert "290000002" not in str(library.everything())
    ils.take(library.reading())
    assert "290000002" not in str(library.everything())


def test_a_patron_type_that_the_loader_keeps_is_nobodys_conversion(library: Library) -> None:
    """The library gave a type another name, and its loader lets no update change types: listed, told again, ours."""
    older = [MANY[0].moved(grade="07"), *MANY[1:]]
    for _ in range(2):
        library.night(older)
    nights = library.nights
    agreed = nights.districts["demo"].model_dump()
    types = [
        {**band, "patron_type": band["patron_type"].replace("TEEN", "HIGH")} for band in agreed["rules"]["patron_types"]
    ]
    examples = [each for each in agreed["examples"] if each["excluded"]]
    nights.configure(rules={"patron_types": types}, examples=examples)
    nights.night(older)
    library.load()
    library.account("290000001")["type"] = "STU-TEEN"
    library.adults[0]["home"] = "RIVER"
    library.export()
    nights.night(older)
    assert library.accounts()["290000001"] == ("sent", "the ILS did not take: patron_type")
