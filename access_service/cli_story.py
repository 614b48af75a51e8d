"""access-service story: the numbers for a board, printed or as files."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import click

from access_service.audit import Action, Deed
from access_service.console import Installation
from access_service.errors import OperatorError
from access_service.settings import District, Settings
from access_service.story import edition, sheets
from access_service.story.pictures import Form, draw, pictures
from access_service.story.scope import Scope, scope
from access_service.story.telling import ACCESS, YEAR, Figures
from access_service.story.words import NAMES, NIGHTS, day_name, shown

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("district")
@click.option("--school", metavar="CODE", help="Of one school, by its code in the roster.")
@click.option("--pdf", type=FILE, help="Write the two-page report.")
@click.option("--csv", type=FILE, help="Write the table by school and grade.")
@click.option("--months", type=FILE, help="Write the table by month, as CSV.")
@click.option("--pictures", "folder", type=click.Path(path_type=Path, file_okay=False), help="Write PNG and SVG there.")
@click.option("--again", is_flag=True, help="Count again, where today's numbers are published already.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def story(  # noqa: PLR0913, PLR0917 - a file each
    installation: Installation,
    district: str,
    school: str | None,
    pdf: Path | None,
    csv: Path | None,
    months: Path | None,
    folder: Path | None,
    *,
    again: bool,
    as_json: bool,
) -> None:
    """What the partnership achieved: students with access and use, by school and grade. Small numbers are hidden."""
    configured = installation.settings()
    told = configured.district(district)
    databases = installation.databases()
    if again:
        with installation.auditor(databases).transaction(databases) as record:
            record.note(Deed(Action.STORY_AGAIN, "story", district=district))
    figures = edition.of_today(databases, told, datetime.now(UTC), again=again)
    of = scope(figures, told, _known(figures, told, school))
    files = dict(_files(of, told, configured, {"pdf": pdf, "csv": csv, "months": months, "pictures": folder}))
    for path, content in files.items():
        _write(path, content)
    if as_json:
        facts = {"district": district, "school": school, "as_of": figures.today.isoformat(), **of.numbers}
        click.echo(json.dumps(facts))
    elif not files:
        click.echo("\n".join(_lines(of)))


def _files(
    of: Scope, district: District, configured: Settings, asked: Mapping[str, Path | None]
) -> Iterator[tuple[Path, bytes]]:
    if path := asked["pdf"]:
        from access_service.story import report  # noqa: PLC0415 - paper and pictures take a second to import

        yield path, report.pdf(of, configured.service.library.paper)
    if path := asked["csv"]:
        yield path, sheets.students(of, district)
    if path := asked["months"]:
        yield path, sheets.months(of)
    if path := asked["pictures"]:
        for each, form in product(pictures(of), Form):
            yield path / f"{each}.{form}", draw(of, each, form)


def _known(figures: Figures, district: District, school: str | None) -> str | None:
    if school is not None and school not in figures.schools:
        known = ", ".join(figures.schools) or "none"
        raise OperatorError(f"{district.code}: no student with access is at a school {school!r}; there are: {known}")
    return school


def _lines(of: Scope) -> list[str]:
    nights = of.figures.nights
    return [
        f"{of.place}, {day_name(of.figures.today)}",
        *(f"  {name:<22} {shown(of.numbers[measure]):>9}" for measure, name in NAMES.items()),
        f"  {'Nights kept':<22} {f'{nights.kept} of {nights.all}':>9}",
        *(
            f"  {part.name}: {shown(part.numbers[ACCESS])} with access, {shown(part.numbers[YEAR])} used it this year"
            for part in of.schools or of.grades
        ),
        NIGHTS,
    ]


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}; name a file that can be written") from error
    click.echo(f"wrote {path}", err=True)
