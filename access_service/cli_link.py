"""access-service link: two patrons of two districts who are one person."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import click

from access_service.audit import Action, Deed
from access_service.command_line import WHY
from access_service.console import Installation
from access_service.errors import OperatorError
from access_service.storage import links
from access_service.storage.engine import database_errors
from access_service.storage.links import Link, Pair

_REASON = click.option("--reason", required=True, type=WHY, help="Why, for the record.")


@click.group()
def link() -> None:
    """Students who moved to another district and are one person. A PAIR is two patron ids, such as 17-4711."""


@link.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_(installation: Installation, as_json: bool) -> None:
    """List the pairs that share a state id and wait for a person, and those that were decided on."""
    with database_errors(), installation.databases().reader.connect() as connection:
        waiting, decided = links.proposed(connection), links.decisions(connection)
        pairs = [*waiting, *(Pair(each.elder, each.younger) for each in decided)]
        cards = links.numbers(connection, {patron_id for pair in pairs for patron_id in pair})
    said = ["proposed"] * len(waiting) + ["confirmed" if each.confirmed else "rejected" for each in decided]
    if as_json:
        facts = [
            {"pair": f"{pair.elder}-{pair.younger}", "state": state} for pair, state in zip(pairs, said, strict=True)
        ]
        click.echo(json.dumps({"links": facts}))
        return
    for pair, state in zip(pairs, said, strict=True):
        click.echo(
            f"{pair.elder}-{pair.younger}  {state}  {_card(pair.elder, cards)}  and  {_card(pair.younger, cards)}"
        )
    if not pairs:
        click.echo("no two patrons of two districts share a state id")


@link.command()
@click.argument("pair")
@_REASON
@click.pass_obj
def confirm(installation: Installation, pair: str, reason: str) -> None:
    """Say that a proposed PAIR is one person: either's numbers find the card that counts now, under the elder's id."""
    _decide(installation, _pair(pair), reason, confirmed=True)
    click.echo(f"{pair} are one person; `access-service link undo {pair}` takes that back")


@link.command()
@click.argument("pair")
@_REASON
@click.pass_obj
def reject(installation: Installation, pair: str, reason: str) -> None:
    """Say that a proposed PAIR is two people; it is not proposed again."""
    _decide(installation, _pair(pair), reason, confirmed=False)
    click.echo(f"{pair} are two people")


@link.command()
@click.argument("pair")
@_REASON
@click.pass_obj
def undo(installation: Installation, pair: str, reason: str) -> None:
    """Take back what was decided of a PAIR: each has its own card and id again."""
    databases, meant = installation.databases(), _pair(pair)
    with database_errors(), installation.auditor(databases).transaction(databases) as record:
        if not links.forget(record.connection, meant):
            raise OperatorError(
                f"{pair}: nothing was decided of this pair; `access-service link list` has those of which it was"
            )
        record.note(Deed(Action.LINK_UNDO, _subject(meant), reason))
    click.echo(f"{pair} is undecided again")


def _decide(installation: Installation, pair: Pair, reason: str, *, confirmed: bool) -> None:
    databases = installation.databases()
    auditor = installation.auditor(databases)
    with database_errors(), auditor.transaction(databases) as record:
        if pair not in links.proposed(record.connection):
            raise OperatorError(
                f"{pair.elder}-{pair.younger}: is not proposed; `access-service link list` has those that are"
            )
        links.decide(record.connection, Link(*pair, confirmed, auditor.by, datetime.now(UTC), reason))
        record.note(Deed(Action.LINK_CONFIRM if confirmed else Action.LINK_REJECT, _subject(pair), reason))


def _subject(pair: Pair) -> str:
    return f"patrons {pair.elder} and {pair.younger}"


def _pair(text: str) -> Pair:
    first, _, second = text.partition("-")
    if not (first.isdecimal() and second.isdecimal()):
        raise click.BadParameter("should be two patron ids such as 17-4711", param_hint="PAIR")
    return Pair(*sorted((int(first), int(second))))


def _card(patron_id: int, cards: Mapping[int, tuple[str, str, str]]) -> str:
    district, number, presence = cards.get(patron_id, ("forgotten", "", ""))
    return f"{district} {number} ({presence})"
