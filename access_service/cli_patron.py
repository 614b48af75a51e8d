"""access-service patron: what the desk does with one patron."""

from datetime import datetime

import click

from access_service import desk, overrides
from access_service.command_line import WHY
from access_service.console import Installation
from access_service.domain.ownership import OWNED, Owner
from access_service.domain.patron import PatronRecord
from access_service.settings import District
from access_service.storage.engine import Databases, database_errors

_REASON = click.option("--reason", required=True, type=WHY, help="Why, for the record.")


@click.group()
def patron() -> None:
    """One patron, by any form of a number."""


@patron.command()
@click.argument("number")
@click.option("--expires", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The last day of the full card.")
@click.option("--patron-type", help="The ILS's patron type of the full card; without it, as it is.")
@_REASON
@click.pass_obj
def convert(installation: Installation, number: str, expires: datetime, patron_type: str | None, reason: str) -> None:
    """Make a graduate's account a full library card: from now on no roster touches it. Again, it gives a new date."""
    databases = installation.databases()
    district, found = _named(installation, databases, number)
    card = desk.Conversion(expires.date(), patron_type, reason)
    with database_errors():
        desk.convert(databases, installation.auditor(databases), district, found.patron_id, card)
    click.echo(
        f"patron {found.patron_id}, {found.patron.library_number}: a full library card through {card.expires};"
        " no roster touches it any more"
    )


@patron.command("give-back")
@click.argument("number")
@_REASON
@click.pass_obj
def give_back(installation: Installation, number: str, reason: str) -> None:
    """Take a conversion back: the card ends, and the next roster that has the student makes it theirs again."""
    databases = installation.databases()
    district, found = _named(installation, databases, number)
    with database_errors():
        desk.give_back(databases, installation.auditor(databases), district, found.patron_id, reason)
    click.echo(f"patron {found.patron_id}, {found.patron.library_number}: has left, until a roster has the student")


@patron.command("set")
@click.argument("number")
@click.argument("field", nargs=-1, required=True, metavar="FIELD=VALUE...")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day that it holds; without it, until released."
)
@_REASON
@click.pass_obj
def set_(installation: Installation, number: str, field: tuple[str, ...], until: datetime | None, reason: str) -> None:
    """Set fields by hand: given_name, family_name, branch, patron_type, profile, expires. No night changes them."""
    databases = installation.databases()
    district, found = _named(installation, databases, number)
    setting = overrides.Setting(overrides.parsed(field, district.rules), reason, until.date() if until else None)
    with database_errors():
        overrides.hold(databases, installation.auditor(databases), district, found.patron_id, setting)
    ends = f"through {setting.until}" if setting.until else "until released"
    click.echo(f"patron {found.patron_id}: {', '.join(sorted(setting.values))} set; no night changes that {ends}")


@patron.command()
@click.argument("number")
@click.argument("field", nargs=-1, required=True, type=click.Choice(OWNED))
@_REASON
@click.pass_obj
def release(installation: Installation, number: str, field: tuple[str, ...], reason: str) -> None:
    """Let fields go that were set by hand: the next night puts back what their owner says."""
    databases = installation.databases()
    district, found = _named(installation, databases, number)
    with database_errors():
        overrides.release(databases, installation.auditor(databases), district, found.patron_id, field, reason)
    for name in sorted(set(field)):
        stays = district.rules.owners.of(name) is not Owner.ROSTER
        said = "the library owns it, so it stays as it is" if stays else "the next night puts the roster's back"
        click.echo(f"patron {found.patron_id}: {name} released; {said}")


def _named(installation: Installation, databases: Databases, number: str) -> tuple[District, PatronRecord]:
    districts = installation.settings().districts
    with database_errors(), databases.reader.connect() as connection:
        found = desk.named(connection, districts, number)
    return districts[found.patron.district], found
