"""`/iii/sierra-api/v5` and `v6`. Name and key of the client are Sierra's key and secret, changed for a token."""

from flask import Blueprint, Response, abort, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.domain.access import Standing
from access_service.domain.client import Client, DialectName
from access_service.protocols.sierra import codec
from access_service.tokens import TOKEN_SECONDS, Tokens

# Sierra's tag of a barcode and of a unique id; a number is sought as either.
NUMBER_TAGS = frozenset("bu")


def blueprint(directory: PatronDirectory, clients: Clients, tokens: Tokens) -> Blueprint:
    """`token`, `patrons/validate`, `patrons/auth` and `patrons/find`."""
    api = Blueprint(DialectName.SIERRA, __name__, url_prefix="/iii/sierra-api/<any(v5, v6):version>")

    @api.url_value_preprocessor
    def without_version(_: str | None, values: dict[str, str] | None) -> None:
        (values or {}).pop("version", None)

    @api.before_request
    def who_asks() -> None:
        g.client = _client(clients, tokens)
        # Sierra has one word for all whom it does not know.
        if g.client is None or not g.client.may_ask(DialectName.SIERRA, str(request.remote_addr)):
            raise Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "student-id-access"}))

    @api.post("/token")
    def token() -> Response:
        return _answer(codec.granted(tokens.issue(g.client), TOKEN_SECONDS))

    @api.post("/patrons/validate")
    def validate() -> Response:
        return _answer("", 204) if _is_right(directory, "barcode", "pin") else _wrong()

    @api.post("/patrons/auth")
    def auth() -> Response:
        right = _is_right(directory, "patronId", "patronSecret")
        return _answer(codec.record_number(g.answer, g.client)) if right else _wrong()

    @api.get("/patrons/find")
    def find() -> Response:
        return _found(directory)

    return api


def _found(directory: PatronDirectory) -> Response:
    if request.args.get("varFieldTag") not in NUMBER_TAGS:
        abort(404)
    g.answer = directory.find(request.args.get("varFieldContent", ""), g.client)
    if g.answer.standing is Standing.AMBIGUOUS:
        return _answer(codec.error(409, codec.DUPLICATE), 409)
    fields = frozenset(request.args.get("fields", "").split(",")) - {"", "default"}
    found = codec.patron(g.answer, g.client, fields)
    return _answer(codec.error(404), 404) if found is None else _answer(found)


def _is_right(directory: PatronDirectory, number: str, pin: str) -> bool:
    asked = codec.credentials(request.get_json(force=True, silent=True), number, pin)
    if asked is None:
        abort(400)
    g.answer = directory.authenticate(asked.number, asked.pin, g.client)
    return codec.is_right(g.answer, g.client)


def _client(clients: Clients, tokens: Tokens) -> Client | None:
    given = request.authorization
    if given is None:
        return None
    if request.endpoint == f"{DialectName.SIERRA}.token":
        return clients.by_name(given.username or "", given.password or "") if given.type == "basic" else None
    return tokens.client(given.token or "") if given.type == "bearer" else None


def _wrong() -> Response:
    return _answer(codec.error(400, codec.WRONG), 400)


def _answer(body: str, status: int = 200) -> Response:
    return Response(body, status, content_type=codec.CONTENT_TYPE)
