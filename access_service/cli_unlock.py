"""access-service unlock: PINs are looked at again."""

import click

from access_service import clients, desk
from access_service.audit import Action, Deed
from access_service.command_line import WHY
from access_service.console import Installation
from access_service.relay import relayed_id
from access_service.settings import Settings
from access_service.storage import attempts, patrons, traffic
from access_service.storage.engine import Databases, database_errors, day_transaction, read


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
    district, subject, ids = "", f"client {name}", None
    with database_errors(), databases.reader.connect() as connection:
        if number is not None:
            district, subject, ids = _meant(databases, configured, number)
        elif code is not None:
            district = configured.district(code).code
            subject = f"district {district}"
            ids = list(patrons.ids(connection, district))
        else:
            clients.named(connection, str(name))
    with database_errors(), installation.auditor(databases).transaction(databases) as record:
        with day_transaction(databases.reader) as day:
            unlocked = attempts.unlock(day, attempts.failed_at(day, str(name)) if ids is None else ids)
            if ids is None:
                traffic.forget(day, str(name))
        # Only then on record: what could not be done is not on it.
        record.note(Deed(Action.UNLOCK, subject, reason, district, after={"patrons": unlocked}))
    click.echo(f"{subject}: {unlocked} unlocked" + ("; its budget is whole again" if ids is None else ""))


def _meant(databases: Databases, configured: Settings, number: str) -> tuple[str, str, list[int]]:
    """The district, what the record says, and the patron id of a number."""
    try:
        # Not the writer, which has no failures on SQLite.
        found = read(databases.reader, lambda connection: desk.named(connection, configured.districts, number))
    except desk.NobodyError:
        if not configured.service.relay:
            raise
        # It can be a cardholder's, whom the ILS alone knows.
        return "", "cardholder", [relayed_id(number)]
    return found.patron.district, f"patron {found.patron_id}", [found.patron_id]
