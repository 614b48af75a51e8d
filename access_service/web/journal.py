"""One line of log and a few counts for every request: the route, never the path; codes and marks, never people."""

from time import perf_counter

from flask import Flask, Response, g, request

from access_service.journal import heard
from access_service.logs import log
from access_service.metrics import Metrics
from access_service.pin_vault import PinVault
from access_service.strangers import Strangers, why

SHUT = {401, 403}


def install(app: Flask, metrics: Metrics, vault: PinVault) -> None:
    """Time, count and log each request."""
    strangers = Strangers()

    @app.before_request
    def begin() -> None:
        g.began = perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        seconds = perf_counter() - g.began
        rule, dialect, answer = request.url_rule, request.blueprint or "none", g.get("answer")
        # Of a page that does not exist nothing is kept: path and method are what somebody typed.
        route, method = (rule.rule, request.method) if rule else ("none", "none")
        metrics.count(dialect, response.status_code, answer)
        metrics.time(route, seconds)
        if response.status_code in SHUT and rule and not dialect.startswith("admin"):
            address = str(request.remote_addr)
            if reason := why(g.get("client"), dialect, address):
                strangers.refused(dialect, address, reason)
        log.info(
            "request",
            dialect=dialect,
            route=route,
            method=method,
            status=response.status_code,
            ms=round(seconds * 1000, 2),
            **heard(g.get("client"), answer, vault),
        )
        return response
