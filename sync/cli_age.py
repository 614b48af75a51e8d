"""roster-sync age: let go of what is too old, without a run."""

import json

import click

from sync import ageing
from sync.console import JSON, Installation
from sync.report import counted


@click.command("age")
@click.argument("district", required=False)
@JSON
@click.pass_obj
def age_(installation: Installation, district: str | None, as_json: bool) -> None:
    """Let go of what DISTRICT's agreement, or each one's, lets nobody keep any longer. Every run does it too."""
    settings = installation.settings()
    codes = [settings.district(district).code] if district else list(settings.districts)
    aged = {code: ageing.age_alone(installation.job(code)) for code in codes}
    if as_json:
        click.echo(json.dumps({"aged": aged}))
        return
    for code, counts in aged.items():
        click.echo(f"{code}: {counted(counts) or 'nothing is too old'}")
