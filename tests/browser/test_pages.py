"""All pages, as a browser has them."""

from axe_playwright_python.sync_playwright import Axe

from tests.browser.place import Place
from tests.links import kind, visited

PHONE = 390
# Or the crawl has lost its way.
LEAST = 12


def test_pages_are_for_everybody(here: Place) -> None:
    """axe finds nothing serious on any page of any role, light or dark, and none is wider than a phone."""
    looked_at: set[str] = set()
    for role in ("library-admin", "operator", "district-it", "auditor", "desk"):
        page = here.page(role, width=PHONE, dark=role == "operator")
        for url in visited(lambda url, page=page: str(page.request.get(url).text()), f"{here.admin}/"):  # type: ignore[misc]
            if kind(url) in looked_at:
                continue
            looked_at.add(kind(url))
            answer = page.goto(url)
            assert answer and answer.status == 200, url
            found = Axe().run(page).response["violations"]
            serious = [(v["id"], v["nodes"][0]["html"][:90]) for v in found if v["impact"] in ("serious", "critical")]
            assert serious == [], url
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, url
    assert len(looked_at) > LEAST
