"""The desk: one box, one answer, and what mends a card."""

from flask import Blueprint, render_template

from access_service.domain.staff import Right
from access_service.web.admin.desk import deeds, looking
from access_service.web.admin.desk.patron import Shown, page
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office


def blueprint(office: Office) -> Blueprint:
    """/desk."""
    pages = Blueprint("desk", __name__, url_prefix="/desk")

    @pages.get("/", endpoint="home")
    @needs(Right.LOOK_UP)
    def home() -> str:
        return render_template("desk/home.html", schools=looking.schools(office), typed={})

    @pages.post("/", endpoint="look")
    @needs(Right.LOOK_UP)
    def look() -> Shown:
        return looking.look(office)

    @pages.get("/patrons/<int(max=9223372036854775807):patron_id>", endpoint="patron")
    @needs(Right.LOOK_UP)
    def patron(patron_id: int) -> Shown:
        return page(office, patron_id)

    deeds.install(pages, office)
    return pages
