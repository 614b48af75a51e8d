"""roster-sync holds, show, approve, discard: a held night and who decides on it."""

import json

import click

from access_service.command_line import NUMBER, WHY
from access_service.errors import OperatorError
from access_service.storage import runs
from access_service.storage.engine import database_errors
from access_service.storage.runs import Run
from sync import holds
from sync.console import JSON, Installation, work
from sync.order import Job
from sync.report import shown

_REASON = click.option("--reason", required=True, type=WHY, help="Why, for the ledger.")


@click.command("holds")
@JSON
@click.pass_obj
def holds_(installation: Installation, as_json: bool) -> None:
    """List the nights that wait for a person."""
    found = holds.standing(installation.settings(), installation.databases())
    if as_json:
        click.echo(json.dumps({"holds": [_facts(run) for run in found]}))
        return
    for run in found:
        waits = f"run {run.run_id}  {run.district}  {run.outcome}  {run.started_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{waits}  {shown(run.file_name or '')}")
        for finding in run.report["findings"]:
            click.echo(shown(f"    {finding['text']} [{finding['code']}]"))
    if not found:
        click.echo("nothing is held")


@click.command()
@click.argument("run", type=NUMBER)
@click.pass_obj
def show(installation: Installation, run: int) -> None:
    """Show what held RUN would do now: why it waits, at which schools, and some library numbers to look at."""
    report = holds.look(_job(installation, run), run)
    click.echo(report.as_text())
    for school, counts in report.facts.get("by_school", {}).items():
        click.echo(
            shown(f"  at {school}: " + ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in counts.items()))
        )
    for kind, numbers in report.examples.items():
        click.echo(f"  for example {kind.replace('_', ' ')}: {', '.join(numbers)}")


@click.command()
@click.argument("run", type=NUMBER)
@_REASON
@JSON
@click.pass_obj
def approve(installation: Installation, run: int, reason: str, as_json: bool) -> None:
    """Apply the file of held RUN: planned again, and held again for anything that it was not held for before."""
    work(lambda job: holds.approve(job, run, reason), _job(installation, run), as_json)


@click.command()
@click.argument("run", type=NUMBER)
@_REASON
@click.pass_obj
def discard(installation: Installation, run: int, reason: str) -> None:
    """Throw the file of held RUN away; patrons stay as they are."""
    discarded = holds.discard(_job(installation, run), run, reason)
    click.echo(f"{discarded.district}: run {run} discarded; the next file is looked at as ever")


def _job(installation: Installation, run_id: int) -> Job:
    with database_errors(), installation.databases().reader.connect() as connection:
        run = runs.get(connection, run_id)
    if run is None:
        raise OperatorError(f"run {run_id}: there is no such run; `roster-sync holds` lists those that wait")
    return installation.job(run.district)


def _facts(run: Run) -> dict[str, object]:
    return {
        "run": run.run_id,
        "district": run.district,
        "outcome": run.outcome,
        "started_at": run.started_at.isoformat(),
        "file": run.file_name,
        "sha256": run.file_sha256,
        "findings": run.report["findings"],
    }
