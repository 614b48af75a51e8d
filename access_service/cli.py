"""access-service: the day's commands."""

import json
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import NoReturn

import click

from access_service import clients as keys
from access_service import command_line, settings
from access_service.directory import PatronDirectory
from access_service.domain.client import Client, DialectName, Release
from access_service.errors import ConfigError, OperatorError
from access_service.examples import check_examples
from access_service.explain import Explainer
from access_service.overlaps import check_overlaps
from access_service.pin_vault import PinVault
from access_service.protocols.rest import codec
from access_service.settings import Settings
from access_service.storage import clients, engine, peppers, schema
from access_service.storage.engine import Databases, database_errors
from access_service.throttle import Throttle
from access_service.usage import UsageCounter

DEFAULT_RELEASES = (Release.PATRON_ID, Release.LIBRARY_NUMBER, Release.PATRON_TYPE, Release.BRANCH, Release.EXPIRES)


@dataclass(frozen=True, slots=True)
class Installation:
    """What the commands work on: a configuration folder and all that it leads to."""

    folder: Path

    def settings(self) -> Settings:
        return settings.load(self.folder)

    def databases(self) -> Databases:
        opened = engine.connect(self.settings().service.database.url)
        schema.check(opened)
        return opened

    def vault(self, databases: Databases) -> PinVault:
        """The PIN vault, with the peppers that the stored PINs need."""
        vault = PinVault.from_environment()
        with database_errors(), databases.reader.connect() as connection:
            vault.check(peppers.used(connection))
        return vault


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
    districts = installation.settings().districts
    for district in districts.values():
        check_examples(district)
        click.echo(f"{district.code}: {len(district.examples)} examples hold")
        if district.agreement.ends < datetime.now(district.zone).date():
            click.echo(f"{district.code}: the agreement ended on {district.agreement.ends}; no run starts", err=True)
    check_overlaps(districts)


@cli.command()
@click.argument("number")
@click.option("--client", "name", required=True, help="Answer as this client would be answered.")
@click.option("--with-pin", is_flag=True, help="Ask for a PIN too (typed unseen, or one line on standard input).")
@click.pass_obj
def lookup(installation: Installation, number: str, name: str, with_pin: bool) -> None:
    """Answer as the JSON dialect would, for one client. Failed PINs count, sign-ins do not."""
    databases, configured = installation.databases(), installation.settings()
    client = _client(databases, name)
    directory = PatronDirectory(
        databases.reader,
        configured.districts,
        installation.vault(databases),
        Throttle(databases.reader, lambda: datetime.now(UTC).timestamp()),
        UsageCounter(databases.reader, date.today),
    )
    if with_pin:
        answer = codec.verdict(directory.authenticate(number, _pin(), client), client)
    else:
        answer = codec.card(directory.find(number, client), client)
    click.echo(json.dumps(answer, indent=2))


@cli.command()
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def explain(installation: Installation, number: str, as_json: bool) -> None:
    """Say why a number, as typed or scanned, works or does not, and what to do next."""
    databases, districts = installation.databases(), installation.settings().districts
    vault = installation.vault(databases)
    with database_errors(), databases.reader.connect() as connection:
        found = Explainer(connection, districts, vault, datetime.now(UTC)).explain(number)
    if as_json:
        click.echo(json.dumps({"standing": found.standing, "lines": found.lines, "next_step": found.next_step}))
        return
    click.echo("\n".join([*found.lines, f"standing: {found.standing}", f"next: {found.next_step}"]))


@cli.group()
def client() -> None:
    """Clients: who may ask, from where, in which dialect, about which districts."""


@client.command("add")
@click.argument("name")
@click.option("--dialect", "dialects", multiple=True, required=True, type=click.Choice([d.value for d in DialectName]))
@click.option("--district", "districts", multiple=True, required=True, help="A district it is answered about.")
@click.option("--network", "networks", multiple=True, required=True, help="Where it asks from, such as 10.1.2.0/24.")
@click.option(
    "--release",
    "releases",
    multiple=True,
    type=click.Choice([r.value for r in Release]),
    help=f"A fact it may be told; without this option: {', '.join(DEFAULT_RELEASES)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def client_add(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation,
    name: str,
    dialects: tuple[str, ...],
    districts: tuple[str, ...],
    networks: tuple[str, ...],
    releases: tuple[str, ...],
    as_json: bool,
) -> None:
    """Add a client, and show its key this once (the Patron API has no keys: there the address counts)."""
    configured, databases = installation.settings(), installation.databases()
    added = Client(
        name=name,
        dialects=frozenset(map(DialectName, dialects)),
        districts=frozenset(configured.district(code).code for code in districts),
        networks=tuple(map(_network, networks)),
        releases=frozenset(map(Release, releases or DEFAULT_RELEASES)),
    )
    key = keys.new_key() if DialectName.REST in added.dialects else None
    with database_errors(), databases.writer.begin() as connection:
        keys.admit(connection, added, key, datetime.now(UTC))
    if as_json:
        click.echo(json.dumps({"name": name, "key": key}))
    else:
        click.echo(f"client {name} added" + (f"; its key, shown only now: {key}" if key else ""))


@client.command("list")
@click.pass_obj
def client_list(installation: Installation) -> None:
    """List the clients that are not revoked."""
    with database_errors(), installation.databases().reader.connect() as connection:
        found = clients.active(connection)
    for _, known in found:
        networks = " ".join(map(str, known.networks))
        click.echo(
            f"{known.name}: speaks {' '.join(sorted(known.dialects))} about {' '.join(sorted(known.districts))}"
            f" from {networks}; is told {' '.join(sorted(known.releases))}"
        )


@client.command("revoke")
@click.argument("name")
@click.pass_obj
def client_revoke(installation: Installation, name: str) -> None:
    """End a client: within seconds it is refused everywhere. Its name is not given again."""
    with database_errors(), installation.databases().writer.begin() as connection:
        if not clients.revoke(connection, name, datetime.now(UTC)):
            raise OperatorError(f"no client {name!r} to revoke; `access-service client list` names them")
    click.echo(f"client {name} is revoked")


def _pin() -> str:
    """A prompt would ask the terminal even where a PIN is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt("PIN", hide_input=True, default="", show_default=False, err=True))


def _client(databases: Databases, name: str) -> Client:
    with database_errors(), databases.reader.connect() as connection:
        found = {client.name: client for _, client in clients.active(connection)}
    if name not in found:
        raise OperatorError(f"no client {name!r}; there are: {', '.join(found) or 'none'}")
    return found[name]


def _network(text: str) -> keys.Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigError(f"--network {text}: should be a network such as 10.1.2.0/24, or one address") from error


def main() -> NoReturn:
    """Entry point of access-service."""
    command_line.run(cli)
