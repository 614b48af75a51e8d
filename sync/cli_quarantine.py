"""roster-sync quarantine: look at rows that could not be used, and put them to use once they are mended."""

import json
import os
from collections import Counter
from functools import partial
from pathlib import Path

import click

from access_service.command_line import NUMBER
from access_service.errors import OperatorError
from access_service.remedies import remedy
from access_service.storage import quarantine as storage
from access_service.storage.engine import database_errors
from access_service.storage.quarantine import Entry
from sync import job as night
from sync.console import JSON, Installation, work
from sync.formats.sheet import read_sheet
from sync.quarantine import Seal
from sync.quarantine.replay import Kept, build, export, mended
from sync.report import counted, shown


@click.group()
def quarantine() -> None:
    """Rows that no run could use: list, show, export and replay them."""


@quarantine.command("list")
@click.argument("district")
@JSON
@click.pass_obj
def list_(installation: Installation, district: str, as_json: bool) -> None:
    """List DISTRICT's kept rows by number, place and code. Shows nothing of what they say."""
    entries = _of_district(installation, district)
    if as_json:
        rows = [
            {name: getattr(entry, name) for name in ("entry", "file", "line", "code", "run_id")} for entry in entries
        ]
        more = [{"column": entry.header, "kept_on": entry.kept_on.isoformat()} for entry in entries]
        listed = [row | rest for row, rest in zip(rows, more, strict=True)]
        click.echo(json.dumps({"district": district, "entries": listed}))
        return
    by_code = Counter(f"{entry.code} in {entry.file}" for entry in entries)
    click.echo(f"{district}: {len(entries):,} rows kept" + (f": {counted(by_code)}" if entries else ""))
    for entry in entries:
        click.echo(f"  {_place(entry)}, kept on {entry.kept_on}")


@quarantine.command()
@click.argument("entry", type=NUMBER)
@click.pass_obj
def show(installation: Installation, entry: int) -> None:
    """Show what the row of ENTRY says, and what to do about it. This is personal data, for your eyes alone."""
    databases = installation.databases()
    with database_errors(), databases.reader.connect() as connection:
        found = storage.find(connection, entry)
    if not found:
        raise OperatorError(f"no entry {entry} in the quarantine; `roster-sync quarantine list DISTRICT` names them")
    sent = Seal(night.sync_key()).open(found)
    click.echo(f"{_place(found)}, run {found.run_id}, kept on {found.kept_on}")
    cause, cure = remedy(found.code)
    click.echo(f"  because  {cause}\n  to do    {cure}")
    if not sent:
        click.echo("  the row could not be divided into its cells, so nothing else of it is kept")
    hidden = _hidden(installation, found.district)
    for row in sent:
        click.echo(f"  {row.file} line {row.line}")
        for name, cell in row.cells.items():
            # As a string literal: a control character must not reach the terminal.
            click.echo(f"    {shown(name):<16} {'(a PIN: shown to nobody)' if name in hidden else repr(cell)}")


@quarantine.command("export")
@click.argument("district")
@click.option("--to", type=click.Path(path_type=Path), required=True, help="The file to write; it must not be there.")
@click.pass_obj
def export_(installation: Installation, district: str, to: Path) -> None:
    """Write DISTRICT's kept rows, word for word, to a CSV file to mend and replay. This is personal data."""
    kept = _opened(_of_district(installation, district))
    try:
        with open(to, "x", opener=partial(os.open, mode=0o600), encoding="utf-8", newline="") as file:
            file.write(export(kept, _hidden(installation, district)))
    except FileExistsError:
        raise OperatorError(f"{to} is there already; name another file") from None
    without = sum(1 for _, sent in kept if not sent)
    click.echo(f"{len(kept) - without:,} rows in {to}; {without:,} without cells are left out. Delete it when done")


@quarantine.command()
@click.argument("district")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A mended export.")
@click.option("--entry", "numbers", type=NUMBER, multiple=True, help="Only this entry; may be given again.")
@click.option("--preview", is_flag=True, help="Show what it would do, and write nothing.")
@JSON
@click.pass_obj
def replay(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation, district: str, file: Path | None, numbers: tuple[int, ...], preview: bool, as_json: bool
) -> None:
    """Run DISTRICT's kept rows, and nobody else's, as a roster of their own, under the rules as they are now."""
    kept = _opened(_chosen(_of_district(installation, district), numbers, district))
    if file:
        header, rows = read_sheet(file)
        kept = mended(kept, header, rows)
    if not kept:
        raise OperatorError(f"no rows of {district} to replay")
    work(night.preview if preview else night.run, installation.job(district, replay=build(kept)), as_json)


def _chosen(entries: list[Entry], numbers: tuple[int, ...], district: str) -> list[Entry]:
    if missing := sorted(set(numbers) - {entry.entry for entry in entries}):
        raise OperatorError(f"no entry {missing[0]} of {district}; `roster-sync quarantine list {district}` names them")
    return [entry for entry in entries if not numbers or entry.entry in numbers]


def _hidden(installation: Installation, district: str) -> set[str]:
    """The roster column of PINs, which nobody may read: it comes along into a replay by itself."""
    return {name for field, name in installation.settings().district(district).feed.columns.items() if field == "pin"}


def _of_district(installation: Installation, district: str) -> list[Entry]:
    installation.settings().district(district)
    with database_errors(), installation.databases().reader.connect() as connection:
        return storage.of_district(connection, district)


def _opened(entries: list[Entry]) -> list[Kept]:
    seal = Seal(night.sync_key())
    return [(entry, seal.open(entry)) for entry in entries]


def _place(entry: Entry) -> str:
    column = f", column {shown(entry.header)}" if entry.header else ""
    return f"{entry.entry:>5}  {entry.file}:{entry.line} {entry.code}{column}"
