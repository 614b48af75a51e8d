"""access-service audit: who did what, and whether that record is whole."""

import json

import click

from access_service import audit as chain
from access_service import command_line
from access_service.console import Installation
from access_service.storage import audit as rows
from access_service.storage.engine import database_errors


@click.group()
def audit() -> None:
    """Who did what, when and why."""


@audit.command("list")
@click.option("--last", default=20, show_default=True, type=click.IntRange(min=1), help="So many, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_(installation: Installation, last: int, as_json: bool) -> None:
    """Show the newest entries. Who somebody is stands there as a keyed hash."""
    with database_errors(), installation.databases().reader.connect() as connection:
        found = list(rows.entries(connection, last))
    if as_json:
        click.echo(json.dumps({"entries": [_facts(entry) for entry in found]}))
        return
    for entry in found:
        why = f": {entry.reason}" if entry.reason else ""
        click.echo(f"{entry.seq}  {entry.at:%Y-%m-%d %H:%M} UTC  {entry.by}  {entry.action}  {entry.subject}{why}")


@audit.command()
@click.option("--head", metavar="SEQ:MAC", help="A newest entry that was noted elsewhere, such as in the log.")
@click.pass_obj
def verify(installation: Installation, head: str | None) -> None:
    """Find any entry that was changed, removed, cut off or written anew (exit code 1)."""
    databases, heads = installation.databases(), installation.settings().service.audit_heads
    with database_errors(), databases.reader.connect() as connection:
        seq, mac = rows.last(connection)
        wrong = list(chain.verify(connection, installation.vault(databases), heads, _head(head)))
    for line in wrong:
        click.echo(line, err=True)
    if wrong:
        click.get_current_context().exit(command_line.EXPECTED_ERROR)
    click.echo(f"{seq} entries, none changed, removed or cut off; the newest is {seq}:{mac.hex()}")


def _head(noted: str | None) -> chain.Head | None:
    if noted is None:
        return None
    seq, _, mac = noted.partition(":")
    if not seq.isdecimal() or not mac:
        raise click.BadParameter("should be a number and a mac such as 12:9f86d0...", param_hint="--head")
    return chain.Head(int(seq), mac)


def _facts(entry: rows.Entry) -> dict[str, object]:
    facts = entry._asdict() | {"at": entry.at.isoformat(), "mac": entry.mac.hex()}
    return facts | {side: json.loads(getattr(entry, side)) for side in ("before", "after")}
