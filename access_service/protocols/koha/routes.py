"""`/api/v1`, as far as a program needs Koha's to ask for a password. Name and key of the client are Koha's user and
password, or its `client_id` and `client_secret`."""

from flask import Blueprint, Response, abort, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.domain.client import Client, DialectName
from access_service.protocols.koha import codec
from access_service.tokens import TOKEN_SECONDS, Tokens


def blueprint(directory: PatronDirectory, clients: Clients, tokens: Tokens) -> Blueprint:
    """POST /api/v1/auth/password/validation and POST /api/v1/oauth/token."""
    api = Blueprint(DialectName.KOHA, __name__, url_prefix="/api/v1")

    @api.before_request
    def who_asks() -> None:
        g.client = _client(clients, tokens)
        if g.client is None:
            raise Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "student-id-access"}))
        if not g.client.may_ask(DialectName.KOHA, str(request.remote_addr)):
            abort(403)

    @api.post("/oauth/token")
    def token() -> Response:
        if request.form.get("grant_type") != "client_credentials":
            return _answer(codec.error("Unimplemented grant type"), 400)
        return _answer(codec.granted(tokens.issue(g.client), TOKEN_SECONDS), 200)

    @api.post("/auth/password/validation")
    def validation() -> Response:
        asked = codec.question(request.get_json(force=True, silent=True))
        if isinstance(asked, str):
            return _answer(codec.error(asked), 400)
        g.answer = directory.authenticate(asked.number, asked.pin, g.client)
        body = codec.validated(g.answer, g.client)
        return _answer(codec.error(codec.FAILED), 400) if body is None else _answer(body, 201)

    return api


def _client(clients: Clients, tokens: Tokens) -> Client | None:
    given, for_token = request.authorization, request.endpoint == f"{DialectName.KOHA}.token"
    if given and given.type == "basic":
        return clients.by_name(given.username or "", given.password or "")
    if for_token:
        # A token buys no other, or one that leaked would never end.
        return clients.by_name(request.form.get("client_id", ""), request.form.get("client_secret", ""))
    return tokens.client(given.token or "") if given and given.type == "bearer" else None


def _answer(body: str, status: int) -> Response:
    return Response(body, status, content_type=codec.CONTENT_TYPE)
