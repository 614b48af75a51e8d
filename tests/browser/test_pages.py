"""All pages, as a browser has them."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.place import Place
from tests.links import visited

PHONE = 390


@pytest.mark.parametrize("role", ["library-admin", "operator", "district-it", "auditor", "desk"])
def test_pages_are_for_everybody(here: Place, role: str) -> None:
    """axe finds nothing serious on any page, light or dark, and none is wider than a phone."""
    page = here.page(role, width=PHONE, dark=role == "operator")
    for url in visited(lambda url: str(page.request.get(url).text()), f"{here.admin}/"):
        answer = page.goto(url)
        assert answer and answer.status == 200, url
        found = Axe().run(page).response["violations"]
        serious = [(v["id"], v["nodes"][0]["html"][:90]) for v in found if v["impact"] in ("serious", "critical")]
        assert serious == [], url
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, url
