"""access-service: what it takes to connect a vendor, once it is a client."""

import os
import secrets
from datetime import UTC, date, datetime

import click

from access_service import clients as keys
from access_service import exceptions as granting
from access_service.command_line import EXPECTED_ERROR
from access_service.console import Installation, typed_pin
from access_service.domain.client import Client
from access_service.domain.pins import BIRTH_DATE_FORMATS, PinKind, PinRule
from access_service.errors import OperatorError
from access_service.overrides import LONGEST
from access_service.settings import District, Settings, secret
from access_service.storage.engine import database_errors
from access_service.trying.playing import needs_key, play
from access_service.trying.trial import Secrets

KEY_VARIABLE = "CLIENT_KEY"
# How long a PIN is where the district's rule does not say, and at the least.
USUAL_DIGITS, FEWEST_DIGITS = 6, 4


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
    until = min(datetime.now(UTC).astimezone(district.zone).date() + LONGEST, district.agreement.last_day)
    pin = random_pin(district.rules.pin)
    grant = granting.Grant(district, until, f"for {name} to try")
    with database_errors():
        added, card = granting.add_test_card(databases, installation.auditor(databases), grant, None, pin)
    click.echo(f"exception {added}: a test card for {name}, which works through {until}")
    click.echo(f"number: {card.patron.library_number}")
    click.echo(f"PIN, shown only now: {pin}")
    click.echo(f"name: {card.patron.given_name} {card.patron.family_name}")
    click.echo(f"patron type: {card.patron.patron_type}, branch: {card.patron.branch}")


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


def random_pin(rule: PinRule) -> str:
    """Digits, as many as the district's own PINs have: vendors' apps check that."""
    if layout := BIRTH_DATE_FORMATS.get(rule.rule):
        length = len(layout.format(date.max))
    else:
        length = max(rule.digits, FEWEST_DIGITS) if rule.rule is PinKind.LAST else USUAL_DIGITS
    return f"{secrets.randbelow(10**length):0{length}}"
