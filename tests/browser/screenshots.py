"""`make screenshots`: every page for staff of a fresh `make run`, as PNG files to look at."""

import re
import sys
import tempfile
from pathlib import Path

from tests.browser.place import CHROMIUM, Place, place
from tests.links import visited

FOLDER = Path("var/screenshots")
WIDTHS = {"phone": 390, "desk": 1280}
ROLES = ("library-admin", "operator")


def main() -> int:
    if not CHROMIUM:
        sys.stderr.write("error: there is no Chromium here: apt install chromium\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as folder, place(Path(folder)) as here:
        urls = {url: role for role in ROLES for url in _pages(here, role)}
        urls |= dict.fromkeys(_asked_for(here), ROLES[0])
        for name, width in WIDTHS.items():
            for dark in (False, True):
                browsers = {role: here.page(role, width=width, dark=dark) for role in ROLES}
                for url, role in urls.items():
                    page = browsers[role]
                    page.goto(url)
                    page.screenshot(
                        path=FOLDER / f"{_named(url)}-{name}-{'dark' if dark else 'light'}.png", full_page=True
                    )
    sys.stdout.write(f"{len(urls)} pages in {FOLDER}\n")
    return 0


def _pages(here: Place, role: str) -> list[str]:
    page = here.page(role)
    signed_out = f"{here.admin}/sign-in"
    return [*visited(lambda url: str(page.request.get(url).text()), f"{here.admin}/"), signed_out]


def _asked_for(here: Place) -> list[str]:
    """What no link leads to on a fresh installation: a patron, and a night that is held."""
    page = here.page(ROLES[0])
    page.get_by_label("Number or name").fill(here.facts["student_number"])
    page.keyboard.press("Enter")
    page.locator("#answer").wait_for()
    patron = page.url
    here.offer("--night", "1", "--oddity", "school-missing")
    page.goto(f"{here.admin}/nights/")
    page.get_by_role("button", name="Run now").click()
    page.get_by_role("link", name="waits for a person").click()
    page.get_by_role("heading", name="Why it waits").wait_for()
    return [patron, page.url]


def _named(url: str) -> str:
    """A file's name of an address: what comes after /admin/, in letters that every disk has."""
    path = url.split("/admin/", maxsplit=1)[1]
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "home"


if __name__ == "__main__":
    sys.exit(main())
