"""`/ezproxy`: known by address alone. A GET has the PIN in its URL, which others may log: recommend POST."""

from flask import Blueprint, Response, g, request

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.domain.client import DialectName
from access_service.protocols import by_address
from access_service.protocols.ezproxy import codec


def blueprint(directory: PatronDirectory, clients: Clients) -> Blueprint:
    """`?user=^u&pass=^p`, and the same two as a form."""
    api = Blueprint(DialectName.EZPROXY, __name__)
    by_address.admit(api, clients, DialectName.EZPROXY)

    @api.route("/ezproxy", methods=["GET", "POST"])
    def check() -> Response:
        asked = request.form if request.method == "POST" else request.args
        g.answer = directory.authenticate(asked.get("user", ""), asked.get("pass", ""), g.client)
        return Response(codec.page(g.answer), mimetype="text/plain")

    return api
