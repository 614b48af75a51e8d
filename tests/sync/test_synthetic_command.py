"""`roster-sync synthesize` as people run it, and the page that describes it."""

import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from access_service.errors import OperatorError
from sync.cli import cli
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.formats import FORMS, Format
from sync.synthetic.oddities.oddity import Oddity
from tests.sync.synthetic import read, unzipped, written

PAGE = Path(__file__).parents[2] / "docs" / "synthetic.md"
ON = ("--students", "90", "--today", "2027-06-29")


def synthesize(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["synthesize", *map(str, arguments)])


def test_a_roster_by_command(tmp_path: Path) -> None:
    """Every option reaches the file: it is the one that the same district writes without the command."""
    path = tmp_path / "clever.zip"
    options = ("--format", "clever", "--seed", "4", "--night", "3", "--adults", "0.5", "--oddity", "bom")
    done = synthesize(path, *ON, *options)
    assert (done.exit_code, done.output) == (0, "")
    district = SyntheticDistrict(date(2027, 6, 29), size=90, seed=4, night=3, adult_share=0.5)
    same = written(tmp_path, district, Format.CLEVER, [Oddity.BOM], name="same.zip")
    assert path.read_bytes() == same.read_bytes()


def test_nights_go_on_through_the_summer(tmp_path: Path) -> None:
    """The date advances by a day, and on 1 July everybody is a grade higher, without those who graduated."""
    assert synthesize(tmp_path / "year", *ON, "--nights", "4", "--night", "10").exit_code == 0
    nights = sorted((tmp_path / "year").iterdir())
    assert [night.name for night in nights] == [f"night-{n:03}.zip" for n in (10, 11, 12, 13)]
    rosters = [read(night, SyntheticDistrict(date(2027, 6, 29))) for night in nights]
    june, july = (dict(zip(r.frame["source_id"], r.frame["grade"], strict=True)) for r in rosters[1:3])
    assert {june[who] for who in june.keys() - july.keys()} >= {"12"}
    assert {july[who] for who in july.keys() - june.keys()} >= {"KG"}
    promoted = {(june[who], july[who]) for who in june.keys() & july.keys()}
    assert ("KG", "01") in promoted and ("11", "12") in promoted and all(a != b for a, b in promoted)


@pytest.mark.parametrize(("option", "names"), [("--format", Format), ("--oddity", Oddity)])
def test_a_list_says_what_there_is(option: str, names: type[Format] | type[Oddity]) -> None:
    """Every name with its line, and no TO is asked for."""
    said = synthesize(option, "list")
    assert said.exit_code == 0
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in said.output.splitlines())
    assert list(lines) == [str(name) for name in names]
    assert all(lines.values())


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    """A zip cannot hold many nights, and nothing is written."""
    refused = synthesize(tmp_path / "all.zip", "--nights", "3")
    assert isinstance(refused.exception, OperatorError) and "name a folder" in str(refused.exception)
    refused = synthesize(tmp_path / "x.zip", "--format", "flat", "--oddity", "role-ended")
    assert isinstance(refused.exception, OperatorError)
    assert synthesize(tmp_path / "x.zip", "--oddity", "no-such-thing").exit_code == 2
    assert synthesize(tmp_path / "x.zip", "--students", "0").exit_code == 2
    assert not list(tmp_path.iterdir())


def test_no_adults_is_possible(tmp_path: Path) -> None:
    """Classes are then without a teacher."""
    assert synthesize(tmp_path / "c.zip", *ON, "--format", "clever", "--adults", "0").exit_code == 0
    files = unzipped(tmp_path / "c.zip")
    assert len(files["teachers.csv"].rows) == 1 and set(files["sections.csv"].cells("Teacher_id")) == {""}


def test_the_page_names_what_there_is() -> None:
    """docs/synthetic.md has the line of each format and oddity as the command says it, and no other."""
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    expected = [(str(form), FORMS[form].description) for form in Format]
    expected += [(str(oddity), oddity.description) for oddity in Oddity]
    assert rows == expected
