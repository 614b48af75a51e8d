"""access-service exception: what is granted until a day, and what ends by itself."""

import json
from datetime import UTC, datetime

import click

from access_service import exceptions as granting
from access_service.command_line import NUMBER, WHY
from access_service.console import Installation, typed_pin
from access_service.errors import OperatorError
from access_service.storage import exceptions
from access_service.storage.engine import database_errors

_DISTRICT = click.option("--district", "code", required=True, help="The district, by its code.")
_UNTIL = click.option(
    "--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day, a year ahead at most."
)
_REASON = click.option("--reason", required=True, type=WHY, help="Why, for the record.")


@click.group()
def exception() -> None:
    """Test cards for vendors, and students whom the nights leave alone: each has a last day."""


@exception.group()
def add() -> None:
    """Grant one."""


@add.command("test-card")
@_DISTRICT
@_UNTIL
@_REASON
@click.option("--number", help="Its library number; without it, one like the district's that nobody has.")
@click.option("--pin", "with_pin", is_flag=True, help="Ask for a PIN (typed unseen, or one line on standard input).")
@click.pass_obj
def test_card(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation, code: str, until: datetime, reason: str, number: str | None, with_pin: bool
) -> None:
    """Make a card that is nobody's, for a vendor to try. Without a PIN none works."""
    databases, district = installation.databases(), installation.settings().district(code)
    grant = granting.Grant(district, until.date(), reason)
    pin = typed_pin() if with_pin else ""
    with database_errors():
        added, card = granting.add_test_card(databases, installation.auditor(databases), grant, number, pin)
    click.echo(f"exception {added}: test card {card.patron.library_number} works through {grant.until}")


@add.command()
@_DISTRICT
@_UNTIL
@_REASON
@click.option("--number", help="The student's number, in any form.")
@click.option("--source-id", help="The student's id in the student information system.")
@click.pass_obj
def skip(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation, code: str, until: datetime, reason: str, number: str | None, source_id: str | None
) -> None:
    """Have the nights leave a student alone, who need not be known yet: neither made nor changed nor ended."""
    if bool(number) == bool(source_id):
        raise click.UsageError("give one of --number and --source-id")
    databases, district = installation.databases(), installation.settings().district(code)
    grant = granting.Grant(district, until.date(), reason)
    with database_errors():
        added, patron = granting.add_skip(databases, installation.auditor(databases), grant, number, source_id)
    who = f"patron {patron}" if patron else "this student, who is no patron,"
    click.echo(f"exception {added}: nights leave {who} alone through {grant.until}")


@exception.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_(installation: Installation, as_json: bool) -> None:
    """Show all that ends on a day, the first to end first; a student who is no patron is not named."""
    databases, districts = installation.databases(), installation.settings().districts
    with database_errors(), databases.reader.connect() as connection:
        now = datetime.now(UTC)
        found = [row for each in districts.values() for row in granting.listed(connection, each, now)]
    if as_json:
        click.echo(json.dumps({"exceptions": [row.as_json() for row in found]}))
        return
    for row in found:
        click.echo(str(row))


@exception.command()
@click.argument("exception", type=NUMBER)
@_REASON
@click.pass_obj
def remove(installation: Installation, exception: int, reason: str) -> None:
    """End an exception today. A test card is forgotten, and nights look at the student again."""
    databases, districts = installation.databases(), installation.settings().districts
    with database_errors(), databases.reader.connect() as connection:
        granted = exceptions.get(connection, exception)
    if granted is None or granted.district not in districts:
        raise OperatorError(f"no exception {exception}; `access-service exception list` shows those there are")
    with database_errors():
        auditor = installation.auditor(databases)
        granting.remove(databases, auditor, districts[granted.district], exception, reason)
    click.echo(f"exception {exception} has ended")
