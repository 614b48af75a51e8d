"""Three days of three people on a fresh `make run`, by what stands on the pages."""

import csv
import re
import sqlite3
from datetime import datetime
from pathlib import Path

import requests
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from sync.synthetic.district import SyntheticDistrict, students
from tests.access_service import seed
from tests.browser.place import Place

MARKUP = "<script>document.title='mine'</script>"
FORMULA = "=cmd('x')"


def ask(here: Place, pin: str, number: str = "") -> dict[str, object]:
    """What the JSON dialect says of a student with this PIN; without a number, of the demo's."""
    asked = {"number": number or here.facts["student_number"], "pin": pin}
    key = {"Authorization": f"Bearer {here.facts['api_key']}"}
    answer = requests.post(f"{here.facts['http_url']}/v1/authentications", json=asked, headers=key, timeout=10)
    return dict(answer.json())


def test_the_desk_mends_a_badge_in_three_actions(here: Place) -> None:
    """A child has tried too often. Scan, click, done: the right PIN opens; and a new PIN is shown once."""
    for pin in range(9901, 9908):
        ask(here, str(pin))
    assert ask(here, here.facts["pin"])["authenticated"] is False
    page = here.page("desk", width=390)
    page.keyboard.type(here.facts["student_number"])
    page.keyboard.press("Enter")
    expect(page.locator("#answer .word")).to_have_text("Not just now")
    page.get_by_role("button", name="Unlock").click()
    expect(page.locator("#answer .word")).to_have_text("Works")
    assert ask(here, here.facts["pin"])["authenticated"] is True
    page.get_by_role("button", name="New PIN").click()
    shown = re.search(r"PIN\n+(\d{6})\n", page.inner_text("main"))
    assert shown
    assert ask(here, shown[1])["authenticated"] is True
    assert here.facts["student_number"] not in page.url
    page.go_back()
    page.reload()
    assert shown[1] not in page.content()


def test_names_are_only_names(here: Place) -> None:
    """Markup and formulas in a name and a school are shown as they are, and do nothing."""
    with sqlite3.connect(here.home.folder / "access.db") as database:
        database.execute(
            "UPDATE patrons SET given_name = ?, family_name = ? WHERE student_number = ?",
            (FORMULA, MARKUP, here.facts["student_number"]),
        )
    page = here.page("library-admin")
    page.get_by_label("Number or name").fill(here.facts["student_number"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{FORMULA} {MARKUP}")
    assert "mine" not in page.title()


def test_it_decides_on_a_held_night(here: Place) -> None:
    """A school is missing from the file: the night waits, the page says why, and one reason and one click apply it.
    Who comes too late is told who decided."""
    here.offer("--night", "1", "--oddity", "school-missing")
    page = here.page("operator")
    page.get_by_role("button", name="Run now").click()
    page.get_by_role("link", name="waits for a person").click()
    expect(page.locator(".answer .word")).to_have_text("Held")
    expect(page.get_by_role("main")).to_contain_text("removals of")
    late = here.page("library-admin")
    late.goto(page.url)
    page.get_by_label("Why").first.fill("the school has closed; agreed with the district")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".answer")).to_contain_text("was approved by staff a-operator")
    late.get_by_label("Why").first.fill("me too")
    late.get_by_role("button", name="Approve").click()
    expect(late.get_by_role("main")).to_contain_text("was approved by staff a-operator")
    page.get_by_role("link", name=re.compile("To run")).click()
    expect(page.locator(".answer .word")).to_have_text("Applied")


def test_the_board_reads_what_was_counted_by_hand(here: Place, tmp_path: Path) -> None:
    """So many students sign in; the page, the table and the paper say so many, and nobody's name or number."""
    counted = "SELECT school, count(*) FROM patrons WHERE role = 'student' AND presence <> 'left' GROUP BY school"
    with sqlite3.connect(here.home.folder / "access.db") as database:
        rows = database.execute(counted).fetchall()
    everybody = sum(count for _, count in rows)
    today = datetime.now(seed.district().zone).date()
    school = [p for p in students(SyntheticDistrict(today)) if p.birth_date and p.school == "301"]
    # Some have left since that night, and are not let in.
    coming = [p for p in school[:45] if ask(here, p.birth_date[5:].replace("-", ""), p.number)["authenticated"]]
    assert len(coming) > 30
    # The demo's own student too: now, or before, where a test of the desk has changed the PIN since.
    ask(here, here.facts["pin"])
    came = str(len({here.facts["student_number"], *(person.number for person in coming)}))
    page = here.page("library-admin")
    page.get_by_role("link", name="Story").click()
    used = page.locator(".card", has_text="Ever used").locator(".number")
    # Sign-ins are written seconds late.
    for _ in range(10):
        page.get_by_role("button", name="Count again").click()
        if used.inner_text() == came:
            break
        page.wait_for_timeout(1000)
    expect(used).to_have_text(came)
    expect(page.locator(".card", has_text="Students with access").locator(".number")).to_have_text(f"{everybody:,}")
    table, paper = (taken(page, name, tmp_path) for name in ("by school and grade (CSV)", "Report of two pages (PDF)"))
    lines = list(csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines()))
    whole = {line["school_code"]: line["with_access"] for line in lines if line["grade"] == "all"}
    assert whole == {school: str(count) for school, count in rows} | {"all": str(everybody)}
    sheets = PdfReader(paper).pages
    said = "".join(sheet.extract_text() for sheet in sheets)
    assert len(sheets) == 2
    assert f"{everybody:,}" in said and came in said
    for person in coming:
        assert person.number not in said + table.read_text(encoding="utf-8-sig")


def taken(page: Page, link: str, folder: Path) -> Path:
    """Where a file is that the page offers."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path
