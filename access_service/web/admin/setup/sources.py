"""Whether a district's SFTP source can be reached, and which host key it shows: the night tries it."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from access_service.domain.staff import Right
from access_service.storage import requests
from access_service.storage.requests import RequestKind
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office


def install(pages: Blueprint, office: Office) -> None:
    """/districts/<code>/source: the newest answer, and the wish for another."""

    @pages.get("/districts/<code>/source", endpoint="source")
    @needs(Right.SETUP)
    def source(code: str) -> str:
        district = office.district(code)
        with office.databases.reader.connect() as connection:
            wish = requests.last(connection, RequestKind.CHECK_SOURCE, district=code)
        # As [feed] host_keys has them, without the kind.
        keys = [key.split()[-1] for key in wish.answer["check"]["host_keys"]] if wish and "check" in wish.answer else []
        return render_template("setup/source.html", district=district, wish=wish, keys=keys)

    @pages.post("/districts/<code>/source", endpoint="test_source")
    @needs(Right.SETUP)
    def test_source(code: str) -> Response:
        office.district(code)
        with office.databases.writer.begin() as connection:
            wish = requests.last(connection, RequestKind.CHECK_SOURCE, district=code)
            # Whoever clicks twice, or beside another, waits for the same answer.
            if wish is None or wish.answered_at:
                requests.ask(connection, code, office.auditor().by, office.now(), kind=RequestKind.CHECK_SOURCE)
        return redirect(url_for("admin.setup.source", code=code), 303)
