"""`/libauth`: known by address alone."""

from flask import Blueprint, Response, g, request

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.domain.client import DialectName
from access_service.protocols import by_address
from access_service.protocols.libauth import codec

TEXT, JSON = "text/plain", "application/json"


def blueprint(directory: PatronDirectory, clients: Clients) -> Blueprint:
    """A form of `username` and `password`. JSON where the client is set so, or asks for it by `Accept`."""
    api = Blueprint(DialectName.LIBAUTH, __name__)
    by_address.admit(api, clients, DialectName.LIBAUTH)

    @api.post("/libauth")
    def check() -> Response:
        asked = request.form
        g.answer = directory.authenticate(asked.get("username", ""), asked.get("password", ""), g.client)
        if g.client.options.libauth_json or request.accept_mimetypes.best_match([TEXT, JSON]) == JSON:
            return Response(codec.object_(g.answer, g.client), mimetype=JSON)
        return Response(codec.text(g.answer), mimetype=TEXT)

    return api
