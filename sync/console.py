"""What the night's commands share: the installation, and how a run is started and shown."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from access_service import command_line
from access_service import console as day
from access_service.command_line import typed_by
from access_service.storage import engine
from access_service.storage.runs import Outcome
from sync.job import Job
from sync.quarantine import Replay
from sync.report import Report

JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


class Installation(day.Installation):
    """What the commands work on: a configuration folder and the jobs of its districts."""

    def job(self, district: str, file: Path | None = None, replay: Replay | None = None) -> Job:
        """A district's job, started by whoever types. Errors: ConfigError."""
        settings = self.settings()
        settings.district(district)
        # Not checked here: the job looks at the schema, and people are told of a scheduled one that finds it wrong.
        databases = engine.connect(settings.service.database.url)
        return Job(settings, databases, district, typed_by(), file, replay)


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
