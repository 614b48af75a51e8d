"""The pages that print cards: what they offer, what they make, and what stays on record."""

import csv
import io
import json
from typing import Any

import pytest
from pypdf import PdfReader
from werkzeug.test import TestResponse

from access_service.domain.patron import Presence
from access_service.storage import audit
from access_service.storage.tables import metadata
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages, Visitor

DEMO = "/admin/cards/demo"
CLASS = "0000001 0000002 7777777 0000003"


@pytest.fixture
def printer(pages: Pages) -> Visitor:
    """Somebody of the library, and students of two schools whose PIN is 0419."""
    people: list[dict[str, Any]] = [
        {"given_name": "<script>alert(1)</script>", "family_name": "=cmd()"},
        {"given_name": "Zoë", "family_name": "Ñandú"},
        {"presence": Presence.LEFT, "left_on": seed.TODAY},
        {"school": "102", "grade": "04"},
    ]
    for patron_id, facts in enumerate(people, start=1):
        seed.store(pages.databases, seed.patron(patron_id, f"{patron_id:07}", **facts), "0419")
    return pages.sign_in("library-admin")


def make(visitor: Visitor, do: str = "make", path: str = DEMO, **fields: str) -> TestResponse:
    form = {"school": "101", "grade": "", "numbers": "", "kind": "sheets", "symbology": "code39", "language": "en"}
    return visitor.post(path, {**form, "do": do, **fields})


def text(answer: TestResponse) -> str:
    assert answer.status_code == 200 and answer.content_type == "application/pdf"
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)


def on_record(pages: Pages) -> list[dict[str, Any]]:
    with pages.databases.reader.connect() as connection:
        entries = [entry for entry in audit.entries(connection) if entry.action == "cards_print"]
    assert {(entry.by, entry.district, entry.subject) for entry in entries} <= {
        ("staff a-library-admin", "demo", "2 cards")
    }
    return [json.loads(entry.after) for entry in entries]


def test_a_school_is_printed_and_put_on_record(
    pages: Pages, printer: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cards, letters and the list; nothing is kept but how many of what, no PIN is in any of them, and nothing of
    anybody in the log."""
    count = make(printer, "count")
    assert count.status_code == 200 and "<strong>2</strong> students get" in count.text
    assert on_record(pages) == []
    before = counts(pages)
    cards, letter = make(printer), make(printer, kind="letters", symbology="code128")
    for answer in (cards, letter):
        assert answer.headers["Cache-Control"] == "no-store"
        said = text(answer)
        assert {"290000001", "290000002", "Zoë Ñandú", "<script>alert(1)</script> =cmd()"} <= {*said.splitlines()}
        assert "290000003" not in said and "290000004" not in said and "0419" not in said
    assert cards.headers["Content-Disposition"] == 'attachment; filename="sheets-demo-101.pdf"'
    listed = make(printer, kind="list", grade="03")
    assert listed.content_type == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(listed.data.decode("utf-8-sig"))))
    assert rows[1:] == [
        ["0000001", "<script>alert(1)</script>", "'=cmd()", "101", "03", "290000001"],
        ["0000002", "Zoë", "Ñandú", "101", "03", "290000002"],
    ]
    assert on_record(pages) == [
        {"kind": "sheets", "school": "101", "grade": "", "cards": 2},
        {"kind": "letters", "school": "101", "grade": "", "cards": 2},
        {"kind": "list", "school": "101", "grade": "03", "cards": 2},
    ]
    changed = {name for name, size in counts(pages).items() if size != before[name]}
    assert changed <= {"audit", "pepper_keys"}
    logged = capsys.readouterr()
    assert [part for part in ("0000001", "Ñandú", "script", "cmd", "0419") if part in logged.out + logged.err] == []


def counts(pages: Pages) -> dict[str, int]:
    with pages.databases.reader.connect() as connection:
        return {table.name: len(connection.execute(table.select()).all()) for table in metadata.sorted_tables}


def test_a_class_is_pasted_and_numbers_of_nobody_are_shown_first(pages: Pages, printer: Visitor) -> None:
    """By their place; what was chosen stays in the form, and the next click makes the others."""
    first = make(printer, numbers=CLASS, school="", language="en")
    assert first.status_code == 200 and first.content_type.startswith("text/html")
    assert "numbers\n    3, 4." in first.text and "<strong>2</strong> students get" in first.text
    assert f">{CLASS}</textarea>" in first.text and 'name="seen" value="3 4"' in first.text
    assert on_record(pages) == []
    assert "290000002" in text(make(printer, numbers=CLASS, school="", seen="3 4"))
    # Another list since then: its numbers are shown first.
    assert "number\n    1." in make(printer, numbers="7777777 1", school="", seen="3 4").text
    nobody = make(printer, numbers="7777777", school="", seen="1")
    assert nobody.status_code == 200 and "<strong>0</strong> students get" in nobody.text


def test_a_wrong_choice_is_one_line_above_the_form(printer: Visitor) -> None:
    """And what was typed stays in it."""
    wrong: list[tuple[dict[str, str], str]] = [
        ({"school": "999"}, "Choose a school, a grade and a language"),
        ({"grade": "<b>"}, "Choose a school, a grade and a language"),
        ({"language": "fr"}, "Choose a school, a grade and a language"),
        ({"kind": "exe"}, "Choose what to make, and a barcode"),
        ({"symbology": ""}, "Choose what to make, and a barcode"),
        ({"numbers": "1 " * 1001}, "these are 1,001 numbers; a list has at most 1,000"),
    ]
    for fields, said in wrong:
        answer = make(printer, **fields)
        assert answer.status_code == 422 and said in answer.text
        assert fields.get("numbers", "") in answer.text and "<b>" not in answer.text


def test_a_number_that_no_bars_can_say_is_one_line(pages: Pages, printer: Visitor) -> None:
    """Nothing is made, and nothing is on record."""
    odd = seed.patron(9, "0000009", library_number="29-0000009", school="201")
    seed.store(pages.databases, odd)
    answer = make(printer, school="201", symbology="codabar")
    assert answer.status_code == 422
    assert "Codabar has digits only, and 1 of these 1 library numbers have something else" in answer.text
    assert on_record(pages) == []


def test_whose_district_it_is_not_finds_no_page(pages: Pages, printer: Visitor) -> None:
    """IT of a district goes straight to its own page; of others there is none; the desk prints no cards."""
    oak = pages.sign_in("district-it", "oak")
    assert oak.get("/admin/cards/").headers["Location"].endswith("/admin/cards/oak")
    assert oak.get(DEMO).status_code == make(oak).status_code == 404
    assert make(oak, path="/admin/cards/oak").status_code == 200
    listed = printer.get("/admin/cards/")
    assert DEMO in listed.text and "/admin/cards/oak" in listed.text
    for role in ("desk", "auditor", "operator"):
        assert pages.sign_in(role).get(DEMO).status_code == make(pages.sign_in(role)).status_code == 403


def test_the_page_offers_what_is_configured(printer: Visitor) -> None:
    """The schools, grades and languages of the district, and the library's barcode first."""
    page = printer.get(DEMO).text
    for offered in ('value="301"', 'value="12"', '<option value="code39" selected>Code 39', "English and Español"):
        assert offered in page
    assert "290000001" not in page and "Zoë" not in page
    said = text(make(printer, language="all"))
    assert "Entre en" not in said and "PIN: su cumpleaños" in said and "PIN: your birthday" in said
