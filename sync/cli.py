"""roster-sync: the night's commands."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click

from access_service import command_line, settings
from sync import district_file, inspection, notify
from sync import job as night
from sync.cli_accounts import accounts
from sync.cli_age import age_
from sync.cli_extract import extract_
from sync.cli_freeze import freeze, thaw
from sync.cli_holds import approve, discard, holds_, show
from sync.cli_load import load_
from sync.cli_matches import matches
from sync.cli_notify import notify_
from sync.cli_quarantine import quarantine
from sync.cli_rekey import recycle, rekey_, undo_
from sync.cli_renumber import renumber_
from sync.cli_rules import rules
from sync.cli_schedule import request, schedule
from sync.console import JSON, Installation, work
from sync.reading import NOBODYS
from sync.report import shown, source_text
from sync.sftp import check_source, credentials, has_credentials
from sync.synthetic.command import synthesize


@click.group()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    envvar="ACCESS_CONFIG",
    default="config",
    show_default=True,
    help="The configuration folder.",
)
@click.version_option(package_name="student-id-access")
@click.pass_context
def cli(context: click.Context, config: Path) -> None:
    """Turn a district's roster into library patrons, safely."""
    context.obj = Installation(config)


_FILE = click.option(
    "--file",
    "file",
    type=click.Path(exists=True, path_type=Path),
    help="A roster on this machine (zip, folder or CSV) in place of the district's feed.",
)


@cli.command()
@click.argument("district")
@_FILE
@JSON
@click.pass_obj
def run(installation: Installation, district: str, file: Path | None, as_json: bool) -> None:
    """Fetch DISTRICT's roster and apply it: all of it or, where it is held (exit code 2), none."""
    job = installation.job(district, file)
    try:
        work(night.run, job, as_json)
    finally:
        for line in notify.after_run(job.settings, job.databases, district, datetime.now(UTC)):
            click.echo(line, err=True)


@cli.command()
@click.argument("district")
@_FILE
@JSON
@click.pass_obj
def preview(installation: Installation, district: str, file: Path | None, as_json: bool) -> None:
    """Show what a run would do now, by the same code, and write nothing (exit code 2 if it would be held)."""
    work(night.preview, installation.job(district, file), as_json)


@cli.command("check-source")
@click.argument("district")
@JSON
@click.pass_obj
def check_source_(installation: Installation, district: str, as_json: bool) -> None:
    """Try DISTRICT's SFTP source step by step, without downloading, and show the host key to pin."""
    feed = settings.load(installation.folder).district(district).feed
    # Before a key or password exists, a source can still show its host key.
    login = credentials(district) if has_credentials(district) else None
    found = check_source(feed, login)
    click.echo(json.dumps(asdict(found), default=str) if as_json else source_text(found, datetime.now(UTC)))
    if found.problem:
        click.get_current_context().exit(command_line.EXPECTED_ERROR)


@cli.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--district", help="Read as this district's settings say; without it, as nobody's.")
@click.option(
    "--feed", "tried", multiple=True, metavar="KEY=VALUE", help="Try a [feed] key, such as columns.grade=YearGroup."
)
@click.pass_obj
def inspect(installation: Installation, file: Path, district: str | None, tried: tuple[str, ...]) -> None:
    """Say what FILE is and what is in it, and print a district file to start from. Stores nothing."""
    settled = settings.load(installation.folder).district(district) if district else NOBODYS
    found = inspection.inspect(file, inspection.trying(settled, tried), datetime.now(UTC).date())
    click.echo("\n".join(map(shown, inspection.as_text(found))), err=True)
    click.echo(district_file.as_district(found, file.name))


for command in (holds_, show, approve, discard, undo_, rekey_, recycle, renumber_, freeze, thaw):
    cli.add_command(command)
for command in (age_, extract_, load_, notify_, schedule, request):
    cli.add_command(command)
cli.add_command(accounts)
cli.add_command(matches)
cli.add_command(quarantine)
cli.add_command(rules)
cli.add_command(synthesize)


def main() -> NoReturn:
    """Entry point of roster-sync."""
    command_line.run(cli)
