"""roster-sync renumber: other library numbers, once the template is another."""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

import click

from access_service.command_line import WHY
from access_service.errors import OperatorError
from access_service.storage import schema
from sync import renumber
from sync.console import JSON, Installation
from sync.plan import MOST_EXAMPLES
from sync.renumber import Renumbering


@click.command("renumber")
@click.argument("district")
@click.option("--preview", is_flag=True, help="Show what it would do and what clashes, and change nothing.")
@click.option("--reason", type=WHY, help="Why, for the ledger. Only a preview needs none.")
@click.option(
    "--list", "to", type=click.Path(path_type=Path), help="Write old and new numbers to a file, not there yet."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print them instead.")
@JSON
@click.pass_obj
def renumber_(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation,
    district: str,
    preview: bool,
    reason: str | None,
    to: Path | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Give DISTRICT's patrons the library numbers that its template makes now; the former ones find them still.

    The list of old and new numbers, for the ILS and vendors, is personal data.
    """
    if not (preview or reason):
        raise click.UsageError("Missing option '--reason'.")
    job = installation.job(district)
    schema.check(job.databases)
    with _list_file(to) as write:
        if preview:
            run_id, found = None, renumber.preview(job)
            write(found)
        else:
            run_id, found = renumber.renumber(job, reason or "", write)
    if as_csv:
        _write(found, sys.stdout)
    click.echo(_json(district, run_id, found) if as_json else _text(district, run_id, found), err=as_csv)


@contextmanager
def _list_file(to: Path | None) -> Iterator[Callable[[Renumbering], None]]:
    """What writes the list. Where nobody is renumbered there is no file."""
    if to is None:
        yield lambda _: None
        return
    try:
        with open(to, "x", opener=partial(os.open, mode=0o600), encoding="utf-8", newline="") as file:
            yield lambda found: _write(found, file)
    except FileExistsError:
        raise OperatorError(f"{to} is there already; name another file") from None
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def _write(found: Renumbering, file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["former_number", "library_number"])
    writer.writerows((move.old, move.new) for move in found.moves)
    file.flush()


def _json(district: str, run_id: int | None, found: Renumbering) -> str:
    facts = {"district": district, "preview": run_id is None, "run": run_id, "accepted": found.accepted}
    clashes = [
        {"patron": move.patron_id, "number": move.new, "clash": clash.name.lower()} for move, clash in found.clashes
    ]
    return json.dumps({**facts, "counts": found.counts, "clashes": clashes})


def _text(district: str, run_id: int | None, found: Renumbering) -> str:
    what = f"run {run_id} gave" if run_id else "would give"
    lines = [f"{district}: {what} {len(found.moves):,} patrons another library number; {found.same:,} have it already"]
    if found.moves:
        shown = ", ".join(f"{move.old} -> {move.new}" for move in found.moves[:MOST_EXAMPLES])
        lines.append(f"  for example {shown}")
    if found.left_alone:
        lines.append(f"  {found.left_alone:,} who left keep theirs, for the other one is somebody else's")
    if found.passed_on:
        lines.append(
            f"  {found.passed_on:,} numbers were another patron's until now: an old card is then another one's"
        )
    if found.clashes:
        lines.append(f"  clashing, so that nobody can be renumbered: {len(found.clashes):,}")
        lines += [f"    patron {move.patron_id}, {move.old} -> {move.new}: {clash}" for move, clash in found.clashes]
    if not found.accepted:
        lines.append(f"  these rules are not accepted yet: `roster-sync rules accept {district}` first")
    if run_id:
        lines.append("  the next night tells the ILS, or now `roster-sync load`; give vendors the list")
    return "\n".join(lines)
