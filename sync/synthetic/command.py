"""roster-sync synthesize: a district that never was, as a file."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from access_service.errors import OperatorError
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.oddities.oddity import Oddity
from sync.synthetic.writing import write_roster

_LIST = "list"
_MOST_STUDENTS = 10_000_000


def _described(context: click.Context, parameter: click.Parameter, chosen: tuple[str, ...] | str) -> object:
    """Of "list" every name with its line, and nothing else."""
    if _LIST in (chosen if isinstance(chosen, tuple) else (chosen,)):
        names = {each.value: each.description for each in Oddity}
        if parameter.name == "form":
            names = {each.value: FORMS[each].description for each in Format}
        click.echo("\n".join(f"{name:<{max(map(len, names))}}  {line}" for name, line in names.items()))
        context.exit()
    return chosen


def _named(kind: type[Format] | type[Oddity]) -> click.Choice[str]:
    return click.Choice([*(each.value for each in kind), _LIST])


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=_named(Format),
    metavar="NAME",
    default=Format.ONEROSTER_1_1.value,
    show_default=True,
    is_eager=True,
    callback=_described,
    help='The format; "list" names all.',
)
@click.option("--students", type=click.IntRange(1, _MOST_STUDENTS), default=2000, show_default=True, help="How many.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed is another district.")
@click.option("--night", type=click.IntRange(0), default=0, show_default=True, help="Which night; 0 is the first.")
@click.option("--nights", type=click.IntRange(1), help="Write so many nights into the folder TO, a day apart.")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="The date of the (first) night; default: today."
)
@click.option(
    "--oddity",
    "oddities",
    type=_named(Oddity),
    metavar="NAME",
    multiple=True,
    is_eager=True,
    callback=_described,
    help='What is odd about it; repeatable; "list" names all.',
)
@click.option(
    "--adults", type=click.FloatRange(0, 10), default=0.1, show_default=True, help="Teachers and guardians per student."
)
def synthesize(  # noqa: PLR0913 one for each option
    *,
    to: Path,
    form: str,
    students: int,
    seed: int,
    night: int,
    nights: int | None,
    today: datetime | None,
    oddities: tuple[str, ...],
    adults: float,
) -> None:
    """Write the roster of a made-up district to TO: a .zip, a folder, or the one file of a format.

    The same options and date give the same bytes.
    """
    first = today.date() if today else datetime.now(UTC).date()
    district = SyntheticDistrict(first, students, seed, night, adults)
    chosen = [each for each in Oddity if each in oddities]
    if nights is None:
        write_roster(to, district, Format(form), chosen)
        return
    if to.suffix == ".zip":
        raise OperatorError(f"{to.name}: --nights writes many files; name a folder")
    to.mkdir(parents=True, exist_ok=True)
    for turn in range(nights):
        tonight = replace(district, today=first + timedelta(days=turn), night=night + turn)
        write_roster(to / f"night-{tonight.night:03}.zip", tonight, Format(form), chosen)
