"""Exceptions until a day: test cards for vendors, and students whom the nights leave alone."""

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from access_service import exceptions as granting
from access_service.admitting import random_pin
from access_service.domain.staff import Right
from access_service.errors import OperatorError
from access_service.settings import District
from access_service.storage import exceptions
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office
from access_service.web.admin.setup import typed

Answer = str | tuple[str, int] | Response


def install(pages: Blueprint, office: Office) -> None:
    """/exceptions, and what is done there."""
    room = ExceptionPages(office)
    pages.get("/exceptions", endpoint="exceptions")(room.listing)
    pages.post("/exceptions/test-card", endpoint="add_test_card")(room.test_card)
    pages.post("/exceptions/skip", endpoint="add_skip")(room.skip)
    pages.post("/exceptions/remove", endpoint="remove_exception")(room.remove)


@dataclass(frozen=True, slots=True)
class ExceptionPages:
    """What each page does."""

    office: Office

    @needs(Right.SETUP)
    def listing(self) -> Answer:
        return _page(self.office)

    @needs(Right.DECIDE)
    def test_card(self) -> Answer:
        district = _district(self.office, "card")
        pin = random_pin(district.rules.pin) if "with_pin" in request.form else ""
        try:
            grant = _grant(self.office, district, "card")
            number = typed.text("card_number") or None
            added, made = granting.add_test_card(self.office.databases, self.office.auditor(), grant, number, pin)
        except OperatorError as error:
            return _page(self.office, card_wrong=typed.refused(error))
        facts = {"exception": added, "number": made.patron.library_number, "pin": pin, "until": grant.until}
        on_card = {"patron_type": made.patron.patron_type, "branch": made.patron.branch, "name": "Test Card"}
        return render_template("setup/test_card.html", card=facts | on_card, district=district)

    @needs(Right.DECIDE)
    def skip(self) -> Answer:
        district = _district(self.office, "skip")
        number, source_id = typed.text("skip_number"), typed.text("skip_source_id")
        try:
            one = bool(number) != bool(source_id)
            typed.insist(one, "give either the student's number or the id in the student information system")
            grant = _grant(self.office, district, "skip")
            added, patron = granting.add_skip(self.office.databases, self.office.auditor(), grant, number, source_id)
        except OperatorError as error:
            return _page(self.office, skip_wrong=typed.refused(error))
        whom = f"patron {patron}" if patron else "this student, who is no patron,"
        flash(f"Exception {added}: nights leave {whom} alone through {grant.until}.")
        return redirect(url_for("admin.setup.exceptions"), 303)

    @needs(Right.DECIDE)
    def remove(self) -> Answer:
        number = typed.number("exception") or 0
        with self.office.databases.reader.connect() as connection:
            granted = exceptions.get(connection, number)
        if granted is None:
            return _page(self.office, remove_wrong=f"there is no exception {number}; it may have ended meanwhile")
        district = self.office.district(granted.district)
        try:
            reason = typed.reason("end_reason")
            granting.remove(self.office.databases, self.office.auditor(), district, number, reason)
        except OperatorError as error:
            return _page(self.office, remove_wrong=typed.refused(error))
        flash(f"Exception {number} has ended.")
        return redirect(url_for("admin.setup.exceptions"), 303)


def _district(office: Office, form: str) -> District:
    return office.district(typed.text(f"{form}_district"))


def _grant(office: Office, district: District, form: str) -> granting.Grant:
    """OperatorError where something is missing, or the same form was sent before."""
    until: date = typed.day(f"{form}_until", "last day")
    reason = typed.reason(f"{form}_reason")
    with office.databases.reader.connect() as connection:
        same = typed.number("newest") == exceptions.newest(connection)
    typed.insist(same, "an exception was added meanwhile: look below whether it is this one")
    return granting.Grant(district, until, reason)


def _page(office: Office, **wrong: str) -> Answer:
    with office.databases.reader.connect() as connection:
        rows = [row for each in office.districts() for row in granting.listed(connection, each, office.now())]
        newest = exceptions.newest(connection)
    page = render_template("setup/exceptions.html", rows=rows, districts=typed.pairs(office), newest=newest, **wrong)
    return (page, 422) if wrong else page
