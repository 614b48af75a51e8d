"""What the ILS says comes back: cards, blocks, and what staff did there. A bad file changes nothing."""

import csv
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from access_service.domain.access import PinResult, Standing
from access_service.errors import OperatorError
from access_service.ils import Ils
from access_service.opting_out import Given, Office
from access_service.settings import load
from access_service.storage.engine import Databases
from access_service.storage.tables import ils_accounts, ils_cards, metadata, patrons
from sync import ils
from sync.ils import released
from sync.ils.claims import ANOTHER_TYPE
from sync.order import auditor
from sync.report import Report
from tests.sync.ils.model import COLUMNS, ModelIls
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, pupils

FIELDS = ("barcode", "student", "first", "last", "type", "home", "expires", "block", "born")
EXTRACT = {
    "pattern": "patrons-*.csv",
    "columns": {
        "number": "barcode",
        "key": "student",
        "given_name": "first",
        "family_name": "last",
        "patron_type": "type",
        "branch": "home",
        "expires": "expires",
        "blocked": "block",
        "birth_date": "born",
    },
}
STUDENTS = pupils(4)
MANY = pupils(16)


class Library:
    """An ILS beside the nights: it loads what comes, and exports twelve hours later. `adults` are cards of others."""

    def __init__(self, nights: Nights, **keys: Any) -> None:
        self.nights, self.ils = nights, ModelIls()
        self.folders = [nights.folder / name for name in ("ils", "out")]
        for folder in self.folders:
            folder.mkdir()
        self.adults = [{"barcode": f"2123456789{n:04}", "type": "ADULT", "home": "MAIN"} for n in range(20)]
        nights.ils = self.configured(**keys)

    def configured(self, **keys: Any) -> Ils:
        into, out = self.folders
        table = {
            "format": "csv",
            "csv": {"columns": COLUMNS},
            "delivery": {"to": "folder", "folder": into},
            "extract": {"folder": out, **EXTRACT},
        }
        return Ils.model_validate({**table, **keys})

    def account(self, number: str) -> dict[str, str]:
        return next(each for each in self.ils.accounts if each["barcode"] == number)

    def night(self, students: list[Pupil]) -> Report:
        """A night, a load, and an export before the next night."""
        report = self.nights.night(students)
        self.load()
        self.export()
        return report

    def load(self) -> dict[str, str]:
        """What was delivered, as text by name."""
        files = {file.name: file.read_bytes() for file in sorted(self.folders[0].iterdir())}
        self.ils.load(files.items())
        for name in files:
            (self.folders[0] / name).unlink()
        return {name: content.decode() for name, content in files.items()}

    def export(self, hours: float = 12, cut: Callable[[str], str] = str) -> Path:
        path = self.folders[1] / f"patrons-{self.nights.count}.csv"
        with path.open("w", encoding="utf-8", newline="") as text:
            writer = csv.DictWriter(text, FIELDS, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows([*self.ils.accounts, *self.adults])
        path.write_text(cut(path.read_text(encoding="utf-8")), encoding="utf-8")
        written = (self.nights.now + timedelta(hours=hours)).timestamp()
        os.utime(path, (written, written))
        return path

    def reading(self) -> ils.Reading:
        return ils.reading_of(self.nights.job(None))

    def accounts(self) -> dict[str, tuple[str, str | None]]:
        """State and reason by number."""
        columns = ils_accounts.c.number, ils_accounts.c.state, ils_accounts.c.reason
        with self.nights.databases.reader.connect() as connection:
            return {number: (state, reason) for number, state, reason in connection.execute(select(*columns))}

    def release(self, number: str) -> None:
        job = self.nights.job(None)
        released.release(self.nights.databases, auditor(job), "demo", "patron_id", number, "a test's reason")

    def everything(self) -> dict[str, Any]:
        """All that an extract could change."""
        with self.nights.databases.reader.connect() as connection:
            tables = ("ils_accounts", "ils_cards", "patrons")
            return {name: sorted(map(repr, connection.execute(metadata.tables[name].select()))) for name in tables}


@pytest.fixture
def library(databases: Databases, tmp_path: Path) -> Library:
    return Library(Nights(databases, tmp_path, dict(load(Path("config")).districts)))


def said(report: Report) -> str:
    return " ".join(report.facts["ils_extract"]["lines"])


def test_a_year_in_which_staff_have_the_last_word(library: Library) -> None:
    """Loaded, seen, changed by staff and not overwritten, renumbered, converted, deleted: and never made again."""
    library.night(MANY)
    report = library.night(MANY)
    assert "16 held" in said(report) and {state for state, _ in library.accounts().values()} == {"held"}
    one, two, three, four = (library.account(f"2900000{n:02}") for n in range(1, 5))
    one["home"], two["barcode"], three["type"] = "WEST", "21299999999999", "STAFF"
    library.ils.accounts.remove(four)
    library.export()
    library.night(MANY)
    states = library.accounts()
    assert states["290000001"] == ("held", None)
    assert states["290000002"] == ("theirs", "renumbered in the ILS")
    assert states["290000003"] == ("theirs", "converted in the ILS")
    assert states["290000004"] == ("theirs", "gone from the ILS")
    before = [dict(each) for each in library.ils.accounts]
    for _ in range(2):
        library.night([*(pupil.moved(school="102", grade="07") for pupil in MANY[:4]), *MANY[4:]])
    assert library.ils.accounts == [{**before[0], "type": "STU-TEEN"}, *before[1:]]


def test_an_account_that_is_back_is_told_of_again(library: Library) -> None:
    """A file that lacked one in sixteen was not whole, or staff put the account back; not under somebody else's key."""
    library.night(MANY)
    library.night(MANY)
    one, two = (library.account(f"2900000{n:02}") for n in (1, 2))
    library.ils.accounts.remove(one)
    library.ils.accounts.remove(two)
    library.export()
    library.night(MANY)
    assert [library.accounts()[each["barcode"]][0] for each in (one, two)] == ["theirs", "theirs"]
    library.ils.accounts += [one, two | {"student": "another's"}]
    library.export()
    library.night([MANY[0].moved(grade="07"), MANY[1].moved(grade="07"), *MANY[2:]])
    assert library.accounts()["290000001"] == ("sent", None) and library.account("290000001")["type"] == "STU-TEEN"
    assert library.accounts()["290000002"] == ("theirs", "gone from the ILS")


def test_our_key_is_known_behind_its_prefix(databases: Databases, tmp_path: Path) -> None:
    """As the load wrote it; the same characters without the prefix are somebody else's."""
    columns = [{**each, "prefix": "SID-"} if each["field"] == "key" else each for each in COLUMNS]
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    library = Library(nights, csv={"columns": columns})
    library.night(MANY)
    library.night(MANY)
    two, three = (library.account(f"2900000{n:02}") for n in (2, 3))
    assert two["student"] == "SID-2"
    two["barcode"], three["barcode"], three["student"] = "21299999999998", "21299999999999", "3"
    library.export()
    library.night(MANY)
    states = library.accounts()
    assert states["290000002"] == ("theirs", "renumbered in the ILS")
    assert states["290000003"] == ("theirs", "gone from the ILS")


def test_an_account_that_was_left_alone_is_taken_up_again(library: Library) -> None:
    """A person says so: the deleted one is made again, the renumbered gets our number, and staff's field is ours."""
    library.night(MANY)
    library.night(MANY)
    one, two, three = (library.account(f"2900000{n:02}") for n in range(1, 4))
    one["home"], two["barcode"] = "RIVER", "21299999999999"
    library.ils.accounts.remove(three)
    library.export()
    library.night(MANY)
    for number in ("290000001", "290000002", "290000003"):
        library.release(number)
    with pytest.raises(OperatorError, match="is not left alone"):
        library.release("290000004")
    with pytest.raises(OperatorError, match="has this number"):
        library.release("299999999")
    library.night(MANY)
    library.night(MANY)
    assert {state for state, _ in library.accounts().values()} == {"held"}
    assert sorted(each["barcode"] for each in library.ils.accounts) == [f"2900000{n:02}" for n in range(1, 17)]
    assert library.account("290000001")["home"] == "MAPLE"


def test_what_vanished_in_silence_is_told_again(library: Library) -> None:
    """Whoever was sent and is not in the next extract is refused, with the day, and made again until they are."""
    library.nights.night(STUDENTS)
    lost = library.load()
    library.ils.accounts = [each for each in library.ils.accounts if each["barcode"] != "290000002"]
    library.export()
    report = library.night(STUDENTS)
    assert "1 refused" in said(report) and any("create" in name for name in lost)
    assert library.account("290000002")["first"]
    library.night(STUDENTS)
    assert library.accounts()["290000002"] == ("held", None)


def test_a_field_that_the_ils_did_not_take_is_told_again(library: Library) -> None:
    """The loader has another home library for it: refused, by the field, until it has ours."""
    library.nights.night(STUDENTS)
    library.load()
    library.account("290000003")["home"] = "OTHER"
    library.export()
    library.nights.night(STUDENTS)
    assert library.accounts()["290000003"] == ("sent", "the ILS did not take: branch")
    (content,) = library.load().values()
    assert content.splitlines()[1].endswith("MAPLE") and len(content.splitlines()) == 2
    library.export()
    library.night(STUDENTS)
    assert library.accounts()["290000003"] == ("held", None)


def test_an_extract_from_before_the_load_says_nothing_of_it(library: Library) -> None:
    """Nor does one that was written while the ILS may still be loading."""
    library.night(STUDENTS[:2])
    library.nights.night(STUDENTS)
    library.export(hours=5)
    library.load()
    library.nights.night(STUDENTS)
    assert library.accounts()["290000003"] == ("sent", None) and not library.load()


def test_a_block_comes_and_goes(library: Library) -> None:
    """A right PIN of a blocked card is a right PIN and no good standing; the next extract lifts the block."""
    library.night(STUDENTS)
    library.account("290000001")["block"] = "b"
    library.export()
    assert "1 blocked" in said(library.night(STUDENTS))
    answer = library.nights.sign_in("290000001", "0202")
    assert (answer.standing, answer.pin, answer.authenticated) == (Standing.BLOCKED, PinResult.OK, False)
    assert library.nights.sign_in("290000002", "0303").authenticated
    library.account("290000001")["block"] = ""
    library.export()
    assert "1 unblocked" in said(library.night(STUDENTS))
    assert library.nights.sign_in("290000001", "0202").authenticated


def test_a_number_that_is_somebodys_card_is_never_minted(library: Library) -> None:
    """The newcomer gets no card and the reason says so; with another number they do."""
    library.adults[0]["barcode"] = "2900-00003"
    library.night(STUDENTS[:2])
    report = library.night(STUDENTS)
    assert report.facts["exclusions"] == {"number_in_ils": 1}
    assert "number_in_ils: a card of the ILS has the number" in report.facts["excluded_from"]
    assert sorted(each["barcode"] for each in library.ils.accounts) == ["290000001", "290000002", "290000004"]
    assert library.nights.find("290000003").standing is Standing.UNKNOWN


@pytest.mark.parametrize("key", ["student_number", "source_id"])
def test_a_card_with_the_students_own_key_is_taken_up(databases: Databases, tmp_path: Path, key: str) -> None:
    """It becomes the student's account by an update of all that is not told once; it is not made again."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    library = Library(nights, key=key, create_only=["family_name"])
    newcomer = STUDENTS[2]
    own = newcomer.number if key == "student_number" else newcomer.source_id
    library.ils.accounts.append({"barcode": "290000003", "student": own, "last": "Kept", "type": "STU-TEEN"})
    library.night(STUDENTS[:2])
    nights.night(STUDENTS)
    (name,) = (name for name, text in library.load().items() if "290000003" in text)
    assert "-update-" in name and library.account("290000003")["first"] == "Given3"
    assert (library.account("290000003")["last"], library.account("290000003")["home"]) == ("Kept", "MAPLE")
    assert sum(each["barcode"] == "290000003" for each in library.ils.accounts) == 1


def test_a_card_of_somebody_else_is_not_overwritten(library: Library) -> None:
    """Patrons whom we served before the ILS was asked: the load leaves such a number out, until a person says whose."""
    into, _ = library.folders
    into.rmdir()
    library.nights.night(STUDENTS)
    into.mkdir()
    with library.nights.databases.writer.begin() as connection:
        for name in ("ils_loads", "ils_accounts"):
            connection.execute(metadata.tables[name].delete())
    library.adults[0] |= {"barcode": "290000001", "type": "STU-ELEM"}
    library.adults[1] |= {"barcode": "290000002", "student": "2", "type": "STAFF"}
    library.export()
    library.night(STUDENTS)
    states = library.accounts()
    assert states["290000001"] == (
        "kept_back",
        "the number is a card in the ILS that is not known to be this student's",
    )
    assert states["290000002"] == ("kept_back", ANOTHER_TYPE)
    assert sorted(each["barcode"] for each in library.ils.accounts) == ["290000003", "290000004"]
    library.release("290000001")
    library.nights.night(STUDENTS)
    assert [text.splitlines()[1].split(",")[0] for text in library.load().values()] == ["290000001"]


def swapped(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


BAD: list[tuple[str, float, Callable[[str], str]]] = [
    ("is empty", 0, lambda _: ""),
    ("is empty", 0, lambda text: text.splitlines()[0]),
    ("is 40 hours old", -40, str),
    ("is older than the last one", -25, swapped("MAIN", "OTHER")),
    ("has 14 rows, and the last one had 24", 0, lambda text: "".join(text.splitlines(keepends=True)[:15])),
    ("cut short", 0, lambda text: text[:-5]),
    ("the right library's", 0, swapped("29000000", "39000000")),
    ("no column 'barcode'", 0, swapped("barcode", "card")),
    ("is there again", 0, lambda text: text + text.splitlines(keepends=True)[1]),
    ("says the same as the last one", 0, str),
]


def test_a_bad_extract_changes_nothing_and_says_so(library: Library) -> None:
    """Empty, old, older, half, cut, another library's, another file's, a join's, the same again, or none; the night
    goes on."""
    library.night(STUDENTS)
    library.nights.night(STUDENTS)
    library.nights.now += timedelta(hours=12)
    before = library.everything()
    for told, hours, cut in BAD:
        with pytest.raises(OperatorError, match=told):
            ils.take(library.reading(), library.export(hours, cut))
        assert library.everything() == before
    library.folders[1].joinpath("patrons-2.csv").unlink()
    library.folders[1].joinpath("patrons-1.csv").unlink()
    report = library.nights.night(STUDENTS)
    assert report.outcome == "same_students" and "REFUSED" in said(report) and "no file matching" in said(report)
    assert library.everything() == before and not library.load()


def test_a_column_that_says_something_else_makes_nothing_staffs(library: Library) -> None:
    """Nobody converts all students in a day, nor moves them: the export has names in place of codes."""
    library.night(pupils(24))
    library.nights.now += timedelta(days=1)
    for hours, old, new in ((-1, "STU-ELEM", "Students"), (1, "MAPLE", "Maple Street")):
        with pytest.raises(OperatorError, match="staff have changed 24 of our 24 accounts"):
            ils.take(library.reading(), library.export(hours, swapped(old, new)))
        assert {state for state, _ in library.accounts().values()} == {"sent" if hours < 0 else "held"}
        if hours < 0:
            ils.take(library.reading(), library.export(0))


def test_the_same_file_is_read_once(library: Library) -> None:
    """The second district of a night, and who asks by command, find it read; nothing is written for it."""
    library.night(STUDENTS)
    library.nights.night(STUDENTS)
    taken = ils.take(library.reading())
    assert taken.again and "read before" in str(taken)


def test_without_an_extract_nothing_is_asked(databases: Databases, tmp_path: Path) -> None:
    """The report has no line, and no row is written."""
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    library = Library(nights, extract=None)
    report = library.nights.night(STUDENTS)
    assert "ils_extract" not in report.facts and "ILS says" not in report.as_text()
    with databases.reader.connect() as connection:
        assert connection.execute(ils_cards.select()).all() == []
        assert not any(connection.execute(select(patrons.c.blocked)).scalars())


def test_whoever_stops_asking_lifts_the_blocks(library: Library) -> None:
    """Nobody would lift them ever after; the cards go too."""
    library.night(STUDENTS)
    library.account("290000001")["block"] = "b"
    library.export()
    library.night(STUDENTS)
    library.nights.ils = library.configured(extract=None)
    assert library.nights.find("290000001").standing is Standing.BLOCKED
    library.night(STUDENTS)
    assert library.nights.find("290000001").standing is Standing.ACTIVE
    assert library.everything()["ils_cards"] == []


def test_nobody_who_opted_out_and_no_name_is_stored(library: Library) -> None:
    """Of the ILS's cards there are numbers, codes and dates; of one who opted out not even these."""
    library.night(STUDENTS)
    library.night(STUDENTS)
    office = Office(library.nights.databases, auditor(library.nights.job(None)), library.nights.districts["demo"])
    office.add([Given("290000002", None)], "a form")
    for _ in range(2):
        stored = str(library.everything()["ils_cards"])
        assert "290000001" in stored and "290000002" not in stored and "Given" not in stored and "Family" not in stored
        library.night(STUDENTS)


@pytest.mark.parametrize("as_csv", [True, False])
def test_what_the_loader_refused_is_shown_in_its_words(databases: Databases, tmp_path: Path, as_csv: bool) -> None:
    """From a CSV, or a log by a regular expression; told again every night until it is accepted."""
    terms = (
        {"columns": {"number": "Card", "reason": "Why"}} if as_csv else {"line": r"^(?P<number>\d+): (?P<reason>.*)"}
    )
    rejects = {"folder": tmp_path / "out", "pattern": "rejects-*", **terms}
    nights = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    library = Library(nights, rejects=rejects)
    for count in range(2):
        library.nights.night(STUDENTS)
        assert "290000002" in str(library.load())
        library.ils.accounts = [each for each in library.ils.accounts if each["barcode"] != "290000002"]
        text = f"Card,Why\n290000002,bad\x07 PIN{'!' * 300}\n" if as_csv else "begun\n290000002: bad\x07 PIN\nended\n"
        path = tmp_path / "out" / f"rejects-{count}"
        path.write_text(text)
        written = (nights.now + timedelta(hours=12)).timestamp()
        os.utime(path, (written, written))
        library.export()
        if not count:
            continue
        library.nights.now += timedelta(days=1)
        ils.heard(library.reading())
        state, reason = library.accounts()["290000002"]
        assert state == "refused" and str(reason).startswith("bad PIN") and len(str(reason)) <= 200
    library.nights.night(STUDENTS)
    library.load()
    library.export()
    library.night(STUDENTS)
    assert library.accounts()["290000002"] == ("held", None)
