"""What the night's commands share: the installation, and how a run is started and shown."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console

from access_service import command_line, settings
from access_service.command_line import typed_by
from access_service.settings import Settings
from access_service.storage import engine
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync.job import Job
from sync.quarantine import Replay
from sync.report import Report

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@dataclass(frozen=True, slots=True)
class Installation:
    """The configuration folder that the commands work from."""

    folder: Path

    def settings(self) -> Settings:
        return settings.load(self.folder)

    def databases(self) -> Databases:
        return engine.connect(self.settings().service.database.url)

    def job(self, district: str, file: Path | None = None, replay: Replay | None = None) -> Job:
        """A district's job, started by whoever types. Errors: ConfigError."""
        configured = self.settings()
        configured.district(district)
        return Job(configured, self.databases(), district, typed_by(), file, replay)


def work(action: Callable[[Job], Report], job: Job, as_json: bool) -> None:
    """Run or preview, show what came of it, and end with its exit code."""
    with phases() as phase:
        report = action(replace(job, phase=phase))
    click.echo(json.dumps(report.as_json()) if as_json else report.as_text())
    if report.outcome in (Outcome.HELD, Outcome.HELD_IN_PART):
        click.get_current_context().exit(command_line.HELD)


@contextmanager
def phases() -> Iterator[Callable[[str], None]]:
    """Show on a terminal which phase a run is in."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("starting") as status:
        yield status.update
