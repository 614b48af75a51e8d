"""Two days of two people, from a fresh `make run` to its end, by what stands on the pages."""

import re
import sqlite3

import requests
from playwright.sync_api import expect

from tests.browser.place import Place

MARKUP = "<script>document.title='mine'</script>"
FORMULA = "=cmd('x')"


def ask(here: Place, pin: str) -> dict[str, object]:
    """What the JSON dialect says of the demo's student with this PIN."""
    asked = {"number": here.facts["student_number"], "pin": pin}
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
