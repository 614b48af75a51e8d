"""The record of who did what: read, filtered, and checked whether it is whole."""

import json
from typing import NamedTuple

from flask import Blueprint, render_template

from access_service import audit as chain
from access_service.audit import Action
from access_service.domain.staff import Right
from access_service.storage import audit
from access_service.storage.audit import Entry, Wanted
from access_service.web.admin.gate import needs
from access_service.web.admin.office import Office, who
from access_service.web.admin.setup import typed

PAGE = 50
# Of a longer chain the command says it: nobody waits for a page so long.
MOST_CHECKED = 20_000


class Shown(NamedTuple):
    """An entry, with what was before and after as values."""

    entry: Entry
    before: dict[str, object]
    after: dict[str, object]


def install(pages: Blueprint, office: Office) -> None:
    """/audit. What is looked for is sent and not asked in an address: it could be anybody's number."""

    @pages.get("/audit", endpoint="audit")
    @needs(Right.AUDIT)
    def newest() -> str:
        return _page(office, Wanted(districts=who().districts))

    @pages.post("/audit", endpoint="find_in_audit")
    @needs(Right.AUDIT)
    def find() -> str:
        wanted = Wanted(
            before=typed.number("before"),
            action=next((each.value for each in Action if each == typed.text("action")), ""),
            by=typed.text("by"),
            subject=typed.text("subject"),
            districts=who().districts,
        )
        return _page(office, wanted)

    @pages.post("/audit/verify", endpoint="verify_audit")
    @needs(Right.AUDIT)
    def verify() -> str:
        with office.databases.reader.connect() as connection:
            length = max((entry.seq for entry in audit.entries(connection, 1)), default=0)
            heads = office.configured.service.audit_heads
            wrong = list(chain.verify(connection, office.vault, heads)) if length <= MOST_CHECKED else None
        return _page(office, Wanted(districts=who().districts), checked=True, length=length, wrong_lines=wrong)


def _page(office: Office, wanted: Wanted, **checked: object) -> str:
    with office.databases.reader.connect() as connection:
        found = audit.page(connection, wanted, PAGE + 1)
    shown = [Shown(entry, json.loads(entry.before), json.loads(entry.after)) for entry in found[:PAGE]]
    older = shown[-1].entry.seq if len(found) > PAGE else None
    return render_template(
        "setup/audit.html",
        shown=shown,
        older=older,
        wanted=wanted,
        actions=[(each.value, each.replace("_", " ")) for each in sorted(Action)],
        **checked,
    )
