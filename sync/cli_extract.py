"""roster-sync extract: what the ILS says, read now."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from access_service.pin_vault import PinVault
from access_service.storage import schema
from sync import ils
from sync.console import JSON, Installation


@click.command("extract")
@click.option(
    "--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="This file in place of the newest."
)
@JSON
@click.pass_obj
def extract_(installation: Installation, file: Path | None, as_json: bool) -> None:
    """Read the newest patron file of the ILS: whose cards there are, which are blocked, and what became of our loads.

    A file that is empty, old, half or another library's changes nothing, and is exit code 1.
    """
    databases, settings = installation.databases(), installation.settings()
    schema.check(databases)
    reading = ils.Reading(databases, settings, PinVault.from_environment(), lambda: datetime.now(UTC))
    taken = ils.take(reading, file)
    click.echo(json.dumps(taken.as_json()) if as_json else f"extract {taken}")
