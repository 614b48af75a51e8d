"""A `make run` of its own with a browser before it, for tests and for `make screenshots`."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, sync_playwright

from sync.demo.home import Home
from tests.processes import until
from tests.test_demo import demo

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Of its own accord it asks its makers for things; root cannot have its sandbox.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 20_000  # milliseconds; the schedule looks for wishes every two seconds


@dataclass
class Place:
    """A service that runs, and what its demo.json says. `var` is its folder; `strange` are requests that left this
    machine, and what pages complained of."""

    var: Path
    facts: Mapping[str, str]
    browser: Browser
    strange: list[str] = field(default_factory=list)
    _passwords: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def admin(self) -> str:
        """Where the pages begin, without a slash at the end."""
        return self.facts["admin_url"].rstrip("/")

    def page(self, role: str = "", *, width: int = 1280, dark: bool = False) -> Page:
        """A page of a new browser profile, signed in as somebody of this role; without one, not at all."""
        scheme = "dark" if dark else "light"
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("request", self._asked)
        page.on("console", self._said)
        page.on("dialog", self._opened)
        page.on("pageerror", lambda error: self.strange.append(f"{page.url}: {error}"))
        if role:
            self._sign_in(page, role)
        return page

    def offer(self, *how: str) -> None:
        """Put another roster where the library looks for it, made by `roster-sync synthesize` with these options."""
        for old in self.home.outgoing.glob("*.zip"):
            old.unlink()
        self._command("sync", "synthesize", str(self.home.outgoing / "maple-another-night.zip"), *how)

    @property
    def home(self) -> Home:
        return Home(self.var / "run")

    def _sign_in(self, page: Page, role: str) -> None:
        if role not in self._passwords:
            verb = ["staff", "add", f"a-{role}", "--role", role, "--password-only", "--json"]
            verb += ["--district", "demo"] if role == "district-it" else []
            self._passwords[role] = json.loads(self._command("access_service", *verb))["password"]
        page.goto(f"{self.admin}/sign-in")
        page.get_by_label("Name").fill(f"a-{role}")
        page.get_by_label("Password").fill(self._passwords[role])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign out").wait_for()

    def _command(self, *words: str) -> str:
        command = [sys.executable, "-m", *words]
        return subprocess.run(command, env=self.home.environment(), check=True, capture_output=True, text=True).stdout

    def _asked(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob", "about") and url.hostname != "127.0.0.1":
            self.strange.append(request.url)

    def _said(self, said: ConsoleMessage) -> None:
        # A form that was wrong is shown again with 422: that is no fault of the page.
        if said.type == "error" and "status of 4" not in said.text:
            self.strange.append(said.text)

    def _opened(self, dialog: Dialog) -> None:
        self.strange.append(dialog.message)
        dialog.dismiss()


@contextmanager
def place(var: Path) -> Iterator[Place]:
    """A `make run` on free ports with its things in `var`, and a browser; both end with the block."""
    assert CHROMIUM
    with demo(var, "run") as process, sync_playwright() as driver:
        until((var / "demo.json").exists, 90, process)
        facts = json.loads((var / "demo.json").read_text(encoding="utf-8"))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield Place(var, facts, browser)
        browser.close()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
