"""What became of a patron: by nights, by undos and by people, who each was, and why; the newest first."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from access_service.audit import PERSONAL, Action
from access_service.domain.patron import PatronRecord
from access_service.storage import audit, history
from access_service.storage.audit import Entry
from access_service.storage.history import Step

MOST = 50
FIELDS = {
    "given_name": "given name",
    "family_name": "family name",
    "student_number": "number on the badge",
    "library_number": "library number",
    "source_id": "id in the school's system",
    "school": "school",
    "grade": "grade",
    "role": "role",
    "branch": "branch",
    "patron_type": "patron type",
    "profile": "profile",
    "expires": "last day",
    "presence": "in the roster",
    "left_on": "left on",
    "blocked": "blocked in the library system",
    "blocked_until": "blocked through",
}
NAMES = frozenset({"given_name", "family_name"})
NIGHTS = {
    "update": "Changed with the roster",
    "renew": "Renewed",
    "return": "Came back",
    "seen_again": "In the roster again",
    "absent": "Missing from the roster, and still served",
    "leave": "Left",
    "graduate": "Graduated",
}
DEEDS: Mapping[str, str] = {
    Action.BLOCK: "Blocked by the library",
    Action.UNBLOCK: "Block lifted",
    Action.NOTE_ADD: "Note added",
    Action.NOTE_REMOVE: "Note removed",
    Action.PIN_CHOOSE: "New PIN",
    Action.PIN_RESET: "Chosen PIN taken back",
    Action.UNLOCK: "Unlocked",
    Action.MATCH_LINK: "Another card linked",
    Action.MATCH_REJECT: "A proposed card turned down",
    Action.MATCH_UNDO: "A linked or rejected card taken back",
    Action.PATRON_CONVERT: "Made a full library card",
    Action.PATRON_GIVE_BACK: "Full library card taken back",
    Action.PATRON_SET: "Set by hand",
    Action.PATRON_RELEASE: "No longer held by hand",
    Action.ACCOUNT_RELEASE: "Account in the library system told again",
    Action.REKEY: "New id in the school's system",
    Action.RECYCLE: "The school gave the id to another child",
    Action.RENUMBER: "New library number",
    Action.UNDO: "Put back by an undo",
}


class Event(NamedTuple):
    """Something that became of a patron. `facts` are (field, before, after), "" for what is not known or not told;
    `seq` and `run` are the entry in the audit and the run that it is of, 0 for none."""

    at: datetime
    by: str
    what: str
    why: str
    facts: Sequence[tuple[str, str, str]]
    seq: int
    run: int

    def __repr__(self) -> str:
        return f"Event({self.seq}, {self.run})"


def events(connection: Connection, record: PatronRecord, *, names: bool) -> list[Event]:
    """The newest MOST. Without `names` it says that a name was changed, and not from what to what."""
    subject = f"patron {record.patron_id}"
    by_hand: dict[tuple[str, str], list[Step]] = defaultdict(list)
    found: list[Event] = []
    for step in history.steps(connection, record.patron_id, MOST):
        if step.report.get("subject") == subject:
            # Its entry in the audit says the rest.
            by_hand[str(step.report.get("action")), str(step.report.get("reason"))].append(step)
        else:
            found.append(_of_step(step, names=names))
    for entry in audit.of_subject(connection, subject, Action.PATRON_VIEW, MOST):
        steps = by_hand[entry.action, entry.reason]
        found.append(_of_entry(entry, steps.pop(0) if steps else None, names=names))
    return sorted(found, key=lambda event: event.at, reverse=True)[:MOST]


def _of_step(step: Step, *, names: bool) -> Event:
    what = DEEDS.get(str(step.report.get("action")), NIGHTS.get(step.kind, "Changed"))
    if step.undoes:
        what = f"{DEEDS[Action.UNDO]} of run {step.undoes}"
    why = str(step.report.get("reason") or f"run {step.run_id}")
    return Event(step.at, step.by, what, why, _facts(step.before, step.after, names=names), 0, step.run_id)


def _of_entry(entry: Entry, step: Step | None, *, names: bool) -> Event:
    before, after = (step.before, step.after) if step else (entry.facts("before"), entry.facts("after"))
    if not step:
        # Of who somebody is the audit has keyed hashes.
        before, after = ({name: side[name] for name in side.keys() - PERSONAL} for side in (before, after))
    what = DEEDS.get(entry.action, entry.action.replace("_", " "))
    facts = _facts(before, after, names=names)
    return Event(entry.at, entry.by, what, entry.reason, facts, entry.seq, step.run_id if step else 0)


def _facts(before: Mapping[str, Any], after: Mapping[str, Any], *, names: bool) -> list[tuple[str, str, str]]:
    return list(_told(before, after, names=names))


def _told(before: Mapping[str, Any], after: Mapping[str, Any], *, names: bool) -> Iterator[tuple[str, str, str]]:
    for field, said in FIELDS.items():
        if field in before or field in after:
            hidden = field in NAMES and not names
            then, now = ("" if hidden or side.get(field) is None else str(side[field]) for side in (before, after))
            yield said, then, now
    if "pin_digest" in after:
        yield "issued PIN", "", ""
