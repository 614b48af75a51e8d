"""roster-sync freeze, thaw: the tornado and the epidemic. In one command nobody expires or leaves."""

import json
from dataclasses import asdict
from datetime import date, datetime

import click

from access_service.audit import Action, Deed
from access_service.command_line import WHY
from access_service.domain.calendar import Freeze
from access_service.errors import OperatorError
from access_service.storage import freezes, schema
from access_service.storage.engine import database_errors
from access_service.storage.freezes import Order
from sync.console import JSON, Installation
from sync.order import Job, auditor


@click.command()
@click.argument("district", required=False)
@click.option("--reason", type=WHY, help="Why, for reports and for the ledger.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; without it, until `thaw`.")
@click.option("--list", "listing", is_flag=True, help="List the districts that are frozen today, and change nothing.")
@JSON
@click.pass_obj
def freeze(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation,
    district: str | None,
    reason: str | None,
    until: datetime | None,
    listing: bool,
    as_json: bool,
) -> None:
    """Freeze DISTRICT at once: no card expires, nobody becomes absent or leaves, stated exits wait.

    Nights go on: newcomers get cards. Of a district that is frozen already it changes the last day and the reason.
    """
    if listing:
        found = _in_force(installation)
    elif district and reason:
        found = [(district, _freeze(installation.job(district), reason, until.date() if until else None))]
    else:
        raise click.UsageError("name a DISTRICT and a --reason, or ask for --list", click.get_current_context())
    if as_json:
        facts = [{"district": code, **asdict(each)} for code, each in found]
        click.echo(json.dumps({"freezes": facts}, default=str))
        return
    for code, each in found:
        end = f"through {each.last}" if each.last else f"until `roster-sync thaw {code}`"
        click.echo(f"{code}: frozen since {each.first}, {end} ({each.reason}): nobody expires or leaves")
    if not found:
        click.echo("nothing is frozen")


@click.command()
@click.argument("district")
@click.option("--reason", required=True, type=WHY, help="Why, for the ledger.")
@click.pass_obj
def thaw(installation: Installation, district: str, reason: str) -> None:
    """End DISTRICT's freeze: from now on dates and absences count again."""
    job = installation.job(district)
    with database_errors(), auditor(job).transaction(job.databases) as record:
        since = freezes.thaw(record.connection, _order(job, reason))
        if since is None:
            raise OperatorError(f"{district} is not frozen; `roster-sync freeze --list` says which districts are")
        record.note(Deed(Action.THAW, f"district {district}", reason, district, before={"frozen_since": str(since)}))
    click.echo(f"{district}: frozen from {since} to today; cards whose date passed meanwhile have expired now")


def _freeze(job: Job, reason: str, until: date | None) -> Freeze:
    order = _order(job, reason)
    if until and until < order.today:
        raise OperatorError(f"--until {until} is over; give a day from {order.today} on")
    with database_errors(), auditor(job).transaction(job.databases) as record:
        frozen = freezes.freeze(record.connection, order, until)
        after = {"frozen_since": str(frozen.first), "until": str(until) if until else None}
        record.note(Deed(Action.FREEZE, f"district {job.code}", reason, job.code, after=after))
    return frozen


def _order(job: Job, reason: str) -> Order:
    schema.check(job.databases)
    now = job.now()
    return Order(job.code, job.started_by, now, now.astimezone(job.district.zone).date(), reason)


def _in_force(installation: Installation) -> list[tuple[str, Freeze]]:
    databases, districts = installation.databases(), installation.settings().districts
    with database_errors(), databases.reader.connect() as connection:
        found = freezes.read(connection)
    return [
        (code, each)
        for code, district in districts.items()
        for each in found.get(code, ())
        if each.holds(datetime.now(district.zone).date())
    ]
