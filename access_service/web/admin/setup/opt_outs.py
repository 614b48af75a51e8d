"""Opt-outs of a district: who is not to be a patron. A number is typed and sent, and never shown in a list."""

from collections import Counter
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from access_service import opting_out
from access_service.domain.staff import Right
from access_service.errors import OperatorError
from access_service.number_file import read_numbers
from access_service.opt_outs import Kind
from access_service.opting_out import Done, Given
from access_service.settings import District
from access_service.storage import opt_outs
from access_service.web.admin.gate import needs, takes
from access_service.web.admin.office import Office
from access_service.web.admin.setup import typed

Answer = str | tuple[str, int] | Response
# Of a long list the newest so many are shown.
MOST_SHOWN = 100
KINDS = {
    Kind.SOURCE_ID: "the id in the student information system",
    Kind.STUDENT_NUMBER: "the student's number",
    Kind.STAFF_NUMBER: "the staff number",
    Kind.LIBRARY_NUMBER: "the library number",
}
MOST_BYTES = 2 * 1024 * 1024
# While they are entered nobody else writes: some seconds, and not the minutes that a file of so many bytes could take.
MOST_LINES = 2000


def install(pages: Blueprint, office: Office) -> None:
    """/opt-outs and /opt-outs/<code>."""
    room = OptOutPages(office)
    pages.get("/opt-outs", endpoint="opt_outs")(room.districts)
    pages.get("/opt-outs/<code>", endpoint="opted_out")(room.opted_out)
    pages.post("/opt-outs/<code>/add", endpoint="add_opt_out")(room.add)
    pages.post("/opt-outs/<code>/remove", endpoint="remove_opt_out")(room.remove)
    pages.post("/opt-outs/<code>/import", endpoint="import_opt_outs")(room.import_)
    pages.get("/opt-outs/<code>/cards", endpoint="opt_out_cards")(room.cards)
    pages.post("/opt-outs/<code>/cards", endpoint="told_of_cards")(room.told)


@dataclass(frozen=True, slots=True)
class OptOutPages:
    """What each page does."""

    office: Office

    @needs(Right.OPT_OUT)
    def districts(self) -> Answer:
        mine = self.office.districts()
        if len(mine) == 1:
            return redirect(url_for("admin.setup.opted_out", code=mine[0].code), 303)
        with self.office.databases.reader.connect() as connection:
            counts = opt_outs.counts(connection)
        return render_template("setup/opt_outs.html", districts=mine, counts=counts)

    @needs(Right.OPT_OUT)
    def opted_out(self, code: str) -> Answer:
        return _page(self.office, self.office.district(code))

    @needs(Right.OPT_OUT)
    def add(self, code: str) -> Answer:
        district = self.office.district(code)
        try:
            done = _ledger(self.office, district).add([_given("add")], typed.reason("add_reason"))
        except OperatorError as error:
            return _page(self.office, district, add_wrong=typed.refused(error))
        flash(_said(done))
        return redirect(url_for("admin.setup.opted_out", code=code), 303)

    @needs(Right.OPT_OUT)
    def remove(self, code: str) -> Answer:
        district = self.office.district(code)
        try:
            ended = _ledger(self.office, district).remove(_given("remove"), typed.reason("remove_reason"))
        except OperatorError as error:
            return _page(self.office, district, remove_wrong=typed.refused(error))
        for entry in ended:
            flash(f"Opt-out {entry.entry} of {entry.added_on} has ended; the next roster with this student counts.")
            if entry.source == "roster":
                flash("It was the district's column: unless that says so too, the next roster opts them out again.")
        return redirect(url_for("admin.setup.opted_out", code=code), 303)

    @needs(Right.OPT_OUT)
    @takes(MOST_BYTES)
    def import_(self, code: str) -> Answer:
        district = self.office.district(code)
        try:
            done = _imported(_ledger(self.office, district), writing="write" in request.form)
        except OperatorError as error:
            return _page(self.office, district, import_wrong=typed.refused(error))
        counted = f"{done.new} opted out, {done.known} opted out already, {done.forgotten} patrons forgotten"
        if "write" not in request.form:
            return _page(self.office, district, previewed=f"Nothing is written yet. It would be: {counted}.")
        flash(f"{counted}.")
        return redirect(url_for("admin.setup.opted_out", code=code), 303)

    @needs(Right.OPT_OUT)
    def cards(self, code: str) -> Answer:
        district = self.office.district(code)
        return render_template(
            "setup/opt_out_cards.html", district=district, cards=_ledger(self.office, district).cards()
        )

    @needs(Right.OPT_OUT)
    @takes(MOST_BYTES)
    def told(self, code: str) -> Answer:
        ledger = _ledger(self.office, self.office.district(code))
        # Those that the page showed: others may have come since.
        shown = set(request.form.getlist("entry"))
        entries = [entry for entry, _ in ledger.cards() if str(entry) in shown]
        if entries:
            ledger.told(entries)
        flash(f"{len(entries)} cards are done and forgotten.")
        return redirect(url_for("admin.setup.opted_out", code=code), 303)


def _ledger(office: Office, district: District) -> opting_out.Office:
    return opting_out.Office(office.databases, office.auditor(), district)


def _given(form: str) -> Given:
    number = typed.text(f"{form}_number")
    if not number:
        raise OperatorError("type a number")
    return Given(number, _kind(form))


def _kind(form: str) -> Kind | None:
    return next((kind for kind in Kind if kind == typed.text(f"{form}_kind")), None)


def _imported(ledger: opting_out.Office, *, writing: bool) -> Done:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise OperatorError("choose a CSV file")
    given = read_numbers(file.stream, "the file", typed.text("import_column") or None, _kind("import"))
    many = f"{len(given)} lines are too many for a page: `access-service opt-out import` takes them"
    typed.insist(len(given) <= MOST_LINES, many)
    reason = typed.reason("import_reason")
    return ledger.add(given, reason) if writing else ledger.preview(given)


def _said(done: Done) -> str:
    if not done.new:
        return "Opted out already." + (" The patron that was still stored is forgotten." if done.forgotten else "")
    return f"Opted out; {'the patron is forgotten' if done.forgotten else 'nobody with this number was stored'}."


def _page(office: Office, district: District, previewed: str = "", **wrong: str) -> Answer:
    with office.databases.reader.connect() as connection:
        newest = opt_outs.newest(connection, district.code, MOST_SHOWN)
        counts = Counter(opt_outs.sources(connection, district.code))
        cards = len(opt_outs.with_cards(connection, district.code))
    page = render_template(
        "setup/opted_out.html",
        district=district,
        count=counts.total(),
        counts=counts,
        cards=cards,
        newest=newest,
        named_kinds=[(kind.value, KINDS[kind]) for kind in Kind],
        previewed=previewed,
        **wrong,
    )
    return (page, 422) if wrong else page
