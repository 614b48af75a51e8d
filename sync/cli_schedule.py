"""roster-sync schedule and request: what starts nights by itself, and a word to it."""

import json
from datetime import UTC, datetime

import click

from access_service import logs
from access_service.command_line import typed_by
from access_service.storage import requests
from access_service.storage.engine import database_errors
from sync.console import JSON, Installation
from sync.schedule import Service, as_json, as_text, timetable


@click.command()
@click.option("--list", "listed", is_flag=True, help="Say what runs when, and start nothing.")
@JSON
@click.pass_obj
def schedule(installation: Installation, listed: bool, as_json: bool) -> None:
    """Start every district's nights when its [schedule] says, until stopped.

    Of several such processes one works and the others stand by.
    """
    if listed or as_json:
        _list(installation, as_json)
        return
    logs.configure("schedule")
    Service(installation).serve()


@click.command()
@click.argument("district")
@JSON
@click.pass_obj
def request(installation: Installation, district: str, as_json: bool) -> None:
    """Ask the schedule for a run of DISTRICT; it starts within seconds, wherever the schedule runs."""
    installation.settings().district(district)
    databases = installation.databases()
    with database_errors(), databases.writer.begin() as connection:
        number = requests.ask(connection, district, typed_by(), datetime.now(UTC))
    said = f"request {number}: `roster-sync schedule` starts a run of {district}"
    click.echo(json.dumps({"request": number, "district": district}) if as_json else said)


def _list(installation: Installation, in_json: bool) -> None:
    databases, now = installation.databases(), datetime.now(UTC)
    lines = timetable(installation.settings(), databases, now)
    days = [(line, now.astimezone(line.district.zone).date()) for line in lines]
    if in_json:
        click.echo(json.dumps({"districts": [as_json(line, today) for line, today in days]}))
    else:
        click.echo("\n".join(as_text(line, today) for line, today in days) or "there is no district")
