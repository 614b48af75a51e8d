"""access-service staff: who may open the pages, without a sign-in of the library's own."""

import json
import sys

import click
import segno

from access_service.console import Installation
from access_service.domain.staff import StaffMember, StaffRole
from access_service.staff import NewAccount, StaffRoom
from access_service.storage import staff as accounts
from access_service.storage.engine import database_errors

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_PASSWORD_ONLY = click.option(
    "--password-only", is_flag=True, help="No one-time codes: such an account is good on this machine alone."
)


@click.group()
def staff() -> None:
    """Accounts for the pages at /admin; with [admin.oidc] nobody needs one."""


@staff.command("add")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice([role.value for role in StaffRole]), help="What they do.")
@click.option("--district", "districts", multiple=True, help="A district they see; without it, all of them.")
@_PASSWORD_ONLY
@_JSON
@click.pass_obj
def staff_add(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation, name: str, role: str, districts: tuple[str, ...], password_only: bool, as_json: bool
) -> None:
    """Make an account, and show its password and the key of its one-time codes this once."""
    configured, databases = installation.settings(), installation.databases()
    if not name.isprintable() or name != name.strip() or not 0 < len(name) <= accounts.NAME_LENGTH:
        raise click.UsageError(f"NAME should be one to {accounts.NAME_LENGTH} printable characters")
    seen = frozenset(configured.district(code).code for code in districts)
    room = StaffRoom(databases, installation.vault(databases))
    member = StaffMember(name, StaffRole(role), seen)
    with database_errors():
        made = room.add(installation.auditor(databases), member, second_factor=not password_only)
    _show(name, made, as_json=as_json)


@staff.command("new-password")
@click.argument("name")
@_PASSWORD_ONLY
@_JSON
@click.pass_obj
def staff_new_password(installation: Installation, name: str, password_only: bool, as_json: bool) -> None:
    """Give an account another password and key of one-time codes; whoever has it open is signed out."""
    databases = installation.databases()
    room = StaffRoom(databases, installation.vault(databases))
    with database_errors():
        made = room.renew(installation.auditor(databases), name, second_factor=not password_only)
    _show(name, made, as_json=as_json)


@staff.command("end")
@click.argument("name")
@click.pass_obj
def staff_end(installation: Installation, name: str) -> None:
    """End an account; whoever has it open is signed out."""
    databases = installation.databases()
    with database_errors():
        StaffRoom(databases, installation.vault(databases)).end(installation.auditor(databases), name)
    click.echo(f"staff {name} ended")


@staff.command("list")
@click.pass_obj
def staff_list(installation: Installation) -> None:
    """List the accounts that are not ended."""
    with database_errors(), installation.databases().reader.connect() as connection:
        for account in accounts.everyone(connection):
            member = account.member
            codes = "with one-time codes" if account.totp else "password only, on this machine alone"
            districts = " ".join(sorted(member.districts)) or "all districts"
            click.echo(f"{member.name}: {member.role}, {districts}, {codes}")


def _show(name: str, made: NewAccount, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"name": name, "password": made.password, "totp_secret": made.secret or None}))
        return
    click.echo(f"staff {name}; the password, shown only now: {made.password}")
    if made.secret:
        click.echo(f"one-time codes: read this with an authenticator app, or type its key {made.secret}")
        segno.make(made.uri(name)).terminal(out=sys.stdout, compact=True)
