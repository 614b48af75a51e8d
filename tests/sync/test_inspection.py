"""A district is set up from what its file shows."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from access_service.examples import check_examples
from access_service.settings import District
from sync.inspection import as_text, inspect
from sync.reading import NOBODYS
from sync.stand_ins import shape
from tests.sync.rosters import package, pupils
from tests.sync.test_flat import CLEVER, REAL, TODAY


def shown(file: Path, *options: str) -> tuple[str, str]:
    """What `roster-sync inspect` prints: the district file, and the page for a person."""
    command = [sys.executable, "-m", "sync", "inspect", str(file), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_the_district_file_it_prints_is_one(tmp_path: Path) -> None:
    """What is printed loads as it stands, and its example holds."""
    toml, _ = shown(package(tmp_path / "roster.zip", pupils(20)))
    district = District.model_validate(tomllib.loads(toml))
    check_examples(district)
    assert list(district.rules.schools) == ["101"]
    assert district.rules.student_number.pattern == r"\d{7}"


def test_the_page_says_what_is_in_the_file(tmp_path: Path) -> None:
    """Format, how it is written, columns used and never read, grades and schools."""
    (tmp_path / "students.csv").write_text(CLEVER + "101,7,12345,Synthetica,,Testa,PreSchool?,F,4/12/2017,W,One\n")
    page = "\n".join(as_text(inspect(tmp_path / "students.csv", NOBODYS, TODAY)))
    assert page.startswith("Clever students: 1 rows, 1 students, 0 others")
    assert "students.csv: UTF-8, comma; used" in page
    assert "never read: Middle_name, Gender, Race, Contact_name" in page
    assert "grades: not understood (1)" in page
    assert "schools: 101 (1)" in page


def test_keys_of_the_feed_can_be_tried(tmp_path: Path) -> None:
    """A list of one school with a column of its own becomes a district by the command alone."""
    (tmp_path / "list.csv").write_text("Student ID,Surname,Form\n12345,Synthetica,3\n")
    toml, page = shown(tmp_path / "list.csv", "--feed", "columns.grade=Form", "--feed", "school=101")
    assert "grade from Form" in page and "schools: 101 (1)" in page
    feed = District.model_validate(tomllib.loads(toml)).feed
    assert (feed.columns, feed.school) == ({"grade": "Form"}, "101")


def test_nobody_is_shown(tmp_path: Path) -> None:
    """Numbers are shown by their shape, names and birth dates not at all."""
    toml, page = shown(package(tmp_path / "roster.zip", pupils(3)))
    for personal in ("Given1", "Family2", "0000003", "2017-", "s-0000001"):
        assert personal not in toml + page
    assert "student numbers, by shape: 9999999 (3)" in page


def test_a_file_without_a_header_is_never_guessed_at(tmp_path: Path) -> None:
    """One line with the key to set, and nothing of whoever stands in the first line."""
    (tmp_path / "export.csv").write_text("0012345,Qanary,3,101\n0012346,Other,4,101\n")
    command = [sys.executable, "-m", "sync", "inspect", str(tmp_path / "export.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "no header was recognised" in done.stderr and "[feed] header = false" in done.stderr
    assert "Qanary" not in done.stderr and "0012345" not in done.stderr


def test_shapes() -> None:
    """A shape keeps length and kind of characters, and nothing else."""
    assert [shape(number) for number in ("AB-123", "007", "")] == ["AA-999", "999", "blank"]


@pytest.mark.skipif(not REAL.exists(), reason="../shared/rosters is not here")
@pytest.mark.parametrize(
    ("path", "begins"),
    [
        (
            "oneroster/oneroster-district-medium.zip",
            "OneRoster 1.1 bulk: 837 rows, 778 students, 59 educators, 0 ",
        ),
        ("oneroster/oneroster-school-small.zip", "OneRoster 1.1 bulk: 79 rows, 72 students, 7 educators, 0 "),
        ("sds/v1-25-users", "Microsoft SDS v1 students: 24 rows, 22 students, 2 educators, 0 others"),
        ("sds/v2.1", "Microsoft SDS v2.1: 8 rows, 4 students, 2 educators, 2 others"),
    ],
)
def test_real_rosters_are_what_they_are(path: str, begins: str) -> None:
    """Each real export is named for what it is, with all its students."""
    toml, page = shown(REAL / path)
    assert page.startswith(begins)
    check_examples(District.model_validate(tomllib.loads(toml)))


def test_the_page_names_the_encoding_that_was_read(tmp_path: Path) -> None:
    """A file in Windows-1252 is not called UTF-8, and the district file says so."""
    (tmp_path / "students.csv").write_bytes(
        CLEVER.encode() + "101,7,12345,Núñez,,Testa,3,F,4/12/2017,W,One\n".encode("cp1252")
    )
    toml, page = shown(tmp_path / "students.csv")
    assert "students.csv: cp1252, comma; used" in page
    assert 'fallback_encoding = "cp1252"' in toml
