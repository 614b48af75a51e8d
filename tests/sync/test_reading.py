"""Reading a roster without the rest of the night."""

import re
from datetime import date
from pathlib import Path

import pytest

import sync
from access_service.errors import OperatorError
from access_service.settings import RosterField
from sync.roster import COLUMNS
from tests.sync.rosters import package, pupils

TODAY = date(2026, 11, 20)
ROOT = Path(__file__).parents[2]


def test_a_roster_is_read_with_one_call(tmp_path: Path) -> None:
    """A path is enough; the frame has every column as text."""
    roster = sync.read_roster(package(tmp_path / "roster.zip", pupils(3)))
    assert list(roster.frame.columns) == list(COLUMNS)
    assert roster.frame.iloc[0].to_dict() == {
        "source_id": "s-0000001",
        "student_number": "0000001",
        "school": "101",
        "grade": "03",
        "given_name": "Given1",
        "family_name": "Family1",
        "birth_date": "2017-02-02",
        "pin": "",
        "state_id": "",
        "exit": "",
        "role": "student",
    }


def test_only_the_fields_asked_for_are_read(tmp_path: Path) -> None:
    """What is not in `fields` is in no cell, and the receipt says that it was dropped."""
    fields: list[RosterField] = ["source_id", "student_number", "school", "grade"]
    roster = sync.read_roster(package(tmp_path / "roster.zip", pupils(3)), fields=fields)
    assert set(roster.frame["family_name"]) | set(roster.frame["birth_date"]) == {""}
    assert {"givenName", "familyName"} <= set(roster.columns["users.csv"].dropped)


def test_how_to_read_can_be_said(tmp_path: Path) -> None:
    """The keys of [feed] name columns that nobody would guess."""
    file = tmp_path / "list.csv"
    file.write_text("Kennung,Haus,Stufe,Nummer\na,101,3,0012345\n")
    columns = {"source_id": "Kennung", "school": "Haus", "grade": "Stufe", "student_number": "Nummer"}
    roster = sync.read_roster(str(file), feed={"columns": columns}, today=TODAY)
    assert roster.frame["student_number"].tolist() == ["0012345"]


def test_what_is_no_roster_is_one_line(tmp_path: Path) -> None:
    """An error is for a person, and one line."""
    (tmp_path / "notes.txt").write_text("nothing to see\n")
    with pytest.raises(OperatorError) as raised:
        sync.read_roster(tmp_path / "notes.txt")
    assert "\n" not in str(raised.value)


def test_the_example_of_the_readme_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints what it says, of the file that it names."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    package(tmp_path / "roster.zip", pupils(3))
    monkeypatch.chdir(tmp_path)
    exec(code, {})  # noqa: S102 - our own page
    assert capsys.readouterr().out.startswith("OneRoster 1.1 bulk 3 ")


@pytest.mark.parametrize("content", [bytes(200_000), b"x" * 200_000, b"a,b," * 50_000])
def test_a_first_line_without_an_end_is_refused(tmp_path: Path, content: bytes) -> None:
    """Longer than what is looked at for a header, of nothing or of anything: one line, and no bug."""
    path = tmp_path / "roster.csv"
    path.write_bytes(content)
    with pytest.raises(OperatorError):
        sync.read_roster(path)
