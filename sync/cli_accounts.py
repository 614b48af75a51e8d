"""roster-sync accounts: which accounts of the ILS wait for a person."""

import json
from typing import Any

import click

from access_service.command_line import WHY
from access_service.storage import schema
from access_service.storage.engine import database_errors
from access_service.storage.ils import AccountRow, AccountState
from sync.console import JSON, Installation
from sync.ils import reading_of, released
from sync.order import auditor
from sync.report import shown

_WAITING = {AccountState.KEPT_BACK, AccountState.REFUSED, AccountState.THEIRS}


@click.group()
def accounts() -> None:
    """Accounts of patrons in the ILS: what is kept back, refused, or staff's by now."""


@accounts.command("list")
@click.argument("district")
@JSON
@click.pass_obj
def list_(installation: Installation, district: str, as_json: bool) -> None:
    """List DISTRICT's accounts that wait for somebody, with the reason; the others are counted."""
    job = installation.job(district)
    schema.check(job.databases)
    with database_errors():
        found = released.waiting(job.databases, district)
    if as_json:
        facts = {"district": district, "counts": found.counts, "accounts": [_facts(row) for row in found.accounts]}
        click.echo(json.dumps(facts))
        return
    for row in found.accounts:
        click.echo(_line(row))
    counts = ", ".join(f"{count:,} {AccountState(state).words}" for state, count in found.counts.items())
    click.echo(f"{district}: {counts or 'no account in the ILS yet'}")


@accounts.command()
@click.argument("district")
@click.argument("number")
@click.option("--reason", required=True, type=WHY, help="Why, for the record.")
@click.pass_obj
def release(installation: Installation, district: str, number: str, reason: str) -> None:
    """Take the account NUMBER of DISTRICT up again: the next load tells the ILS all of it."""
    job = installation.job(district)
    schema.check(job.databases)
    with database_errors():
        released.release(job.databases, auditor(job), district, reading_of(job).ils.key, number, reason)
    click.echo(f"{district}: {number} is told of again; the next load says all of it")


def _line(row: AccountRow) -> str:
    fields = json.loads(row.theirs)
    if row.state not in _WAITING and fields:
        return f"{row.number}  staff's field  {', '.join(fields)}"
    return f"{row.number}  {AccountState(row.state).words}  since {row.reason_on}: {shown(row.reason or '')}"


def _facts(row: AccountRow) -> dict[str, Any]:
    facts = {"number": row.number, "state": row.state, "reason": row.reason, "since": row.reason_on}
    return {**facts, "fields_of_staff": json.loads(row.theirs)}
