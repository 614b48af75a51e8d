"""roster-sync matches: students who may have a card of the library already."""

import json
from collections.abc import Callable
from typing import Any

import click

from access_service.command_line import WHY
from access_service.existing_cards import Review
from access_service.storage import ils_matches, schema
from access_service.storage.engine import database_errors
from access_service.storage.ils_matches import MatchRow, codes
from sync.console import JSON, Installation
from sync.order import auditor
from sync.report import shown

_REASON = click.option("--reason", required=True, type=WHY, help="Why, for the record.")


@click.group()
def matches() -> None:
    """Cards of the ILS that may be a student's: look both numbers up in the ILS, and decide."""


@matches.command("list")
@click.argument("district")
@JSON
@click.pass_obj
def list_(installation: Installation, district: str, as_json: bool) -> None:
    """List what is proposed for DISTRICT's students, the best first, then what was decided."""
    job = installation.job(district)
    schema.check(job.databases)
    with database_errors(), job.databases.reader.connect() as connection:
        found = ils_matches.of_district(connection, district)
    if as_json:
        click.echo(json.dumps({"district": district, "matches": [_facts(*each) for each in found]}))
        return
    for match, number in found:
        click.echo(_line(match, number))
    if not found:
        click.echo(f"{district}: no card of the ILS is near a student")


def _decision(decide: Callable[..., None]) -> click.Command:
    """A command that decides, for a reason, on the CARD and the student with a NUMBER of DISTRICT."""
    asked = _REASON(click.pass_obj(decide))
    for name in ("card", "number", "district"):
        asked = click.argument(name)(asked)
    return matches.command()(asked)


@_decision
def link(installation: Installation, district: str, number: str, card: str, reason: str) -> None:
    """Say that CARD is the student's with this NUMBER of DISTRICT: from now on it finds them too."""
    review = _review(installation, district)
    with database_errors():
        found = review.link(number, card, reason)
    click.echo(f"{found}: {card} is one more number of theirs; `roster-sync matches undo` takes that back")


@_decision
def reject(installation: Installation, district: str, number: str, card: str, reason: str) -> None:
    """Say that CARD is not the student's with this NUMBER of DISTRICT; it is not proposed for them again."""
    review = _review(installation, district)
    with database_errors():
        found = review.reject(number, card, reason)
    click.echo(f"{found}: {card} is somebody else's")


@_decision
def undo(installation: Installation, district: str, number: str, card: str, reason: str) -> None:
    """Take back what was decided of CARD and the student with this NUMBER of DISTRICT."""
    review = _review(installation, district)
    with database_errors():
        found = review.undo(number, card, reason)
    click.echo(f"{found}: {card} is undecided again")


def _review(installation: Installation, district: str) -> Review:
    job = installation.job(district)
    schema.check(job.databases)
    return Review(job.databases, auditor(job), job.settings, job.district)


def _line(match: MatchRow, number: str) -> str:
    why = f"  by {match.decided_by}: {shown(match.reason)}" if match.decided_by and match.reason else ""
    return f"{number}  {match.number}  {match.state}  {', '.join(codes(match)) or 'no evidence'}{why}"


def _facts(match: MatchRow, number: str) -> dict[str, Any]:
    facts = {"number": number, "card": match.number, "state": match.state, "score": match.score}
    at = match.decided_at.isoformat() if match.decided_at else None
    return {**facts, "evidence": codes(match), "decided_by": match.decided_by, "decided_at": at, "reason": match.reason}
