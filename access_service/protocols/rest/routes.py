"""`/v1`: who asks is settled by the key, before anything of the question is read."""

from typing import Any

from flask import abort, g, request
from flask_openapi3.blueprint import APIBlueprint
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.domain.client import Client, DialectName
from access_service.domain.wording import Language
from access_service.protocols.rest import codec, pins
from access_service.protocols.rest.asking import authenticated

# For the OpenAPI document.
SECURITY_SCHEMES: dict[str, Any] = {"key": {"type": "http", "scheme": "bearer"}}


def blueprint(directory: PatronDirectory, clients: Clients, counter: pins.Counter) -> APIBlueprint:
    """POST /v1/authentications and GET /v1/patrons/{number}, and what changes PINs."""
    api = APIBlueprint(
        DialectName.REST, __name__, url_prefix="/v1", abp_security=[{"key": []}], abp_responses=_problems(401, 403, 503)
    )

    @api.before_request
    def who_asks() -> None:
        g.client = client = _client(clients)
        if not client.may_ask(DialectName.REST, str(request.remote_addr)):
            abort(403)
        if request.method == "POST" and not request.is_json:
            abort(415)

    @api.post(
        "/authentications",
        operation_id="authenticate",
        description="Whether number and PIN belong together and, apart from that, whether the card is good today.",
        responses={200: codec.Verdict, **_problems(413, 415, 422, 429)},
    )
    def authenticate(body: codec.Question) -> dict[str, object]:
        """May they come in?"""
        answer = authenticated(directory, body)
        return codec.verdict(answer, g.client, _language())

    @api.get(
        "/patrons/<number>",
        operation_id="find_patron",
        description="For clients that see no PIN, such as an ILS. The key alone suffices: release no more than needed.",
        responses={200: codec.Card, **_problems(404, 409, 422)},
    )
    def patron(path: codec.Looked) -> dict[str, object]:
        """Who has this number?"""
        g.answer = directory.find(path.number, g.client)
        if g.answer.standing in codec.NO_CARD:
            abort(codec.NO_CARD[g.answer.standing])
        return codec.card(g.answer, g.client)

    pins.add(api, directory, counter, _language, _problems)
    return api


def _client(clients: Clients) -> Client:
    given = request.authorization
    client = clients.by_key(given.token) if given and given.type == "bearer" and given.token else None
    if client is None:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "student-id-access"}))
    return client


def _language() -> Language | None:
    """The first of the question's languages that there are words in."""
    known = {language.value: language for language in Language}
    asked = (tag.split("-")[0].lower() for tag, quality in request.accept_languages if quality)
    return next((known[tag] for tag in asked if tag in known), None)


def _problems(*statuses: int) -> dict[int | str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {status: {"content": {codec.PROBLEM_TYPE: {"schema": schema}}} for status in statuses}
