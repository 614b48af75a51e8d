"""Local accounts of staff: who has one, and its end. Made by `access-service staff add`."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from access_service.audit import Action
from access_service.domain.staff import RIGHTS, Right
from access_service.errors import OperatorError
from access_service.storage import audit
from access_service.storage import staff as accounts
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office, who
from access_service.web.admin.setup import typed

Answer = str | tuple[str, int] | Response


def install(pages: Blueprint, office: Office) -> None:
    """/staff."""

    @pages.get("/staff", endpoint="staff")
    @needs(Right.STAFF)
    def staff() -> Answer:
        return _page(office)

    @pages.post("/staff/end", endpoint="end_account")
    @needs(Right.STAFF)
    def end_account() -> Answer:
        name = typed.text("name")
        try:
            typed.sure()
            typed.insist(name != who().name, "this is your own account: somebody else has to end it")
            office.staff.end(office.auditor(), name)
        except OperatorError as error:
            return _page(office, typed.refused(error))
        flash(f"The account of {name} has ended, and whoever had it open is signed out.")
        return redirect(url_for("admin.setup.staff"), 303)


def _page(office: Office, wrong: str = "") -> Answer:
    with office.databases.reader.connect() as connection:
        found = accounts.everyone(connection)
        signed_in = audit.last_of(connection, Action.SIGN_IN)
    page = render_template("setup/staff.html", accounts=found, signed_in=signed_in, rights=RIGHTS, form_wrong=wrong)
    return (page, 422) if wrong else page
