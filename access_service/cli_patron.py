"""access-service patron: what the desk does with one patron."""

from datetime import datetime

import click

from access_service import desk, overrides
from access_service.blocks import BlockDesk
from access_service.command_line import WHY
from access_service.console import Installation, typed_pin
from access_service.domain.chosen_pins import MAX_DIGITS, PinRefusal
from access_service.domain.ownership import OWNED, Owner
from access_service.domain.patron import PatronRecord
from access_service.errors import OperatorError
from access_service.pin_desk import PinDesk
from access_service.settings import District
from access_service.storage.engine import Databases, database_errors

REFUSED = {
    PinRefusal.NOT_DIGITS: "a PIN has the digits 0 to 9 only: keypads have no others",
    PinRefusal.TOO_SHORT: "a PIN has at least {} digits ([pins] minimum_length)",
    PinRefusal.TOO_LONG: f"a PIN has at most {MAX_DIGITS} digits",
    PinRefusal.ONE_DIGIT: "a PIN of one digit repeated is too easy to guess; choose another",
    PinRefusal.SEQUENCE: "a PIN of digits in a row is too easy to guess; choose another",
    PinRefusal.IN_NUMBER: "this PIN stands in the number on the card; choose another",
    PinRefusal.ISSUED: "this is the PIN that was issued; choose another, or give --reset to go back to it",
    PinRefusal.NOT_KEPT_HERE: "no PIN can be chosen here: it is the ILS's ([pins] owner), or the card is a test card,"
    " or its holder has left",
}

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


@patron.command()
@click.argument("number")
@click.option("--random", "at_random", is_flag=True, help="Make a new one, and show it this once.")
@click.option("--reset", is_flag=True, help="Forget the chosen one: the issued one opens again.")
@_REASON
@click.pass_obj
def pin(installation: Installation, number: str, at_random: bool, reset: bool, reason: str) -> None:
    """Set a chosen PIN: typed unseen, or one line on standard input. Failed tries of the patron are forgotten."""
    if at_random and reset:
        raise click.UsageError("give one of --random and --reset")
    settings, databases = installation.settings(), installation.databases()
    with database_errors(), databases.reader.connect() as connection:
        found = desk.counting(connection, desk.named(connection, settings.districts, number))
    auditor, pins = installation.auditor(databases), PinDesk(databases, settings)
    if not pins.keeps(found):
        raise OperatorError(f"patron {found.patron_id}: {REFUSED[PinRefusal.NOT_KEPT_HERE]}")
    if reset:
        with database_errors():
            pins.take_back(auditor, found, reason)
        left = "the issued one opens again" if found.pin_digest else "none was issued, so none opens"
        click.echo(f"patron {found.patron_id}: the chosen PIN is forgotten; {left}")
        return
    typed = None if at_random else typed_pin().strip()
    with database_errors():
        if typed is None:
            chosen = pins.give_random(auditor, found, reason)
        else:
            chosen = pins.choose(auditor, found, typed, reason) or ""
    if isinstance(chosen, PinRefusal):
        raise OperatorError(REFUSED[chosen].format(settings.service.pins.minimum_length))
    click.echo(f"patron {found.patron_id}: a PIN was chosen; the issued one opens nothing any more")
    if chosen:
        click.echo(f"PIN, shown only now: {chosen}")


@patron.command()
@click.argument("number")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day of the block; without it, until it is lifted."
)
@_REASON
@click.pass_obj
def block(installation: Installation, number: str, until: datetime | None, reason: str) -> None:
    """Block a patron from the next lookup on; again, it gives another reason or day."""
    databases = installation.databases()
    district, found = _named(installation, databases, number)
    with database_errors():
        made = BlockDesk(databases, installation.auditor(databases), district).block(
            found, reason, until.date() if until else None
        )
    ends = f"through {made.until}" if until else "until `access-service patron unblock` lifts it"
    click.echo(f"patron {found.patron_id}, {found.patron.library_number}: blocked {ends}")


@patron.command()
@click.argument("number")
@_REASON
@click.pass_obj
def unblock(installation: Installation, number: str, reason: str) -> None:
    """Lift the library's own block of a patron; one of the ILS stays."""
    databases = installation.databases()
    district, found = _named(installation, databases, number)
    with database_errors():
        BlockDesk(databases, installation.auditor(databases), district).unblock(found, reason)
    theirs = "; the ILS still blocks the card" if found.blocked else ""
    click.echo(f"patron {found.patron_id}, {found.patron.library_number}: no longer blocked here{theirs}")


def _named(installation: Installation, databases: Databases, number: str) -> tuple[District, PatronRecord]:
    districts = installation.settings().districts
    with database_errors(), databases.reader.connect() as connection:
        found = desk.named(connection, districts, number)
    return districts[found.patron.district], found
