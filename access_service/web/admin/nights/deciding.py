"""What a person decides on a run: a form each, which leaves a wish that the night's schedule takes."""

import click
from flask import Blueprint, flash, make_response, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from access_service import decisions
from access_service.command_line import WHY
from access_service.domain.staff import Right
from access_service.errors import OperatorError
from access_service.storage import requests
from access_service.storage.engine import database_errors
from access_service.storage.requests import RequestKind
from access_service.storage.runs import Run
from access_service.web.admin.gate import needs
from access_service.web.admin.nights.run import mine, page
from access_service.web.admin.office import Office, who

LONGEST = 500
# Those that change something: with a reason.
DEEDS = (RequestKind.APPROVE, RequestKind.DISCARD, RequestKind.UNDO)
OF_HELD = (RequestKind.LOOK, RequestKind.APPROVE, RequestKind.DISCARD)
ASKED = {
    RequestKind.LOOK: "A look at what it would do now is asked for.",
    RequestKind.APPROVE: "Your approval is on its way to the night's schedule.",
    RequestKind.DISCARD: "To discard it is on its way to the night's schedule.",
    RequestKind.UNDO_PREVIEW: "A look at what undoing would do is asked for.",
    RequestKind.UNDO: "To undo it is on its way to the night's schedule.",
}
NO_REASON = "The reason should be one line of words that says why."


def install(pages: Blueprint, office: Office) -> None:
    """/runs/RUN_ID/ and look, approve, discard, undo_preview or undo."""
    for kind in ASKED:
        _form(pages, office, kind)


def _form(pages: Blueprint, office: Office, kind: RequestKind) -> None:
    @pages.post(f"/runs/<int:run_id>/{kind}", endpoint=kind.value)
    @needs(Right.DECIDE)
    def asked(run_id: int) -> AnyResponse:
        reason = request.form.get("reason", "").strip()[:LONGEST] if kind in DEEDS else ""
        with database_errors(), office.databases.reader.connect() as connection:
            run = mine(office, connection, run_id)
            _check(connection, run, kind)
        if kind in DEEDS and not _is_reason(reason):
            return make_response(page(office, run_id, NO_REASON, {kind.value: reason}), 422)
        with database_errors(), office.databases.writer.begin() as connection:
            waiting = requests.newest(connection, kind, run_id)
            if waiting is None or waiting.answered_at or waiting.asked_by != _me():
                requests.ask(connection, run.district, _me(), office.now(), kind=kind, run_id=run_id, reason=reason)
        flash(ASKED[kind])
        return redirect(url_for("admin.nights.run", run_id=run_id), 303)


def _me() -> str:
    return f"staff {who().name}"


def _check(connection: Connection, run: Run, kind: RequestKind) -> None:
    """OperatorError for what cannot be any more: somebody else was faster."""
    if kind in OF_HELD:
        if said := decisions.decision(connection, run.run_id):
            raise OperatorError(f"Run {run.run_id} {said}; nothing was done.")
        held = decisions.held(connection, run.district)
        if held is None or held.run_id != run.run_id:
            raise OperatorError(
                f"Run {run.run_id} is not held any more: a newer night has taken its place. Nothing was done."
            )
    if kind is RequestKind.APPROVE and decisions.approved_first(run) == _me():
        raise OperatorError("You have approved it already: another person has to as well. Nothing was done.")
    if kind is RequestKind.UNDO:
        seen = requests.newest(connection, RequestKind.UNDO_PREVIEW, run.run_id)
        if seen is None or not seen.answered_at or seen.error:
            raise OperatorError("Look first at what undoing would do. Nothing was done.")
    if run.undone_by and kind in (RequestKind.UNDO, RequestKind.UNDO_PREVIEW):
        raise OperatorError(f"Run {run.run_id} was undone already, by run {run.undone_by}. Nothing was done.")


def _is_reason(text: str) -> bool:
    try:
        WHY.convert(text, None, None)
    except click.BadParameter:
        return False
    return True
