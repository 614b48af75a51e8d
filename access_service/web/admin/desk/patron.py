"""The page of one patron: looked at on record, and with what it takes to see that somebody else was faster."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import abort, render_template
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from access_service import desk
from access_service.audit import Action, Auditor, Deed, Head
from access_service.domain.patron import PatronRecord
from access_service.domain.staff import Right
from access_service.errors import OperatorError
from access_service.explain import Explainer
from access_service.notes import LONGEST
from access_service.patron_history import Event, events
from access_service.pin_desk import PinDesk
from access_service.settings import District
from access_service.storage import audit, chosen_pins, history, ils_matches, notes, patrons
from access_service.storage.engine import database_errors
from access_service.storage.notes import Note
from access_service.story.words import grade_name, school_name
from access_service.verdict import verdict
from access_service.web.admin.desk.words import said, shown_name
from access_service.web.admin.office import Office, who

Shown = tuple[str, int] | AnyResponse


class FasterError(OperatorError):
    """Somebody else changed the patron since the page was opened."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a form: a line where it was refused, and what was typed."""

    status: int = 200
    refused: str = ""
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    since: str = ""


def explainer(office: Office, connection: Connection) -> Explainer:
    """Whoever asks hears of the districts that the person signed in may see."""
    service, mine = office.configured.service, {district.code: district for district in office.districts()}
    return Explainer(connection, mine, office.vault, office.now(), service.pins.owner, bool(service.relay))


def find(office: Office, patron_id: int) -> tuple[District, PatronRecord]:
    """The card that counts of whoever has this id, and its district; no such page for a stranger's."""
    with database_errors(), office.databases.reader.connect() as connection:
        record = next(patrons.records(connection, [patron_id]), None)
        # Of who was forgotten nothing is left to see.
        if record is None or not record.patron.library_number:
            abort(404)
        record = desk.counting(connection, record, {district.code for district in office.districts()})
    return office.district(record.patron.district), record


def version(connection: Connection, record: PatronRecord) -> str:
    """Another text whenever a night or a person changed the patron."""
    entries = audit.of_subject(connection, f"patron {record.patron_id}", Action.PATRON_VIEW, 1)
    steps = history.steps(connection, record.patron_id, 1)
    return f"{entries[0].seq if entries else 0}.{steps[0].run_id if steps else 0}"


def notes_of(connection: Connection, record: PatronRecord) -> list[Note]:
    """The notes on this person's cards, but for those of districts that are not theirs to see who is signed in."""
    cards = patrons.records(connection, sorted(chosen_pins.cards(connection, record)))
    return notes.of_cards(connection, {card.patron_id for card in cards if who().sees(card.patron.district)})


@dataclass(frozen=True, slots=True)
class Careful(Auditor):
    """Puts a deed on record only if nothing was put on a patron's since `known`: looked at where nobody else can."""

    record: PatronRecord | None = None
    known: str = ""

    def note(self, connection: Connection, deed: Deed) -> Head:
        audit.last(connection)
        # What an edit changed in this very transaction is no other's.
        seq = self.known.partition(".")[0]
        if self.record and version(connection, self.record).partition(".")[0] != seq:
            raise FasterError("somebody else was faster")
        return Auditor.note(self, connection, deed)


def page(office: Office, patron_id: int, answer: Answer | None = None) -> Shown:
    """The page, once it is on record that it was looked at: without that there is none."""
    answer = answer or Answer()
    district, record = find(office, patron_id)
    auditor = office.auditor()
    with database_errors(), auditor.transaction(office.databases) as noting:
        noting.note(Deed(Action.PATRON_VIEW, f"patron {record.patron_id}", "", district.code))
    whole = who().may(Right.FULL_NAMES)
    with database_errors(), office.databases.reader.connect() as connection:
        found = verdict(explainer(office, connection), record)
        happened = events(connection, record, names=whole)
        facts = {
            "notes": notes_of(connection, record),
            "cards": ils_matches.linked_cards(connection, record.patron_id),
            "version": version(connection, record),
        }
    return render_template(
        "desk/patron.html",
        record=record,
        name=shown_name(record, whole=whole),
        district=district,
        verdict=found,
        said=said(found, record),
        school=school_name(district, record.patron.school),
        grade=grade_name(record.patron.grade) if record.patron.grade else record.patron.role,
        events=happened,
        newer=_newer(happened, answer.since),
        keeps_pin=PinDesk(office.databases, office.configured).keeps(record),
        answer=answer,
        typed=answer.typed,
        longest_note=LONGEST,
        **facts,
    ), answer.status


def _newer(happened: list[Event], since: str) -> list[Event]:
    """What became of the patron since the page of that version was opened."""
    if not (known := re.fullmatch(r"([0-9]{1,18})\.([0-9]{1,18})", since)):
        return []
    seq, run = map(int, known.groups())
    return [event for event in happened if event.seq > seq or event.run > run]
