"""/admin/nights: how the nights go, and what a person decides on them. Pages ask; the night's schedule does it."""

from flask import Blueprint

from access_service.web.admin.nights import deciding, run, tonight
from access_service.web.admin.office import Office


def blueprint(office: Office) -> Blueprint:
    pages = Blueprint("nights", __name__, url_prefix="/nights")
    for room in (tonight, run, deciding):
        room.install(pages, office)
    return pages
