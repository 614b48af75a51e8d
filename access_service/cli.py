"""access-service: the day's commands."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

import click

from access_service import answering, clients, command_line
from access_service.checking import service_warnings
from access_service.cli_audit import audit
from access_service.cli_client import client
from access_service.cli_client_change import client_change, client_new_key
from access_service.cli_exception import exception
from access_service.cli_link import link
from access_service.cli_optout import opt_out
from access_service.cli_patron import patron
from access_service.cli_staff import staff
from access_service.cli_story import story
from access_service.cli_unlock import unlock
from access_service.cli_vendor import test_card, try_client
from access_service.console import Installation, typed_pin
from access_service.examples import check_examples
from access_service.explain import Explainer
from access_service.overlaps import check_overlaps
from access_service.protocols.rest import codec
from access_service.storage import engine, schema
from access_service.storage.engine import database_errors
from access_service.usage import UsageCounter


@click.group()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="ACCESS_CONFIG",
    default="config",
    show_default=True,
    help="The configuration folder.",
)
@click.version_option(package_name="student-id-access")
@click.pass_context
def cli(context: click.Context, config: Path) -> None:
    """Answer the ILS, vendors and self-checks: who is this, and may they come in?"""
    context.obj = Installation(config)


@cli.command()
@click.pass_obj
def serve(installation: Installation) -> None:
    """Serve HTTP until stopped (SIGTERM finishes requests under way)."""
    from access_service.web import server  # noqa: PLC0415 - a server's imports are for the one command that serves

    server.serve(installation.folder)


@cli.command("serve-sip2")
@click.pass_obj
def serve_sip2(installation: Installation) -> None:
    """Serve SIP2 until stopped (SIGTERM finishes answers under way, SIGHUP takes new certificates)."""
    from access_service.protocols.sip2 import server  # noqa: PLC0415 - as above

    server.serve(installation.folder)


@cli.command("upgrade-db")
@click.pass_obj
def upgrade_db(installation: Installation) -> None:
    """Create the database, or bring it to this program's version. Safe to repeat."""
    schema.upgrade(engine.connect(installation.settings().service.database.url))
    click.echo("the database is up to date")


@cli.command("check-config")
@click.pass_obj
def check_config(installation: Installation) -> None:
    """Read the whole configuration, run every district's examples, and refuse numbers that can overlap."""
    configured = installation.settings()
    for warning in service_warnings(configured.service):
        click.echo(warning, err=True)
    for district in configured.districts.values():
        check_examples(district)
        click.echo(f"{district.code}: {len(district.examples)} examples hold")
        for warning in district.warnings(datetime.now(district.zone).date()):
            click.echo(f"{district.code}: {warning}", err=True)
    check_overlaps(configured.districts)


@cli.command()
@click.argument("number")
@click.option("--client", "name", required=True, help="Answer as this client would be answered.")
@click.option("--with-pin", is_flag=True, help="Ask for a PIN too (typed unseen, or one line on standard input).")
@click.pass_obj
def lookup(installation: Installation, number: str, name: str, with_pin: bool) -> None:
    """Answer as the JSON dialect would, for one client. Failed PINs count, sign-ins do not."""
    databases, configured = installation.databases(), installation.settings()
    with database_errors(), databases.reader.connect() as connection:
        asking = clients.named(connection, name)
    usage = UsageCounter(databases.reader, date.today)
    directory = answering.directory(configured, databases, installation.vault(databases), usage)
    if with_pin:
        answer = codec.verdict(directory.authenticate(number, typed_pin(), asking), asking)
    else:
        answer = codec.card(directory.find(number, asking), asking)
    click.echo(json.dumps(answer, indent=2))


@cli.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def explain(installation: Installation, number: str, as_json: bool) -> None:
    """Say why a number, as typed or scanned, works or does not, and what to do next."""
    databases, configured = installation.databases(), installation.settings()
    districts, service = configured.districts, configured.service
    owner, relay = service.pins.owner, service.relay is not None
    vault = installation.vault(databases)
    with database_errors(), databases.reader.connect() as connection:
        found = Explainer(connection, districts, vault, datetime.now(UTC), owner, relay).explain(number)
    if as_json:
        fields = {name: origin.as_json() for name, origin in found.fields.items()}
        told = {"standing": found.standing, "lines": found.lines, "next_step": found.next_step, "fields": fields}
        click.echo(json.dumps(told))
        return
    origins = [f"field {name}: {origin}" for name, origin in found.fields.items()]
    click.echo("\n".join([*found.lines, *origins, f"standing: {found.standing}", f"next: {found.next_step}"]))


client.add_command(test_card)
client.add_command(client_change)
client.add_command(client_new_key)
cli.add_command(audit)
cli.add_command(try_client)
cli.add_command(client)
cli.add_command(exception)
cli.add_command(link)
cli.add_command(patron)
cli.add_command(staff)
cli.add_command(unlock)
cli.add_command(story)
cli.add_command(opt_out)


def main() -> NoReturn:
    """Entry point of access-service."""
    command_line.run(cli)
