"""The first page of a part that is of one district at a time."""

from http import HTTPStatus

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from access_service.web.admin.office import Office


def district(office: Office, title: str, heading: str) -> AnyResponse | str:
    """To the page `.of` of the only district that somebody sees, or a page to choose one on."""
    districts = office.districts()
    if len(districts) == 1:
        return redirect(url_for(".of", code=districts[0].code), HTTPStatus.SEE_OTHER)
    return render_template("districts.html", districts=districts, title=title, heading=heading)
