"""A sample roster, looked at by the night as `roster-sync inspect` does. Sealed until then, and gone after it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from access_service.domain.staff import Right
from access_service.samples import Sample, sealed, unsealed_answer
from access_service.storage import requests
from access_service.storage.requests import RequestKind
from access_service.web.admin.gate import needs, takes
from access_service.web.admin.office import Office
from access_service.web.admin.setup import typed

MOST_BYTES = 32 * 1024 * 1024


def install(pages: Blueprint, office: Office) -> None:
    """/samples: one's newest, and the form for another."""

    @pages.get("/samples", endpoint="samples")
    @needs(Right.SETUP)
    def samples() -> str:
        return _page(office)

    @pages.post("/samples", endpoint="hand_in")
    @needs(Right.SETUP)
    @takes(MOST_BYTES)
    def hand_in() -> Response | tuple[str, int]:
        file, code = request.files.get("file"), typed.text("district")
        if code:
            office.district(code)
        content = file.read() if file else b""
        if file is None or not content:
            return _page(office, "choose a file that has something in it"), 422
        payload, by = sealed(office.vault, Sample(file.filename or "sample", content)), office.auditor().by
        with office.databases.writer.begin() as connection:
            wish = requests.last(connection, RequestKind.INSPECT, asked_by=by)
            if wish is None or wish.answered_at:
                requests.ask(connection, code, by, office.now(), kind=RequestKind.INSPECT, payload=payload)
            else:
                flash("Your last sample is not answered yet: hand in the next one after that.")
        return redirect(url_for("admin.setup.samples"), 303)


def _page(office: Office, wrong: str = "") -> str:
    with office.databases.reader.connect() as connection:
        wish = requests.last(connection, RequestKind.INSPECT, asked_by=office.auditor().by)
    districts, most = typed.pairs(office), MOST_BYTES // (1024 * 1024)
    seen = unsealed_answer(office.vault, wish.answer) if wish else {}
    return render_template("setup/samples.html", wish=wish, seen=seen, districts=districts, most=most, form_wrong=wrong)
