"""roster-sync notify: tell what is to be told, or try whether it would arrive."""

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from access_service import command_line
from sync import notify
from sync.console import JSON, Installation


@click.command("notify")
@click.argument("district", required=False)
@click.option("--test", is_flag=True, help="Send a test message by each way that is set, and say what came of it.")
@JSON
@click.pass_obj
def notify_(installation: Installation, district: str | None, test: bool, as_json: bool) -> None:
    """Tell people what they do not know yet of DISTRICT, or of all: held, failed and missed nights, agreements."""
    settings, now = installation.settings(), datetime.now(UTC)
    codes = [settings.district(district).code] if district else list(settings.districts)
    if test:
        told = [each for code in codes for each in notify.try_out(settings, code, now)]
    else:
        databases = installation.databases()
        told = [each for code in codes for each in notify.tell(settings, databases, code, now)]
    if as_json:
        click.echo(json.dumps({"told": [asdict(each) for each in told]}))
    else:
        click.echo("\n".join(map(str, told)) or "nothing is sent: " + _why(test=test))
    if any(each.error for each in told):
        click.get_current_context().exit(command_line.EXPECTED_ERROR)


def _why(*, test: bool) -> str:
    return "no [notify] names an address or a webhook" if test else "there is nothing that people do not know"
