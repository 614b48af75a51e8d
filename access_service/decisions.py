"""What a person decides on a held night, as the ledger has it: whether one waits, and who has decided already."""

from datetime import datetime

from sqlalchemy import Connection

from access_service.storage import runs
from access_service.storage.runs import GOOD_NIGHTS, HOLDS, Outcome, Run

DECIDING = (*HOLDS, Outcome.DISCARDED, *GOOD_NIGHTS)


def held(connection: Connection, district: str) -> Run | None:
    """The held run of a district on which nobody has decided. Its file may be gone by now."""
    newest = runs.latest(connection, district, DECIDING)
    waits = newest and newest.outcome in HOLDS and not decision(connection, newest.run_id)
    return newest if waits else None


def decision(connection: Connection, run_id: int) -> str:
    """Who has decided on a run, and how; "" where nobody has."""
    if approval := runs.approval(connection, run_id):
        at = approval.started_at
        return f"was approved by {approval.started_by} on {at:%Y-%m-%d at %H:%M} UTC (run {approval.run_id})"
    run = runs.get(connection, run_id)
    if run and (said := run.report.get("discarded")):
        return f"was discarded by {said['by']} on {datetime.fromisoformat(said['at']):%Y-%m-%d at %H:%M} UTC"
    return ""


def removals(run: Run) -> int:
    """How many patrons a held run would newly make absent, or let leave."""
    return int(run.report.get("removals", 0))


def approved_first(run: Run) -> str:
    """Who said the first of two people's words on a held run, or ""."""
    return str(run.report.get("approved_first", {}).get("by", ""))
