"""access-service opt-out, as somebody at the desk types it."""

from pathlib import Path

import pytest

from tests.commands import Commands
from tests.place import Place
from tests.sync.rosters import package, pupils

REASON = ("--district", "demo", "--reason", "a form")


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    made = Place.on_sqlite(tmp_path, commands, empty)
    assert made.sync("run", "demo", "--file", package(tmp_path / "roster.zip", pupils(5))).code == 0
    return made


def test_from_the_form_to_the_ils_and_back(place: Place) -> None:
    """Added, explained, listed, told to the ILS, ended; and on record without a number."""
    assert "opted out; the patron is forgotten" in place.day("opt-out", "add", "2", *REASON).out
    assert "opted out already" in place.day("opt-out", "add", "290000002", *REASON).out
    assert place.day("explain", "2", "--json").json["standing"] == "opted_out"
    listed = place.day("opt-out", "list", "--district", "demo", "--json").json
    assert listed["counts"] == {"library": 1} and "0000002" not in str(listed)
    assert "1 by the library, 0 by the roster" in place.day("opt-out", "list", "--district", "demo").out
    assert place.day("opt-out", "cards", "--district", "demo", "--done").out == "290000002\n"
    assert place.day("opt-out", "cards", "--district", "demo").out == ""
    assert "opt-out 1 of " in place.day("opt-out", "remove", "2", *REASON).out
    assert place.day("opt-out", "remove", "2", *REASON).code == 1
    entries = place.day("audit", "list", "--json").json["entries"]
    assert [each["action"] for each in entries[:3]] == ["opt_out_remove", "opt_out_cards", "opt_out_add"]
    assert "0000002" not in str(entries) and place.day("audit", "verify").code == 0


def test_a_file_is_imported_whole_or_not_at_all(place: Place) -> None:
    """A wrong line is named and nobody is opted out; a dry run writes nothing."""
    file = place.folder / "out.csv"

    def imported(*rows: str, **more: str) -> tuple[int, str]:
        file.write_text("\n".join(rows) + "\n")
        options = [f"--{name.replace('_', '-')}={value}" for name, value in more.items()]
        ended = place.day("opt-out", "import", file, *REASON, *options)
        return ended.code, ended.out + ended.err

    code, said = imported("number,why", "2,x", "oops,y", "3", column="number")
    assert code == 1 and "line 3: fits no number" in said and "line 4: " in said and "oops" not in said
    assert imported("2", "3")[0] == 1
    assert imported("number")[1].endswith("has no line below its header\n")
    file.write_text("number\n2\n0000003\n290000004\n7777777\n")
    dry = place.day("opt-out", "import", file, *REASON, "--dry-run")
    assert dry.out == "nothing written; would be: 4 opted out, 0 opted out already, 3 patrons forgotten\n"
    assert place.day("opt-out", "list", "--district", "demo").out.startswith("0 opted out")
    assert place.day("opt-out", "import", file, *REASON).out == dry.out.partition("would be: ")[2]
    assert place.day("opt-out", "import", file, *REASON).out.startswith("0 opted out, 4 opted out already")
