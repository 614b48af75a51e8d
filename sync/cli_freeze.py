"""roster-sync freeze, thaw: the tornado and the epidemic. In one command nobody expires or leaves."""

import json
from dataclasses import asdict
from datetime import date, datetime

import click

from access_service import freezing
from access_service.command_line import WHY
from access_service.domain.calendar import Freeze
from access_service.storage import schema
from access_service.storage.engine import database_errors
from sync.console import JSON, Installation
from sync.order import Job, auditor


@click.command()
@click.argument("district", required=False)
@click.option("--reason", type=WHY, help="Why, for reports and for the ledger.")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="The first day; without it, today.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day; without it, until `thaw`.")
@click.option("--list", "listing", is_flag=True, help="List what is frozen today or will be, and change nothing.")
@JSON
@click.pass_obj
def freeze(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation,
    district: str | None,
    reason: str | None,
    first: datetime | None,
    until: datetime | None,
    listing: bool,
    as_json: bool,
) -> None:
    """Freeze DISTRICT, at once or ahead: no card expires, nobody becomes absent or leaves, stated exits wait.

    Nights go on: newcomers get cards. Of a district that is frozen already it changes the last day and the reason.
    """
    if listing:
        found = _standing(installation)
    elif district and reason:
        found = [(district, _freeze(installation.job(district), reason, first, until))]
    else:
        raise click.UsageError("name a DISTRICT and a --reason, or ask for --list", click.get_current_context())
    if as_json:
        facts = [{"district": code, **asdict(each)} for code, each in found]
        click.echo(json.dumps({"freezes": facts}, default=str))
        return
    for code, each in found:
        end = f"through {each.last}" if each.last else f"until `roster-sync thaw {code}`"
        began = "since" if each.holds(_today(installation, code)) else "from"
        click.echo(f"{code}: frozen {began} {each.first}, {end} ({each.reason}): nobody expires or leaves")
    if not found:
        click.echo("nothing is frozen")


@click.command()
@click.argument("district")
@click.option("--reason", required=True, type=WHY, help="Why, for the ledger.")
@click.pass_obj
def thaw(installation: Installation, district: str, reason: str) -> None:
    """End DISTRICT's freeze: from now on dates and absences count again. One that is to come is called off."""
    job = installation.job(district)
    schema.check(job.databases)
    with database_errors():
        since = freezing.thaw(job.databases, auditor(job), job.district, reason)
    click.echo(f"{district}: {freezing.ended(since, job.now().astimezone(job.district.zone).date())}")


def _freeze(job: Job, reason: str, first: datetime | None, until: datetime | None) -> Freeze:
    schema.check(job.databases)
    begins = first.date() if first else job.now().astimezone(job.district.zone).date()
    asked = Freeze(begins, until.date() if until else None, reason)
    with database_errors():
        return freezing.freeze(job.databases, auditor(job), job.district, asked)


def _today(installation: Installation, code: str) -> date:
    return datetime.now(installation.settings().district(code).zone).date()


def _standing(installation: Installation) -> list[tuple[str, Freeze]]:
    databases, districts = installation.databases(), installation.settings().districts
    with database_errors(), databases.reader.connect() as connection:
        return [
            (code, each)
            for code, district in districts.items()
            for each in freezing.of_district(connection, district, _today(installation, code))
        ]
