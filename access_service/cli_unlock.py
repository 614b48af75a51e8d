"""access-service unlock: PINs are looked at again."""

import click

from access_service import clients, desk
from access_service.audit import Action, Deed
from access_service.command_line import WHY
from access_service.console import Installation
from access_service.storage import attempts, patrons, traffic
from access_service.storage.engine import database_errors, day_transaction


@click.command()
@click.argument("number", required=False)
@click.option("--client", "name", help="All who failed at this client; its budget is whole again, too.")
@click.option("--district", "code", help="All patrons of this district.")
@click.option("--reason", required=True, type=WHY, help="Why, for the record.")
@click.pass_obj
def unlock(installation: Installation, number: str | None, name: str | None, code: str | None, reason: str) -> None:
    """Forget wrong PINs: of one patron by NUMBER, of a client's, or of a district's. Locks and stops end at once."""
    if (number is not None) + (name is not None) + (code is not None) != 1:
        raise click.UsageError("give one of NUMBER, --client and --district")
    databases, configured = installation.databases(), installation.settings()
    with database_errors(), installation.auditor(databases).transaction(databases) as record:
        district, subject, ids = "", f"client {name}", None
        if number is not None:
            found = desk.named(record.connection, configured.districts, number)
            district, subject, ids = found.patron.district, f"patron {found.patron_id}", [found.patron_id]
        elif code is not None:
            district = configured.district(code).code
            subject = f"district {district}"
            ids = list(patrons.ids(record.connection, district))
        else:
            clients.named(record.connection, str(name))
        with day_transaction(databases.reader) as day:
            unlocked = attempts.unlock(day, attempts.failed_at(day, str(name)) if ids is None else ids)
            if ids is None:
                traffic.forget(day, str(name))
        # Only then on record: what could not be done is not on it.
        record.note(Deed(Action.UNLOCK, subject, reason, district, after={"patrons": unlocked}))
    click.echo(f"{subject}: {unlocked} unlocked" + ("; its budget is whole again" if ids is None else ""))
