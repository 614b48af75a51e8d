"""Who comes in: on these pages everything is shut that does not say whom it is open to."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask_wtf.csrf import ValidationError, generate_csrf, validate_csrf
from werkzeug.wrappers import Response as AnyResponse

from access_service.domain.client import parsed_address
from access_service.domain.staff import Right
from access_service.web.admin import resuming
from access_service.web.admin.office import Office, who

View = TypeVar("View", bound=Callable[..., Any])
# What a page may load and where its forms go: nothing and nowhere else.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
SIGNED_IN = "signed in"
EVERYBODY = "everybody"
_STATIC = "admin.static"


def needs(right: Right) -> Callable[[View], View]:
    """Open a view to those who may do this."""
    return _marked(right)


def signed_in(view: View) -> View:
    """Open a view to all who are signed in."""
    return _marked(SIGNED_IN)(view)


def takes(most: int) -> Callable[[View], View]:
    """Let the forms of a view have so many bytes; others are as long as a question of a dialect at most."""

    def mark(view: View) -> View:
        view.most = most  # type: ignore[attr-defined]
        return view

    return mark


def everybody(view: View) -> View:
    """Open a view to whoever comes from [admin] networks."""
    return _marked(EVERYBODY)(view)


def _marked(whom: str) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.open_to = whom  # type: ignore[attr-defined]
        return view

    return mark


def check(app: Flask) -> None:
    """AssertionError for a view that does not say whom it is open to."""
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith("admin.") and endpoint != _STATIC and not hasattr(view, "open_to"):
            raise AssertionError(f"{endpoint} does not say who needs which right")


def install(pages: Blueprint, office: Office) -> None:
    """Let nobody past who may not be there."""
    networks = [ip_network(text) for text in office.configured.service.admin.networks]
    proxies = office.configured.service.http.proxies

    @pages.before_request
    def stand() -> AnyResponse | None:
        if is_forwarded() and not proxies:
            abort(403, "A proxy stands in between, and nobody can tell who asks: count it in [http] proxies.")
        if not _is_near(networks):
            abort(403, f"This address ({request.remote_addr}) is in none of [admin] networks of service.toml.")
        if request.endpoint == _STATIC:
            return None
        view = vars(current_app.view_functions[str(request.endpoint)])
        g.staff = office.staff.holder(session.get("token", ""))
        if turned := _turned_away(office, view.get("open_to")):
            return turned
        request.max_content_length = view.get("most", request.max_content_length)
        if request.method == "POST":
            _same_site()
        return None

    @pages.after_request
    def seal(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    pages.app_template_global("csrf_token")(generate_csrf)


def _turned_away(office: Office, open_to: object) -> AnyResponse | None:
    if open_to == EVERYBODY:
        return None
    if g.staff is None:
        return _to_sign_in(office)
    if open_to != SIGNED_IN and not (isinstance(open_to, Right) and who().may(open_to)):
        abort(403, "Your account may not open this page.")
    return None


def is_forwarded() -> bool:
    """Whether a proxy says that it asks for somebody else. Where nobody counted it, the address is the proxy's."""
    return bool(request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"))


def _is_near(networks: list[Any]) -> bool:
    address = parsed_address(request.remote_addr or "")
    return address is not None and any(address in network for network in networks)


def _to_sign_in(office: Office) -> AnyResponse:
    """What was typed in a form whose session ended meanwhile waits, sealed, for the same person."""
    if request.method == "POST" and session.get("name"):
        _same_site()
        page = resuming.keep(office.vault, session["name"])
        return Response(page, status=401)
    return redirect(url_for("admin.sign_in", then=request.path if request.method == "GET" else None), 303)


def _same_site() -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "This form came from another site.")
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        abort(400, "This form is too old: open the page again, and send it from there.")
