"""What the desk does with one patron: each form comes with the version of the page that it stood on."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from access_service import notes
from access_service.blocks import BlockDesk
from access_service.domain.chosen_pins import PinRefusal
from access_service.domain.patron import PatronRecord
from access_service.domain.staff import Right
from access_service.errors import LoggedError, OperatorError, StorageError, UnavailableError
from access_service.existing_cards import Review
from access_service.opt_outs import Kind
from access_service.opting_out import Given
from access_service.opting_out import Office as OptOuts
from access_service.pin_desk import PinDesk
from access_service.settings import District
from access_service.storage.engine import database_errors
from access_service.web.admin.desk.patron import Answer, Careful, FasterError, Shown, find, notes_of, page, version
from access_service.web.admin.desk.words import shown_name
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office, who

AT_DESK = "at the desk"
LONGEST_REASON = 200
FASTER = "Nothing was changed: the card is not as it was on that page. Look again, then send it again if it is needed."

PATH = "/patrons/<int(max=9223372036854775807):patron_id>/"


def install(pages: Blueprint, office: Office) -> None:
    """Each form of a patron's page."""
    for name, deed in DEEDS.items():
        pages.post(PATH + name, endpoint=name)(needs(Right.MEND)(partial(_done, office, deed)))

    @pages.post(PATH + "opt-out", endpoint="opt-out")
    @needs(Right.LOOK_UP)
    def opt_out(patron_id: int) -> Shown:
        if not who().may(Right.OPT_OUT):
            abort(403)
        return _done(office, Mending.opt_out, patron_id)


class Mending:
    """Somebody at the desk, and the patron before them. Each deed returns a line for the next page, or a page."""

    def __init__(self, office: Office, district: District, record: PatronRecord) -> None:
        self.office, self.district, self.record = office, district, record
        of = office.auditor()
        known = request.form.get("version", "")
        self.auditor = Careful(of.vault, of.by, of.heads, of.now, record, known)
        self.pins = PinDesk(office.databases, office.configured)
        self.blocks = BlockDesk(office.databases, self.auditor, district)

    def new_pin(self) -> str | AnyResponse:
        chosen = self.pins.give_random(self.auditor, self.record, AT_DESK)
        if isinstance(chosen, PinRefusal):
            raise OperatorError("No PIN can be given here: the library system has it, or the student has left.")
        name = shown_name(self.record, whole=who().may(Right.FULL_NAMES))
        service = self.office.configured.service
        slip = {"library": service.library.name or service.sip2.institution, "url": service.library.url}
        return AnyResponse(
            render_template("desk/pin.html", record=self.record, name=name, pin=chosen, **slip), mimetype="text/html"
        )

    def unlock(self) -> str:
        self.pins.unlock(self.auditor, self.record, AT_DESK)
        return "Unlocked: the right PIN works again."

    def block(self) -> str:
        reason = _line("block_reason", "The reason")
        self.blocks.block(self.record, reason, _day("block_until"))
        return "Blocked: the card no longer works."

    def unblock(self) -> str:
        self.blocks.unblock(self.record, AT_DESK)
        return "The block is lifted."

    def note(self) -> str:
        text = request.form.get("note", "").replace("\r\n", "\n")
        notes.add(self.office.databases, self.auditor, self.record, text)
        return "The note is written down."

    def remove_note(self) -> str:
        number = request.form.get("number", "")
        with self.office.databases.reader.connect() as connection:
            there = {str(note.note) for note in notes_of(connection, self.record)}
        if number not in there:
            raise OperatorError("There is no such note.")
        notes.remove(self.office.databases, self.auditor, self.record, int(number))
        return "The note is removed."

    def link(self) -> str:
        card = _line("card", "The number")
        self._review().link(self.record, card, AT_DESK)
        return "The card is linked: its number finds the student too."

    def unlink(self) -> str:
        self._review().undo(self.record, _line("number", "The number"), AT_DESK)
        return "The card is no longer linked."

    def opt_out(self) -> str | AnyResponse:
        reason = _line("opt_out_reason", "Who asked, and how,")
        if not request.form.get("sure"):
            raise OperatorError("Tick the box: opting out deletes what is stored about the student.")
        given = Given(self.record.patron.source_id, Kind.SOURCE_ID)
        OptOuts(self.office.databases, self.auditor, self.district).add([given], reason)
        flash("Opted out: the card is gone, and nothing is stored about the student.")
        return redirect(url_for("admin.desk.home"), 303)

    def _review(self) -> Review:
        return Review(self.office.databases, self.auditor, self.office.configured, self.district)


DEEDS: Mapping[str, Callable[[Mending], str | AnyResponse]] = {
    "pin": Mending.new_pin,
    "unlock": Mending.unlock,
    "block": Mending.block,
    "unblock": Mending.unblock,
    "note": Mending.note,
    "remove-note": Mending.remove_note,
    "link": Mending.link,
    "unlink": Mending.unlink,
}


def _done(office: Office, deed: Callable[[Mending], str | AnyResponse], patron_id: int) -> Shown:
    """Do it, or show the page again with why not and what was typed."""
    district, record = find(office, patron_id)
    known = request.form.get("version", "")
    with database_errors(), office.databases.reader.connect() as connection:
        faster = version(connection, record) != known
    if faster:
        return page(office, patron_id, Answer(409, FASTER, request.form, since=known))
    try:
        with database_errors():
            came = deed(Mending(office, district, record))
    except FasterError:
        return page(office, patron_id, Answer(409, FASTER, request.form, since=known))
    except (StorageError, UnavailableError, LoggedError):
        raise
    except OperatorError as error:
        return page(office, patron_id, Answer(422, str(error), request.form))
    if isinstance(came, str):
        flash(came)
        return redirect(url_for("admin.desk.patron", patron_id=patron_id), 303)
    return came


def _line(name: str, what: str) -> str:
    """A field of one line. OperatorError where it is empty, too long, or would move a cursor."""
    text = request.form.get(name, "").strip()
    if not text or len(text) > LONGEST_REASON or not text.isprintable():
        raise OperatorError(f"{what} should be one line of at most {LONGEST_REASON} characters.")
    return text


def _day(name: str) -> date | None:
    """A date, or None where there is none. OperatorError for anything else."""
    text = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise OperatorError("The last day should be a date such as 2027-06-30, or empty.") from None
