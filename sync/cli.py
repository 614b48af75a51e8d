"""roster-sync: the night's commands."""

import getpass
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import click
from rich.console import Console

from access_service import command_line, settings
from access_service.storage import engine
from access_service.storage.runs import Outcome
from sync import inspection
from sync import job as night
from sync.job import Job
from sync.reading import NOBODYS
from sync.report import Report, source_text
from sync.sftp import check_source, credentials, has_credentials


@dataclass(frozen=True, slots=True)
class Installation:
    """The configuration folder that the commands work from."""

    folder: Path


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
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@cli.command()
@click.argument("district")
@_FILE
@_JSON
@click.pass_obj
def run(installation: Installation, district: str, file: Path | None, as_json: bool) -> None:
    """Fetch DISTRICT's roster and apply it: all of it or, where it is held (exit code 2), none."""
    _work(night.run, installation, district, file, as_json)


@cli.command()
@click.argument("district")
@_FILE
@_JSON
@click.pass_obj
def preview(installation: Installation, district: str, file: Path | None, as_json: bool) -> None:
    """Show what a run would do now, by the same code, and write nothing (exit code 2 if it would be held)."""
    _work(night.preview, installation, district, file, as_json)


@cli.command("check-source")
@click.argument("district")
@_JSON
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
@click.pass_obj
def inspect(installation: Installation, file: Path, district: str | None) -> None:
    """Say what FILE is and what is in it, and print a district file to start from. Stores nothing."""
    settled = settings.load(installation.folder).district(district) if district else NOBODYS
    found = inspection.inspect(file, settled, datetime.now(UTC).date())
    click.echo("\n".join(inspection.as_text(found)), err=True)
    click.echo(inspection.as_district(found))


def _work(
    action: Callable[[Job], Report], installation: Installation, district: str, file: Path | None, as_json: bool
) -> None:
    configured = settings.load(installation.folder)
    configured.district(district)
    databases = engine.connect(configured.service.database.url)
    with _phases() as phase:
        report = action(Job(configured, databases, district, f"{_who()} by command", file, phase=phase))
    click.echo(json.dumps(report.as_json()) if as_json else report.as_text())
    if report.outcome in (Outcome.HELD, Outcome.HELD_IN_PART):
        click.get_current_context().exit(command_line.HELD)


@contextmanager
def _phases() -> Iterator[Callable[[str], None]]:
    """Show on a terminal which phase a run is in."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update


def _who() -> str:
    try:
        return f"{getpass.getuser()}@{socket.gethostname()}"
    except (KeyError, OSError):
        # A container's user need not have a name.
        return socket.gethostname()


def main() -> NoReturn:
    """Entry point of roster-sync."""
    command_line.run(cli)
