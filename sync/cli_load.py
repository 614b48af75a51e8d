"""roster-sync load: tell the ILS now what it does not know yet."""

import json

import click

from access_service import command_line
from access_service.storage import schema
from access_service.storage.engine import database_errors
from sync import ils
from sync.console import JSON, Installation


@click.command("load")
@click.argument("district")
@click.option("--full", is_flag=True, help="Tell of everybody, not only what changed: for an ILS that lost something.")
@click.option("--preview", is_flag=True, help="Count what would be told, and write nothing.")
@JSON
@click.pass_obj
def load_(installation: Installation, district: str, full: bool, preview: bool, as_json: bool) -> None:
    """Tell the ILS what it does not know yet of DISTRICT's patrons, as every night does.

    What an earlier night could not deliver goes first. Safe to repeat; 1 where the ILS could not be reached.
    """
    job = installation.job(district)
    schema.check(job.databases)
    loading = ils.loading_of(job)
    reading = ils.reading_of(job)
    if not preview and (loading.ils.extract or loading.ils.rejects):
        for line in ils.heard(reading)["lines"]:
            click.echo(line, err=True)
    with database_errors():
        told = (
            ils.preview(loading, whole=full) if preview else ils.load(loading, job.settings.service.spool, whole=full)
        )
    facts = {"district": district, "preview": preview, **told.as_json()}
    click.echo(json.dumps(facts) if as_json else f"{district}: {_text(told, preview)}")
    if told.late:
        click.get_current_context().exit(command_line.EXPECTED_ERROR)


def _text(told: ils.Told, preview: bool) -> str:
    if not preview:
        return f"load {told.as_text()}"
    counted = ", ".join(f"{count:,} {action}" for action, count in told.counts.items() if count) or "nothing"
    first = f"would deliver {told.first}, and then" if told.first else "would"
    return f"{first} tell the ILS {counted}; {told.kept_back:,} kept back"
