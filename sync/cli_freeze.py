"""roster-sync freeze, thaw: the tornado and the epidemic. In one command nobody expires or leaves."""

import json
from dataclasses import asdict
from datetime import date, datetime

import click

from access_service import freezing
from access_service.command_line import WHY
from access_service.domain.calendar import Freeze
from access_service.storage import freezes, schema
from access_service.storage.engine import database_errors
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
    schema.check(job.databases)
    with database_errors():
        since = freezing.thaw(job.databases, auditor(job), job.district, reason)
    click.echo(f"{district}: {freezing.ended(since, job.now().astimezone(job.district.zone).date())}")


def _freeze(job: Job, reason: str, until: date | None) -> Freeze:
    schema.check(job.databases)
    today = job.now().astimezone(job.district.zone).date()
    with database_errors():
        return freezing.freeze(job.databases, auditor(job), job.district, Freeze(today, until, reason))


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
