"""access-service: what it takes to connect a vendor, once it is a client."""

import os

import click

from access_service import clients as keys
from access_service.admitting import make_test_card
from access_service.command_line import EXPECTED_ERROR
from access_service.console import Installation, typed_pin
from access_service.domain.client import Client
from access_service.errors import OperatorError
from access_service.settings import District, Settings, secret
from access_service.storage.engine import database_errors
from access_service.trying.playing import needs_key, play
from access_service.trying.trial import Secrets

KEY_VARIABLE = "CLIENT_KEY"


@click.command("test-card")
@click.argument("name")
@click.option("--district", "code", help="The district, where the client is answered about several.")
@click.pass_obj
def test_card(installation: Installation, name: str, code: str | None) -> None:
    """Make a card that is nobody's, for this client's people to try, and show its PIN this once.

    It works for a year at most; `access-service exception remove` ends it before.
    """
    databases, configured = installation.databases(), installation.settings()
    with database_errors(), databases.reader.connect() as connection:
        asking = keys.named(connection, name)
    district = _served(configured, asking, code)
    with database_errors():
        card = make_test_card(databases, installation.auditor(databases), asking, district)
    click.echo(f"exception {card.exception}: a test card for {name}, which works through {card.until}")
    click.echo(f"number: {card.number}")
    click.echo(f"PIN, shown only now: {card.pin}")
    click.echo(f"name: {card.name}")
    click.echo(f"patron type: {card.patron_type}, branch: {card.branch}")


@click.command("try-client")
@click.argument("name")
@click.argument("number")
@click.pass_obj
def try_client(installation: Installation, name: str, number: str) -> None:
    """Play each dialect of a client against the running service, and show both sides: exit code 0 if all say valid.

    It asks for the PIN, and for the client's key where it needs that and CLIENT_KEY is not set: both typed unseen, or
    one line each on standard input. A wrong PIN counts as one of the client's.
    """
    configured, databases = installation.settings(), installation.databases()
    with database_errors(), databases.reader.connect() as connection:
        stored, asking = keys.keyed(connection, name)
    typed = Secrets(typed_pin(), _key() if needs_key(asking) else "")
    # Another client's key would be answered as that client.
    if typed.key and keys.key_sha256(typed.key) != stored:
        remedy = f"is it lost, `access-service client new-key {name}` makes another"
        raise OperatorError(f"this is not the key of {name}; {remedy}")
    outcomes = {
        dialect: play(configured.service, asking, dialect, number, typed) for dialect in sorted(asking.dialects)
    }
    for dialect, outcome in outcomes.items():
        click.echo("\n".join([dialect, *(f"  {line}" for line in outcome.lines)]))
        click.echo(f"  = {'valid' if outcome.valid else 'not valid'}: {outcome.meaning}\n")
    if not all(outcome.valid for outcome in outcomes.values()):
        click.get_current_context().exit(EXPECTED_ERROR)


def _key() -> str:
    return secret(KEY_VARIABLE) if {KEY_VARIABLE, f"{KEY_VARIABLE}_FILE"} & os.environ.keys() else typed_pin("key")


def _served(configured: Settings, asking: Client, code: str | None) -> District:
    """The district of the card. OperatorError where it is not the client's, or one of several must be chosen."""
    served = sorted(asking.districts & configured.districts.keys())
    if code is None and len(served) == 1:
        code = served[0]
    if code not in served:
        raise OperatorError(f"--district: should be one that {asking.name} is answered about: {', '.join(served)}")
    return configured.districts[code]
