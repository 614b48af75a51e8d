"""roster-sync rekey, recycle and undo: whose source id is whose, and back from what was done."""

import json
from dataclasses import replace
from pathlib import Path

import click

from access_service import command_line
from access_service.command_line import NUMBER, WHY
from access_service.storage import library_numbers, runs, schema
from access_service.storage.engine import database_errors
from access_service.storage.runs import Run
from sync import holds, rekey, renumber, undo
from sync.console import JSON, Installation, phases
from sync.pairing import Pairing
from sync.plan import MOST_EXAMPLES

MOST_LISTED = 100
_REASON = click.option("--reason", required=True, type=WHY, help="Why, for the ledger.")
_PREVIEW = click.option("--preview", is_flag=True, help="Show what it would do, and write nothing.")


@click.command("rekey")
@click.argument("district")
@click.option(
    "--file", type=click.Path(exists=True, path_type=Path), help="A roster on this machine in place of the held file."
)
@_PREVIEW
@click.option("--reason", type=WHY, help="Why, for the ledger. Only a preview needs none.")
@JSON
@click.pass_obj
def rekey_(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation, district: str, file: Path | None, preview: bool, reason: str | None, as_json: bool
) -> None:
    """Give DISTRICT's patrons the new source ids of the held file, found by student number; all else stays theirs."""
    if not (preview or reason):
        raise click.UsageError("Missing option '--reason'.")
    job = installation.job(district, file)
    schema.check(job.databases)
    job = job if file else holds.of_district(job)
    run_id, found = (None, rekey.preview(job)) if preview else rekey.rekey(job, reason or "")
    facts = {"district": district, "preview": preview, "run": run_id, "counts": found.counts}
    alone = [known.patron_id for known in found.contradicting]
    click.echo(json.dumps({**facts, "contradicting": alone}) if as_json else _text(district, run_id, found))


@click.command()
@click.argument("district")
@click.argument("patron", type=NUMBER, nargs=-1, required=True)
@_REASON
@click.pass_obj
def recycle(installation: Installation, district: str, patron: tuple[int, ...], reason: str) -> None:
    """Say that DISTRICT gave the ids of these PATRONs to other students (id_recycled): the next night makes them new.

    The patrons keep everything and are missing from now on.
    """
    job = installation.job(district)
    schema.check(job.databases)
    run_id = rekey.recycle(job, patron, reason)
    click.echo(f"{district}: run {run_id} took {len(set(patron))} source ids back; the next night makes new patrons")


@click.command("undo")
@click.argument("run", type=NUMBER)
@_PREVIEW
@click.option("--reason", type=WHY, help="Why, for the ledger.")
@JSON
@click.pass_obj
def undo_(installation: Installation, run: int, preview: bool, reason: str | None, as_json: bool) -> None:
    """Put every patron that RUN changed back to what it was, but for those that were changed since.

    Patrons that it made leave. Its file is not applied again; an undo can be undone. RUN can be a rekey, recycle or
    renumber too.
    """
    databases = installation.databases()
    with database_errors(), databases.reader.connect() as connection:
        edited = runs.get(connection, run)
        numbers = library_numbers.is_by(connection, run)
    if edited and (numbers or rekey.is_one(edited)):
        _back(installation, edited, None if preview else reason or "", as_json, numbers=numbers)
        return
    order = undo.Order(installation.settings(), databases, run, command_line.typed_by(), reason or "")
    with phases() as phase:
        report = (undo.preview if preview else undo.undo)(replace(order, phase=phase))
    click.echo(json.dumps(report.as_json()) if as_json else report.as_text())


def _back(installation: Installation, edited: Run, reason: str | None, as_json: bool, *, numbers: bool) -> None:
    job, run = installation.job(edited.district), edited.run_id
    way, what = (renumber, "library numbers") if numbers else (rekey, "source ids")
    found = way.preview_back(job, run) if reason is None else way.back(job, run, reason)
    counts = {"put_back": len(found.moves), "left_alone": len(found.left_alone)}
    if as_json:
        facts = {"district": job.code, "preview": reason is None, "run": None if reason is None else found.run_id}
        click.echo(json.dumps({**facts, "undoes": run, "counts": counts, "left_alone": found.left_alone}))
        return
    said = f"would undo run {run}" if reason is None else f"run {found.run_id} undid run {run}"
    click.echo(f"{job.code}: {said}: {counts['put_back']:,} patrons have the {what} that they had")
    if found.left_alone:
        click.echo("  left alone: patrons " + ", ".join(map(str, found.left_alone[:MOST_LISTED])))


def _text(district: str, run_id: int | None, found: Pairing) -> str:
    what = f"run {run_id} gave" if run_id else "would give"
    lines = [
        f"{district}: {what} {len(found.pairs):,} patrons new source ids, {found.confirmed:,} of them confirmed by name"
        " and birth date; card, PIN and usage stay theirs",
        f"  missing from the roster {found.missing:,}, new in it {found.new:,}, now another's id {len(found.freed):,}",
    ]
    if found.pairs:
        lines.append("  for example " + ", ".join(known.library_number for known, _ in found.pairs[:MOST_EXAMPLES]))
    if found.contradicting:
        numbers = ", ".join(known.library_number for known in found.contradicting[:MOST_LISTED])
        lines.append(f"  left alone, for name or birth date say otherwise {len(found.contradicting):,}: {numbers}")
    return "\n".join(lines)
