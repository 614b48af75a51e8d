"""Of the dialects whose clients show nothing but their address: it is settled before anything of a question is read."""

from flask import Blueprint, abort, g, request

from access_service.clients import Clients
from access_service.domain.client import DialectName


def admit(api: Blueprint, clients: Clients, dialect: DialectName) -> None:
    """Let the client of each request be known as `g.client`; whoever is none is answered 403."""

    @api.before_request
    def who_asks() -> None:
        g.client = clients.by_address(str(request.remote_addr), dialect)
        if g.client is None:
            abort(403)
