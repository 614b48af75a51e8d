"""`/PATRONAPI`: the address is the only credential, so it is settled before anything of the question is read."""

from flask import Blueprint, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.domain.client import DialectName
from access_service.protocols import by_address
from access_service.protocols.patronapi import codec


class PinConverter(BaseConverter):
    """Whatever stands before `/pintest`: WSGI has already decoded `%2F`, and the PIN may be missing (`//pintest`)."""

    regex = ".*?"
    part_isolating = False


def blueprint(directory: PatronDirectory, clients: Clients) -> Blueprint:
    """The dump, and the PIN test in III's form and in the form that Palace posts (PIN in no URL: recommend it)."""
    api = Blueprint(DialectName.PATRONAPI, __name__, url_prefix="/PATRONAPI")

    @api.record_once
    def add_converter(state: BlueprintSetupState) -> None:
        state.app.url_map.converters["pin"] = PinConverter

    by_address.admit(api, clients, DialectName.PATRONAPI)

    @api.get("/<number>/dump")
    def dump(number: str) -> str:
        g.answer = directory.find(number, g.client)
        return codec.dump(g.answer, g.client.releases)

    @api.get("/<number>/<pin:pin>/pintest")
    def pintest(number: str, pin: str) -> str:
        g.answer = directory.authenticate(number, pin, g.client)
        return codec.pintest(g.answer)

    @api.post("/pintest")
    def pintest_form() -> str:
        return pintest(request.form.get("number", ""), request.form.get("pin", ""))

    return api
