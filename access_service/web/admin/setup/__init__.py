"""/admin/setup: what is configured and agreed, who may ask, and who is left out; for those who look after it."""

from flask import Blueprint

from access_service.web.admin.office import Office
from access_service.web.admin.setup import (
    audit,
    clients,
    districts,
    exceptions,
    opt_outs,
    samples,
    sources,
    staff,
    uploads,
)


def blueprint(office: Office) -> Blueprint:
    pages = Blueprint("setup", __name__, url_prefix="/setup")
    pages.record_once(uploads.in_memory)
    for room in (districts, sources, samples, clients, opt_outs, exceptions, staff, audit):
        room.install(pages, office)
    return pages
