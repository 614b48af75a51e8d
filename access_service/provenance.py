"""Of each field of a card: who owns it, where its value comes from, and since when. Values are not in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import Connection

from access_service.audit import Action
from access_service.domain.ownership import OWNED
from access_service.domain.patron import PatronRecord
from access_service.domain.student import Role
from access_service.settings import District
from access_service.storage import history, overrides, runs
from access_service.storage.overrides import Override
from access_service.storage.runs import Outcome, Run

# The fields in their order, and what a night makes each from.
MADE_FROM = {
    "source_id": "roster",
    "student_number": "roster",
    "library_number": "template [rules] library_number",
    "given_name": "roster",
    "family_name": "roster",
    "school": "roster",
    "grade": "roster",
    "branch": "rules [rules.schools]",
    "patron_type": "rules [[rules.patron_types]]",
    "profile": "rules [[rules.patron_types]]",
    "expires": "rules [rules.expiry]",
}
MADE_FROM_EDUCATORS = {
    "library_number": "template [rules.educators] library_number",
    "branch": "rules [rules.educators.schools]",
    "patron_type": "rules [rules.educators]",
    "profile": "rules [rules.educators]",
    "expires": "rules [rules.educators.expiry]",
}
# Changes outside a night, by what was done; any other was set by hand, and stands no more.
EDITED_BY: Mapping[str, str] = {
    Action.PATRON_CONVERT: "the full library card that the desk gave",
    Action.REKEY: "rekey, from the district's new ids",
    Action.RENUMBER: "renumber, from the template of today",
    Action.UNDO: "put back by an undo",
    Action.RECYCLE: "recycle, for the district gave the id to another",
}


@dataclass(frozen=True, slots=True)
class Provenance:
    """`run` is the run that the value is of, `on` the day of it. `by` is set of what a person set, and `until` where
    that ends by itself; `held` says that it stands still."""

    owner: str
    source: str
    run: int | None
    on: date
    by: str | None = None
    until: date | None = None
    held: bool = False

    def as_json(self) -> dict[str, object]:
        return asdict(self) | {"on": self.on.isoformat(), "until": self.until.isoformat() if self.until else None}

    def __str__(self) -> str:
        if self.held:
            ends = f"until {self.until}" if self.until else "until it is released"
            return f"owner {self.owner}; set by hand by {self.by} on {self.on}, {ends}"
        return f"owner {self.owner}; {self.source}, " + (f"run {self.run} " if self.run else "") + f"on {self.on}"


def provenance(connection: Connection, record: PatronRecord, district: District) -> Mapping[str, Provenance]:
    """Owner, source and day of each field of a patron's card."""
    held = overrides.of_patron(connection, record.patron_id)
    created = history.created_run(connection, record.patron_id)
    changed: dict[str, int] = {}
    for run_id, fields in history.touches(connection, record.patron_id):
        for field in fields:
            changed.setdefault(field, run_id)
    known = {run_id: run for run_id in {*changed.values(), created} if (run := runs.get(connection, run_id))}

    made_from = MADE_FROM | (MADE_FROM_EDUCATORS if record.patron.role is Role.EDUCATOR else {})

    def of(field: str) -> Provenance:
        owner = district.rules.owners.of(field).value if field in OWNED else _fixed(field)
        if field in held:
            return _by_hand(owner, held[field])
        run = known.get(changed.get(field, created))
        if run is None:
            return Provenance(owner, made_from[field], None, record.created_on)
        day = run.started_at.astimezone(district.zone).date()
        if run.outcome is Outcome.EDITED:
            source = EDITED_BY.get(str(run.report.get("action")), "set by hand, released since")
            return Provenance(owner, source, run.run_id, day, by=run.started_by)
        return Provenance(owner, _source(made_from[field], run), run.run_id, day)

    return {field: of(field) for field in MADE_FROM}


def _fixed(field: str) -> str:
    return "library" if field == "library_number" else "roster"


def _by_hand(owner: str, held: Override) -> Provenance:
    return Provenance(owner, "set by hand", None, held.set_on, by=held.by, until=held.until, held=True)


def _source(made_from: str, run: Run) -> str:
    return f"{made_from}, put back by an undo" if run.undoes else made_from
