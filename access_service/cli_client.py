"""access-service client: who may ask."""

import json
from time import time

import click

from access_service import clients as keys
from access_service.admitting import DEFAULT_RELEASES, Counter, Lists, idle_relay
from access_service.console import Installation
from access_service.domain.client import Client, DialectName, Release
from access_service.domain.traffic import Traffic
from access_service.storage import clients, traffic
from access_service.storage.engine import database_errors


@click.group()
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
@click.option("--set", "options", multiple=True, metavar="KEY=VALUE", help="What its software needs otherwise.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def client_add(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation,
    name: str,
    dialects: tuple[str, ...],
    districts: tuple[str, ...],
    networks: tuple[str, ...],
    releases: tuple[str, ...],
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Add a client, and show its key this once (where the address is all that counts, there is none)."""
    with database_errors():
        added, key = counter(installation).add(name, Lists(dialects, districts, networks, releases), options)
    _warn(installation, added)
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
        asked = traffic.everyone(connection, int(time()))
    for _, known in found:
        networks = " ".join(map(str, known.networks))
        click.echo(
            f"{known.name}: speaks {' '.join(sorted(known.dialects))} about {' '.join(sorted(known.districts))}"
            f" from {networks}; is told {' '.join(sorted(known.releases))}"
        )
        if today := asked.get(known.name):
            click.echo(f"  {_today(today)}")
        # As `client set` takes them.
        for key, value in keys.differing(known.options):
            click.echo(f"  {key}={value}")


@client.command("set")
@click.argument("name")
@click.argument("key", nargs=-1, required=True, metavar="KEY=VALUE...")
@click.pass_obj
def client_set(installation: Installation, name: str, key: tuple[str, ...]) -> None:
    """Change what the client's software needs: docs/clients.md has the keys. It holds within seconds."""
    with database_errors():
        changed = counter(installation).set(name, key)
    _warn(installation, changed)
    click.echo(f"client {name} is changed")


@client.command("revoke")
@click.argument("name")
@click.pass_obj
def client_revoke(installation: Installation, name: str) -> None:
    """End a client: within seconds it is refused everywhere. Its name is not given again."""
    with database_errors():
        counter(installation).revoke(name)
    click.echo(f"client {name} is revoked")


def counter(installation: Installation) -> Counter:
    """Where clients are added and ended, for whoever types."""
    databases = installation.databases()
    return Counter(installation.settings(), databases, installation.auditor(databases))


def _warn(installation: Installation, known: Client) -> None:
    if warning := idle_relay(known, installation.settings().service):
        click.echo(warning, err=True)


def _today(asked: Traffic) -> str:
    """Of a client's day what tells of guessing."""
    unknown = asked.unknown / asked.asked if asked.asked else 0
    return (
        f"today {asked.asked:,} questions, {unknown:.0%} of unknown numbers; wrong PINs {asked.wrong} of"
        f" {asked.day_limit}, this hour {asked.hour_wrong} of {asked.hour_limit}, of known patrons {asked.exempt};"
        f" {asked.refused} refused, {asked.hour_locks} locked this hour; alarms: {', '.join(asked.raised) or 'none'}"
    )
