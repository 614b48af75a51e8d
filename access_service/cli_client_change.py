"""access-service client: another address, another fact or another key for a client that stays."""

import click

from access_service.admitting import Lists
from access_service.cli_client import counter
from access_service.console import Installation
from access_service.domain.client import DialectName, Release
from access_service.errors import OperatorError
from access_service.storage.engine import database_errors


@click.command("change")
@click.argument("name")
@click.option("--dialect", "dialects", multiple=True, type=click.Choice([d.value for d in DialectName]))
@click.option("--district", "districts", multiple=True, help="A district it is answered about.")
@click.option("--network", "networks", multiple=True, help="Where it asks from, such as 10.1.2.0/24.")
@click.option("--release", "releases", multiple=True, type=click.Choice([r.value for r in Release]))
@click.pass_obj
def client_change(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation,
    name: str,
    dialects: tuple[str, ...],
    districts: tuple[str, ...],
    networks: tuple[str, ...],
    releases: tuple[str, ...],
) -> None:
    """Change what a client may do: each list that is given takes the place of the one it has, whole, and the others
    stay. It holds within seconds."""
    if not (dialects or districts or networks or releases):
        raise OperatorError("nothing to change: give --dialect, --district, --network or --release")
    with database_errors():
        changed, lacks_key = counter(installation).change(name, Lists(dialects, districts, networks, releases))
    click.echo(f"client {name} is changed")
    if lacks_key:
        asking = ", ".join(sorted(changed.dialects - changed.known_by_address))
        said = f"it has no key, and needs one in {asking}: run `access-service client new-key {name}`"
        click.echo(said, err=True)


@click.command("new-key")
@click.argument("name")
@click.pass_obj
def client_new_key(installation: Installation, name: str) -> None:
    """Give a client another key, and show it this once. The old one is refused within seconds, and what it opened
    ends: sessions of SIP2, and tokens."""
    with database_errors():
        key = counter(installation).new_key(name)
    click.echo(f"client {name} has another key, shown only now: {key}")
