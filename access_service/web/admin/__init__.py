"""/admin: the pages for desk, IT and board. Each part is a blueprint of its own, listed here."""

from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Flask, abort, g, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from access_service.domain.staff import Right
from access_service.web.admin import cards, desk, failures, gate, nights, setup, signing_in, story
from access_service.web.admin.gate import signed_in
from access_service.web.admin.office import Office, who


class Part(NamedTuple):
    """One part of the pages. `name` is its blueprint's and its folder's; `right` opens its first page."""

    name: str
    title: str
    right: Right
    blueprint: Callable[[Office], Blueprint]


# In the order in which they are offered; the first that is open to somebody is their home.
PARTS: Sequence[Part] = (
    Part("desk", "Desk", Right.LOOK_UP, desk.blueprint),
    Part("nights", "Nights", Right.NIGHTS, nights.blueprint),
    Part("setup", "Set-up", Right.SETUP, setup.blueprint),
    Part("cards", "Cards", Right.CARDS, cards.blueprint),
    Part("story", "Story", Right.STORY, story.blueprint),
)


def install(app: Flask, office: Office) -> None:
    """Put the pages into an app. AssertionError where one does not say whom it is open to."""
    app.secret_key = b"".join(office.vault.mark("pages", half) for half in ("one", "two"))
    http = office.configured.service.http
    sealed = http.proxies > 0 or http.host not in ("127.0.0.1", "::1", "localhost")
    app.config.update(
        # Without a proxy on this machine alone, where nobody listens; everywhere else the browser insists on https.
        SESSION_COOKIE_NAME="__Host-staff" if sealed else "staff",
        SESSION_COOKIE_SECURE=sealed,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.register_blueprint(_pages(office))
    gate.check(app)


def _pages(office: Office) -> Blueprint:
    pages = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates", static_folder="static")
    gate.install(pages, office)
    failures.install(pages)
    signing_in.install(pages, office)
    for part in PARTS:
        pages.register_blueprint(part.blueprint(office), name=part.name)

    @pages.get("/", endpoint="home")
    @signed_in
    def home() -> AnyResponse | str:
        mine = _mine()
        return redirect(url_for(f"admin.{mine[0].name}.home"), 303) if mine else render_template("nothing.html")

    @pages.get("/<path:page>", endpoint="nowhere")
    @signed_in
    def nowhere(page: str) -> AnyResponse:  # noqa: ARG001 - what somebody typed
        abort(404)

    @pages.context_processor
    def frame() -> dict[str, object]:
        service = office.configured.service
        openid = urlsplit(service.admin.oidc.issuer).hostname if service.admin.oidc else ""
        return {
            "staff": g.get("staff"),
            "parts": _mine(),
            "library": service.library.name or service.sip2.institution,
            "openid": openid,
        }

    return pages


def _mine() -> list[Part]:
    return [part for part in PARTS if g.get("staff") and who().may(part.right)]
