"""access-service opt-out: who is not to be a patron, whatever a roster says."""

import json
from collections import Counter
from pathlib import Path

import click

from access_service.command_line import WHY
from access_service.console import Installation
from access_service.number_file import read_numbers
from access_service.opt_outs import Kind
from access_service.opting_out import Done, Given, Office
from access_service.storage import opt_outs
from access_service.storage.engine import database_errors
from access_service.storage.opt_outs import OptOut

DISTRICT = click.option("--district", "code", required=True, help="The district that the student is of.")
KIND = click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Without it any number is meant.")
REASON = click.option("--reason", required=True, type=WHY, help="Kept on record; no names.")


@click.group("opt-out")
def opt_out() -> None:
    """Opt-outs: people who are not to be patrons, whatever a roster says."""


@opt_out.command()
@click.argument("number")
@DISTRICT
@KIND
@REASON
@click.pass_obj
def add(installation: Installation, number: str, code: str, kind: str | None, reason: str) -> None:
    """Opt somebody out, known already or not: unknown to every client at once, and nothing but keyed hashes kept."""
    with database_errors():
        done = _office(installation, code).add([Given(number, Kind(kind) if kind else None)], reason)
    if not done.new:
        click.echo("opted out already" + ("; the patron that was still stored is forgotten" if done.forgotten else ""))
    else:
        click.echo(
            f"opted out; {'the patron is forgotten' if done.forgotten else 'nobody with this number was stored'}"
        )


@opt_out.command()
@click.argument("number")
@DISTRICT
@KIND
@REASON
@click.pass_obj
def remove(installation: Installation, number: str, code: str, kind: str | None, reason: str) -> None:
    """The family opts in again: the next roster with this student makes a patron of them, under the same number."""
    with database_errors():
        ended = _office(installation, code).remove(Given(number, Kind(kind) if kind else None), reason)
    for entry in ended:
        click.echo(f"opt-out {entry.entry} of {entry.added_on} has ended; the next roster with this student counts")
        if entry.source == "roster":
            click.echo("it was the district's column: unless that says so too, the next roster opts them out again")


@opt_out.command("list")
@DISTRICT
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_(installation: Installation, code: str, as_json: bool) -> None:
    """Count and list the entries by number, day and author: there is nothing else to list."""
    district = installation.settings().district(code)
    with database_errors(), installation.databases().reader.connect() as connection:
        entries = {row.entry: row for row in opt_outs.of_district(connection, district.code)}
    counts = Counter(row.source for row in entries.values())
    if as_json:
        click.echo(json.dumps({"counts": counts, "entries": [_facts(row) for row in entries.values()]}))
        return
    for row in entries.values():
        click.echo(f"opt-out {row.entry}  {row.added_on}  {row.source}  {row.by}")
    click.echo(
        f"{len(entries)} opted out of {code}: {counts['library']} by the library, {counts['roster']} by the roster"
    )


@opt_out.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@DISTRICT
@KIND
@click.option("--column", help="The header of the column with the numbers; without it there is one column only.")
@REASON
@click.option("--dry-run", is_flag=True, help="Say what would be done, and write nothing.")
@click.pass_obj
def import_(  # noqa: PLR0913, PLR0917 - one parameter an option
    installation: Installation, file: Path, code: str, kind: str | None, column: str | None, reason: str, dry_run: bool
) -> None:
    """Opt out everybody in a CSV file: all of them, or where a line is wrong nobody."""
    with file.open("rb") as opened:
        given = read_numbers(opened, str(file), column, Kind(kind) if kind else None)
    office = _office(installation, code)
    with database_errors():
        done = office.preview(given) if dry_run else office.add(given, reason)
    click.echo(("nothing written; would be: " if dry_run else "") + _counted(done))


@opt_out.command()
@DISTRICT
@click.option("--done", is_flag=True, help="They were expired: forget their numbers.")
@click.pass_obj
def cards(installation: Installation, code: str, done: bool) -> None:
    """List the library numbers that the ILS should expire, each until it is said to be done."""
    office = _office(installation, code)
    with database_errors():
        found = office.cards()
        if done and found:
            office.told([entry for entry, _ in found])
    for _, number in found:
        click.echo(number)
    click.echo(f"{len(found)} cards " + ("done and forgotten" if done else "to expire in the ILS"), err=True)


def _office(installation: Installation, code: str) -> Office:
    databases = installation.databases()
    return Office(databases, installation.auditor(databases), installation.settings().district(code))


def _counted(done: Done) -> str:
    return f"{done.new} opted out, {done.known} opted out already, {done.forgotten} patrons forgotten"


def _facts(row: OptOut) -> dict[str, object]:
    return {"entry": row.entry, "added_on": row.added_on.isoformat(), "source": row.source, "by": row.by}
