"""access-service client: who may ask."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from time import time

import click

from access_service import clients as keys
from access_service.audit import Action, Deed
from access_service.console import Installation
from access_service.domain.client import Client, DialectName, Options, Release
from access_service.domain.traffic import Traffic
from access_service.errors import OperatorError
from access_service.storage import clients, traffic
from access_service.storage.engine import database_errors

DEFAULT_RELEASES = (Release.PATRON_ID, Release.LIBRARY_NUMBER, Release.PATRON_TYPE, Release.BRANCH, Release.EXPIRES)


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
    configured, databases = installation.settings(), installation.databases()
    added = Client(
        name=name,
        dialects=frozenset(map(DialectName, dialects)),
        districts=frozenset(configured.district(code).code for code in districts),
        networks=tuple(map(keys.network, networks)),
        releases=frozenset(map(Release, releases or DEFAULT_RELEASES)),
        options=keys.with_options(Options(), options),
    )
    key = keys.new_key() if keys.has_key(added) else None
    with database_errors(), installation.auditor(databases).transaction(databases) as record:
        keys.admit(record.connection, added, key, datetime.now(UTC))
        record.note(Deed(Action.CLIENT_ADD, f"client {name}", after=clients.facts(added)))
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
    databases = installation.databases()
    with database_errors(), installation.auditor(databases).transaction(databases) as record:
        known = keys.named(record.connection, name)
        changed = keys.with_options(known.options, key)
        keys.check_addresses(record.connection, replace(known, options=changed))
        clients.set_options(record.connection, name, changed)
        before, after = (clients.OPTIONS.dump_python(each, mode="json") for each in (known.options, changed))
        record.note(Deed(Action.CLIENT_SET, f"client {name}", before=before, after=after))
    _warn(installation, replace(known, options=changed))
    click.echo(f"client {name} is changed")


@client.command("revoke")
@click.argument("name")
@click.pass_obj
def client_revoke(installation: Installation, name: str) -> None:
    """End a client: within seconds it is refused everywhere. Its name is not given again."""
    databases = installation.databases()
    with database_errors(), installation.auditor(databases).transaction(databases) as record:
        if not clients.revoke(record.connection, name, datetime.now(UTC)):
            raise OperatorError(f"no client {name!r} to revoke; `access-service client list` names them")
        record.note(Deed(Action.CLIENT_REVOKE, f"client {name}"))
    click.echo(f"client {name} is revoked")


def _warn(installation: Installation, known: Client) -> None:
    if known.options.relay and not installation.settings().service.relay:
        click.echo(
            f"client {known.name}: relay does nothing until service.toml has [relay]; see docs/relay.md", err=True
        )


def _today(asked: Traffic) -> str:
    """Of a client's day what tells of guessing."""
    unknown = asked.unknown / asked.asked if asked.asked else 0
    return (
        f"today {asked.asked:,} questions, {unknown:.0%} of unknown numbers; wrong PINs {asked.wrong} of"
        f" {asked.day_limit}, this hour {asked.hour_wrong} of {asked.hour_limit}, of known patrons {asked.exempt};"
        f" {asked.refused} refused, {asked.hour_locks} locked this hour; alarms: {', '.join(asked.raised) or 'none'}"
    )
