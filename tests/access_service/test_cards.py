"""Who gets a card on paper, and what stands on it."""

import csv
import io
import logging
import re
import unicodedata
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PageObject, PdfReader

from access_service.audit import Auditor
from access_service.cards import holders
from access_service.cards.arabic import joined
from access_service.cards.design import Design
from access_service.cards.holders import Holder, Holders, Wanted, find, split
from access_service.cards.letters import letters
from access_service.cards.listing import listing
from access_service.cards.sheets import sheets
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import Presence
from access_service.domain.pins import PinKind, PinOwner
from access_service.domain.student import Role
from access_service.domain.symbology import Symbology
from access_service.domain.wording import Language
from access_service.errors import ChoiceError
from access_service.opting_out import Given, Office
from access_service.settings import Library, PaperSize
from access_service.storage import freezes
from access_service.storage.engine import Databases
from access_service.storage.tables import patrons
from tests.access_service import seed
from tests.barcodes import scan

LIBRARY = Library(name="Maple Public Library", url="library.example.org", phone="555-0100")
DESIGN = Design(LIBRARY, "Maple County Schools", Symbology.CODE39, [Language.ENGLISH], 4, {})
ADA = Holder("290012345", "0012345", "Ada", "Lovelace", "101", "03", PinKind.MMDD)
NOT_WORKING: list[dict[str, Any]] = [
    {"presence": Presence.LEFT, "left_on": seed.TODAY},
    {"presence": Presence.GRADUATED},
    {"presence": Presence.CONVERTED},
    {"expires": date(2026, 11, 2)},
    {"blocked": True},
    {"blocked_until": seed.TODAY},
    {"role": Role.EDUCATOR, "grade": ""},
    {"role": Role.TEST_CARD},
]


def wanted(databases: Databases, school: str = "", grade: str = "", numbers: str = "") -> Holders:
    with databases.reader.connect() as connection:
        asked = Wanted(school, grade, split(numbers))
        return find(connection, seed.district(), asked, seed.TODAY, PinOwner.SERVICE)


def numbers(found: Holders) -> list[str]:
    return [holder.student_number for holder in found.found]


def text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_a_school_gets_cards_for_students_whose_card_works(databases: Databases, tmp_path: Path) -> None:
    """By grade and name; nobody who left, graduated, expired, is blocked, opted out, on the staff or a test; nor a
    number that opens nothing."""
    people: list[tuple[str, dict[str, Any]]] = [
        ("0000003", {"family_name": "Zuse"}),
        ("0000001", {"family_name": "Álvarez", "presence": Presence.ABSENT}),
        ("0000002", {"family_name": "Babbage"}),
        ("0000004", {"grade": "02", "family_name": "Zuse"}),
        ("0000005", {"school": "102"}),
        ("0000006", {"family_name": "Lost"}),
        ("0000007", {"family_name": "Contested"}),
        *((f"{9000 + place:07}", facts) for place, facts in enumerate(NOT_WORKING)),
    ]
    for patron_id, (number, facts) in enumerate(people, start=1):
        seed.store(databases, seed.patron(patron_id, number, **facts))
    auditor = Auditor(seed.VAULT, "kim by command", tmp_path / "heads", seed.at_noon)
    Office(databases, auditor, seed.district()).add([Given("0000006")], "a form")
    seed.name_as(databases, IdentifierKind.CONTESTED, "290000007", seed.patron(7))

    assert numbers(wanted(databases, "101")) == ["0000004", "0000002", "0000003", "0000001"]
    assert numbers(wanted(databases, "101", "03")) == ["0000002", "0000003", "0000001"]
    assert numbers(wanted(databases, "102", "")) == ["0000005"]
    assert numbers(wanted(databases, "999")) == []
    # A class: any form of a number, each student once, and by place who gets none.
    pasted = "0000003, 1\n290000002;0000003 7777777\n0000006\t0000007 0009000 =cmd() 0000005"
    assert wanted(databases, "101", numbers=pasted).missing == [5, 6, 7, 8, 9, 10]
    assert numbers(wanted(databases, "101", numbers=pasted)) == ["0000002", "0000003", "0000001"]
    assert wanted(databases, numbers=pasted).missing == [5, 6, 7, 8, 9]


def test_a_number_of_two_makes_no_card_and_a_block_is_of_all_cards_of_a_person(databases: Databases) -> None:
    """As in a sign-in: a card in the wrong hands is nobody's, and of who is blocked no card works."""
    seed.store(databases, seed.patron(1, "0000001"))
    record = seed.store(databases, seed.patron(2, "0000002"))
    seed.name_as(databases, IdentifierKind.LINKED_CARD, "0000001", record)
    found = wanted(databases, numbers="0000001 0000002")
    assert (numbers(found), found.missing) == (["0000002"], [1])
    with databases.writer.begin() as connection:
        connection.execute(patrons.update().values(person=1))
        connection.execute(patrons.update().where(patrons.c.patron_id == 1).values(blocked_until=seed.TODAY))
    assert numbers(wanted(databases)) == []


def test_freezes_agreements_and_staff_count_as_in_a_sign_in(databases: Databases) -> None:
    """Who expired in a freeze gets a card, after the agreement nobody, and an educator's number is none of a class."""
    seed.store(databases, seed.patron(1, "0000001", expires=seed.TODAY - timedelta(days=1)))
    seed.store(databases, seed.patron(2, "0000002", role=Role.EDUCATOR, grade=""))
    assert wanted(databases, numbers="290000001 290000002").missing == [1, 2]
    order = freezes.Order("demo", "a test", seed.NOON, seed.TODAY - timedelta(days=3), "ice")
    with databases.writer.begin() as connection:
        freezes.freeze(connection, order, None)
    assert wanted(databases, numbers="290000001 290000002").missing == [2]
    with databases.reader.connect() as connection:
        later = find(connection, seed.district(), Wanted(), date(2040, 1, 2), PinOwner.SERVICE)
    assert later.found == []


def test_a_list_has_an_end(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody pastes a whole file, or asks for a whole county: one line says how many are too many."""
    monkeypatch.setattr(holders, "MOST_FOUND", 2)
    seed.crowd(databases, 3)
    with pytest.raises(ChoiceError, match="these are more than 2 students: choose a school, or a grade"):
        wanted(databases)
    with pytest.raises(ChoiceError, match="these are 1,001 numbers; a list has at most 1,000"):
        split("1 " * 1001)


def test_of_a_pin_the_rule_is_known_and_who_chose_one(databases: Databases) -> None:
    """Who chose one is told nothing of the rule, and who has none, that there is none; where the ILS keeps them nobody
    knows, and the rule is told."""
    seed.store(databases, seed.patron(1, "0000001", family_name="A"))
    seed.choose(databases, seed.store(databases, seed.patron(2, "0000002", family_name="B")), "8519")
    seed.store(databases, seed.patron(3, "0000003", family_name="C"), pin=None)
    with databases.reader.connect() as connection:
        found = {
            owner: [each.pin for each in find(connection, seed.district(), Wanted(), seed.TODAY, owner).found]
            for owner in PinOwner
        }
    assert found[PinOwner.SERVICE] == [PinKind.MMDD, None, PinKind.UNCLAIMED]
    assert found[PinOwner.ILS] == [PinKind.MMDD, None, PinKind.MMDD]


@pytest.mark.parametrize("make", [sheets, letters])
def test_a_card_has_the_number_and_never_a_pin(databases: Databases, make: type) -> None:
    """Name, school, grade, number and how to sign in, in each language; of a PIN the rule, and no digit of it."""
    seed.store(databases, seed.patron(1, "0000001", given_name="Zoë", family_name="Ñandú"), "0417")
    seed.choose(databases, seed.store(databases, seed.patron(2, "0000002", family_name="B")), "8519")
    design = replace(DESIGN, languages=list(Language))
    said = text(make(wanted(databases).found, design))
    for words in ("Zoë Ñandú", "School 101 · Grade 03", "290000001", "290000002", "Maple Public Library"):
        assert words in said
    assert said.count("PIN: your birthday as MMDD") == said.count("PIN: su cumpleaños, MMDD") == 1
    assert said.count("PIN: the one that you chose.") == said.count("PIN: el que usted eligió.") == 1
    assert "Sign in at library.example.org" in said and "Entre en library.example.org" in said
    digits = re.findall(r"\d+", said)
    assert not {"0417", "8519", "0412"} & {*digits}
    named = text(make(wanted(databases).found, replace(DESIGN, school_names={"101": "Maple Elementary School"})))
    assert "Maple Elementary School · Grade 03" in named and "School 101" not in named
    assert {*digits} == {"101", "03", "290000001", "290000002"} | ({"555", "0100"} if make is letters else set())


def test_every_rule_has_its_words_and_fits_on_a_card() -> None:
    """None is cut, whatever the rule and the language."""
    every = [replace(ADA, pin=pin) for pin in (None, *PinKind)]
    for language in Language:
        design = replace(DESIGN, languages=[language], digits=6)
        assert "…" not in (said := text(sheets(every, design)))
        assert said.count("PIN: ") == len(every) and len(set(re.findall("PIN: .*", said))) == len(every)
        assert " 6 " in said


def test_ten_cards_fit_a_page_and_a_letter_is_one() -> None:
    """The paper is as configured."""
    for size, (width, height) in {PaperSize.LETTER: (612, 792), PaperSize.A4: (595, 842)}.items():
        design = replace(DESIGN, library=LIBRARY.model_copy(update={"paper": size}))
        for make, pages in ((sheets, 2), (letters, 11)):
            read = PdfReader(io.BytesIO(make([ADA] * 11, design)))
            assert len(read.pages) == pages
            box = read.pages[0].mediabox
            assert (round(box.width), round(box.height)) == (width, height)


def painted(page: PageObject) -> list[list[tuple[float, float]]]:
    """Where filled bars stand on a page and how wide they are, by barcode."""
    contents = page.get_contents()
    assert contents is not None
    found: dict[str, list[tuple[float, float]]] = {}
    for x, y, width in re.findall(r"([\d.]+) ([\d.]+) ([\d.]+) -[\d.]+ re f\n", contents.get_data().decode("latin-1")):
        found.setdefault(y, []).append((float(x), float(width)))
    return list(found.values())


@pytest.mark.parametrize(
    ("symbology", "read"),
    [(Symbology.CODE39, "290012345"), (Symbology.CODABAR, "A290012345B"), (Symbology.CODE128, "290012345")],
)
def test_the_bars_on_the_paper_say_the_number(symbology: Symbology, read: str) -> None:
    """What is painted is read back, its narrow bars are as wide as a scanner wants, and it keeps its quiet zones."""
    design = replace(DESIGN, symbology=symbology)
    for pdf in (sheets([ADA], design), letters([ADA], design)):
        ((*bars,),) = painted(PdfReader(io.BytesIO(pdf)).pages[0])
        ends = [x + width for x, width in bars]
        gaps = [after[0] - end for end, after in zip(ends, bars[1:], strict=False)]
        widths = [width for (_, bar), gap in zip(bars, [*gaps, 0], strict=True) for width in (bar, gap)][:-1]
        assert scan(widths, symbology) == read
        assert min(widths) * 25.4 / 72 >= 0.19


def test_what_cannot_be_drawn_is_said_in_one_line() -> None:
    """A number that the symbology does not have, one too long for a card, too many students, and none."""
    small = replace(ADA, library_number="29a")
    long = replace(ADA, library_number="29" * 15)
    for asked, symbology, said in (
        ([ADA, small], Symbology.CODE39, "Code 39 has digits, capital letters and - . $ / + % only, and 1 of these 2"),
        ([small], Symbology.CODABAR, "Codabar has digits only, and 1 of these 1 library numbers have something else"),
        ([long], Symbology.CODE39, "in Code 39 1 of these 1 library numbers are too wide for this paper"),
        ([ADA] * 3001, Symbology.CODE39, "these are 3,001 students; a file has from 1 to 3,000"),
        ([], Symbology.CODE39, "these are 0 students"),
    ):
        with pytest.raises(ChoiceError, match=re.escape(said)):
            sheets(asked, replace(DESIGN, symbology=symbology))
    assert letters([long], DESIGN) and sheets([long], replace(DESIGN, symbology=Symbology.CODE128))


def test_any_name_prints(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing in a name does anything, and none of it comes into the log."""
    names = [
        ("<script>alert(1)</script>", "=cmd()", "<script>alert(1)</script> =cmd()"),
        ("Nguyễn Thị", "Đặng", "Nguyễn Thị Đặng"),
        # Decomposed, as some systems export.
        ("Zoe\u0308", "", "Zoë"),
        ("נועה", "כהן", "נועה כהן"),
        ("A\tna\r\n", "B\u200b", "Ana B"),
        # The font has none of these.
        ("李", "小龍", "Student 0012345"),
        ("", "", "Student 0012345"),
    ]
    with caplog.at_level(logging.WARNING):
        said = text(sheets([replace(ADA, given_name=given, family_name=family) for given, family, _ in names], DESIGN))
    assert [shown for _, _, shown in names if shown not in said.splitlines()] == []
    assert caplog.records == []


def test_arabic_letters_are_joined() -> None:
    """By the neighbours that a letter has: one that joins nobody to its left ends a group, lam and alef are one letter,
    and what is written above them parts nobody."""
    assert [unicodedata.name(letter).removeprefix("ARABIC LETTER ") for letter in joined("محمد")] == [
        "MEEM INITIAL FORM",
        "HAH MEDIAL FORM",
        "MEEM MEDIAL FORM",
        "DAL FINAL FORM",
    ]
    assert joined("سلام") == "\ufeb3\ufefc\ufee1" and joined("دار") == "\ufea9\ufe8d\ufead"
    assert joined("بَب") == "\ufe91\u064e\ufe90" and joined("Zoë") == "Zoë"


def test_the_list_for_the_school_runs_no_formula() -> None:
    """A line a student, with everything a badge needs and no PIN."""
    made = listing([replace(ADA, given_name="Zoë", family_name="=cmd()"), replace(ADA, student_number="+7")])
    assert list(csv.reader(io.StringIO(made.decode("utf-8-sig")))) == [
        ["student_number", "given_name", "family_name", "school", "grade", "library_number"],
        ["0012345", "Zoë", "'=cmd()", "101", "03", "290012345"],
        ["'+7", "Ada", "Lovelace", "101", "03", "290012345"],
    ]


@pytest.mark.parametrize("name", ["Zoë;=1+1", "Zoë;x;@x", "\uff1d1+1", "\uff20x", "\t=1", "Zoë\n-1"])
def test_no_spreadsheet_anywhere_finds_a_formula(name: str) -> None:
    """Also where cells are parted by semicolons, and where wide signs count: none of them begins one."""
    made = listing([replace(ADA, given_name=name)]).decode("utf-8-sig")
    for parted in (",", ";"):
        cells = [cell for row in csv.reader(io.StringIO(made), delimiter=parted) for cell in row]
        assert not [cell for cell in cells if re.match(r"[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell)]


def test_semicolons_of_honest_names_stay() -> None:
    """Only what could run is changed."""
    assert "Zoë; Ann-Marie;x" in listing([replace(ADA, given_name="Zoë; Ann-Marie;x")]).decode()
