"""One run: what it did or would do, why it waits, and who decided."""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, render_template
from sqlalchemy import Connection

from access_service import decisions
from access_service.domain.staff import Right
from access_service.remedies import REMEDIES
from access_service.settings import District
from access_service.storage import progress, requests, runs
from access_service.storage.engine import database_errors, snapshot
from access_service.storage.requests import Request, RequestKind
from access_service.storage.runs import CHANGING, HOLDS, Outcome, Run
from access_service.web.admin.gate import needs
from access_service.web.admin.nights.tonight import LIVELY
from access_service.web.admin.nights.words import OUTCOMES, PHASES, kind
from access_service.web.admin.office import Office, who

ASKED = (
    RequestKind.LOOK,
    RequestKind.APPROVE,
    RequestKind.DISCARD,
    RequestKind.UNDO_PREVIEW,
    RequestKind.UNDO,
)


def install(pages: Blueprint, office: Office) -> None:
    """/runs/RUN_ID."""

    @pages.get("/runs/<int:run_id>", endpoint="run")
    @needs(Right.NIGHTS)
    def run(run_id: int) -> str:
        return page(office, run_id)


def page(office: Office, run_id: int, wrong: str = "", typed: Mapping[str, str] | None = None) -> str:
    """The page of a run; `wrong` says of the form that was `typed` what is wrong with it."""
    with database_errors(), snapshot(office.databases) as connection:
        found = mine(office, connection, run_id)
        facts = _facts(connection, found)
    wishes = [wish for wish in facts["wishes"].values() if wish and not wish.answered_at]
    live = any(office.now() - wish.asked_at < LIVELY for wish in wishes) or _is_lively(found, office.now())
    district = office.district(found.district)
    return render_template(
        "nights/run.html",
        run=found,
        district=district,
        findings=groupby(sorted(found.report.get("findings", ()), key=_code), _code),
        word=OUTCOMES[found.outcome],
        live=live,
        wrong=wrong,
        typed=typed or {},
        kind=kind,
        tally=tally,
        labels={"school": _schools(district), "grade": {}},
        remedies=REMEDIES,
        phases=PHASES,
        may_decide=who().may(Right.DECIDE),
        me=f"staff {who().name}",
        limit=district.limits.second_person_removals,
        **facts,
    )


def mine(office: Office, connection: Connection, run_id: int) -> Run:
    """A run of a district that the person signed in may see; of any other there is no page."""
    found = runs.get(connection, run_id) if run_id < 2**31 else None
    if found is None:
        abort(404)
    office.district(found.district)
    return found


def tally(groups: Mapping[str, Mapping[str, int]]) -> tuple[list[str], list[tuple[str, Mapping[str, int], int]]]:
    """The kinds that there are, and a row a group: its name, how many of each kind, and all."""
    kinds = sorted({kind for counts in groups.values() for kind in counts})
    return kinds, [(name, counts, sum(counts.values())) for name, counts in groups.items()]


def _facts(connection: Connection, run: Run) -> dict[str, Any]:
    wishes = {kind.value: requests.newest(connection, kind, run.run_id) for kind in ASKED}
    was_held = run.outcome in (*HOLDS, Outcome.DISCARDED)
    held = decisions.held(connection, run.district) if run.outcome in HOLDS else None
    return {
        "wishes": wishes,
        "waits_here": held is not None and held.run_id == run.run_id,
        "decision": decisions.decision(connection, run.run_id) if was_held else "",
        "approval": runs.approval(connection, run.run_id) if was_held else None,
        "removals": decisions.removals(run),
        "first": decisions.approved_first(run),
        "reached": progress.read(connection).get(run.district),
        "undoable": run.outcome in CHANGING and not run.undone_by and not run.aged_on,
        "seen": _report(wishes["look"]),
        "undoing": _report(wishes["undo_preview"]),
    }


def _code(finding: Mapping[str, str]) -> str:
    return finding["code"]


def _report(wish: Request | None) -> Mapping[str, Any] | None:
    return wish.answer.get("report") if wish else None


def _schools(district: District) -> dict[str, str]:
    """What people call each, and the code by which findings name it."""
    names = district.district.school_names
    return {code: f"{code} {names[code]}" if code in names else code for code in district.rules.schools}


def _is_lively(run: Run, now: datetime) -> bool:
    return run.outcome is Outcome.RUNNING and now - run.started_at < 4 * LIVELY
