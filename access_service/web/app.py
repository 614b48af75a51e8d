"""The composition root: every collaborator is made here, once, and handed down."""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import version
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, abort
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from access_service import answering, logs, settings
from access_service.audit import Auditor
from access_service.clients import Clients
from access_service.domain.client import Client
from access_service.metrics import Metrics
from access_service.pin_desk import PinDesk
from access_service.pin_vault import PinVault
from access_service.protocols.rest import codec
from access_service.protocols.rest import routes as rest
from access_service.protocols.rest.pins import Counter
from access_service.settings import Settings
from access_service.storage import engine
from access_service.storage.engine import Databases
from access_service.tokens import Tokens
from access_service.usage import UsageCounter
from access_service.web import admin, errors, health, journal
from access_service.web.admin.office import Office
from access_service.web.dialects import blueprints

MAX_BODY_BYTES = 16 * 1024
HEADERS = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
]
FORM = "application/x-www-form-urlencoded"
CONFIG_VARIABLE = "ACCESS_CONFIG"


def create_app(  # noqa: PLR0913, PLR0917 - as answering.directory
    configured: Settings,
    databases: Databases,
    vault: PinVault,
    usage: UsageCounter,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    folder: Path = Path("config"),
) -> Flask:
    """The HTTP service. The caller starts and stops `usage`; `now` gives the aware UTC time; `folder` is that of the
    configuration, which the pages for staff read again."""
    clients, metrics = Clients(databases.reader), Metrics()
    directory = answering.directory(configured, databases, vault, usage, now, metrics.relayed)
    app = _bare_app()
    errors.install(app)
    journal.install(app, metrics, vault)
    auditor = partial(_auditor, vault, configured.service.audit_heads, now)
    app.register_api(rest.blueprint(directory, clients, Counter(PinDesk(databases, configured), auditor)))
    for dialect in blueprints(directory, clients, Tokens(clients, vault, now)):
        app.register_blueprint(dialect)
    app.register_blueprint(health.blueprint(databases, metrics, now))
    admin.install(app, Office(configured, databases, vault, now, folder))
    app.wsgi_app = _sealed(app.wsgi_app)  # type: ignore[assignment, method-assign]
    if proxies := configured.service.http.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    return app


def from_environment() -> Flask:
    """The app of one worker process, from the folder ACCESS_CONFIG: engines and threads must not survive a fork."""
    logs.configure("serve")
    folder = Path(os.environ.get(CONFIG_VARIABLE, "config"))
    configured = settings.load(folder)
    databases = engine.connect(configured.service.database.url)
    usage = UsageCounter(databases.reader, date.today)
    usage.start()
    # Forked workers end without atexit; this runs all the same.
    Finalize(None, usage.stop, exitpriority=0)
    return create_app(configured, databases, PinVault.from_environment(), usage, folder=folder)


def _auditor(vault: PinVault, heads: Path, now: Callable[[], datetime], client: Client) -> Auditor:
    """Puts on record what a client does."""
    return Auditor(vault, f"client {client.name}", heads, now)


def _bare_app() -> OpenAPI:
    app = OpenAPI(
        __name__,
        info=Info(title="Student ID access", version=version("student-id-access")),
        security_schemes=rest.SECURITY_SCHEMES,
        # Their pages load scripts from elsewhere.
        doc_ui=False,
        validation_error_model=codec.Problem,
        # Their own answer repeats what was sent: the PIN.
        validation_error_callback=lambda _: abort(422),
        static_folder=None,
    )
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # An empty PIN is `//` in the Patron API, and a redirect would repeat the path.
    app.url_map.merge_slashes = False
    app.add_url_rule("/openapi.json", "openapi", lambda: app.api_doc)
    return app


def _sealed(app: WSGIApplication) -> WSGIApplication:
    """Add HEADERS to every response, wherever it comes from, but for what it says itself. What a question without a
    type sends is taken for a form: some write their HTTP by hand."""

    def sealed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            own = {name.lower() for name, _ in headers}
            ours = [header for header in HEADERS if header[0].lower() not in own]
            return start_response(status, [*headers, *ours], *error)

        return app({**environ, "CONTENT_TYPE": environ.get("CONTENT_TYPE") or FORM}, start)

    return sealed
