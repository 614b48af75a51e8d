"""Bad rows are kept sealed, shown to who asks, mended or cured by a rule, and replayed alone."""

import csv
import io
import stat
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from access_service.audit import Auditor
from access_service.domain.access import Standing
from access_service.errors import OperatorError, StorageError
from access_service.opt_outs import Kind
from access_service.opting_out import Given, Office
from access_service.pin_vault import PinVault
from access_service.settings import load
from access_service.storage import quarantine, runs
from access_service.storage.engine import Databases
from access_service.storage.quarantine import Entry
from access_service.storage.runs import Outcome
from sync import job
from sync.quarantine import Seal
from sync.quarantine.replay import OURS, build, export, mended
from sync.roster import BadRosterError, Sent
from tests.commands import Commands
from tests.place import Place
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

HEADER = "School_id,Student_id,Student_number,Last_name,First_name,Grade,Badge,DOB\r\n"
KEY = bytes.fromhex("7a" * 32)


def row(n: int, **cells: str) -> str:
    """A student as Clever has them."""
    usual = {"school": "101", "id": f"s-{n}", "number": f"{n:07}", "last": f"Family{n}", "first": "Testa", "grade": "3"}
    sent = usual | {"gender": "X", "born": "4/12/2017"} | cells
    return ",".join(sent.values()) + "\r\n"


def clever(nights: Nights, *rows: str) -> Path:
    nights.count += 1
    path = nights.folder / f"roster-{nights.count}" / "students.csv"
    path.parent.mkdir()
    path.write_text(HEADER + "".join(rows), newline="")
    return path


GOOD = [row(n) for n in range(1, 21)]
TORN = row(21, last="Fam\x07ily")


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def kept(nights: Nights, code: str = "demo") -> list[Entry]:
    with nights.databases.reader.connect() as connection:
        return quarantine.of_district(connection, code)


def opened(nights: Nights) -> list[tuple[Entry, tuple[Sent, ...]]]:
    return [(entry, Seal(KEY).open(entry)) for entry in kept(nights)]


def replay(nights: Nights, cells: dict[int, dict[str, str]] | None = None) -> Any:
    """Export, mend cells by entry and header, and replay what the export has."""
    header, *rows = csv.reader(io.StringIO(export(opened(nights), ()), newline=""))
    for sent in rows:
        for name, cell in (cells or {}).get(int(sent[0]), {}).items():
            sent[header.index(name)] = cell
    found = mended(opened(nights), header, list(enumerate(rows, start=2)))
    nights.now += timedelta(hours=1)
    return job.run(
        job.Job(nights.settings(), nights.databases, "demo", "a test", replay=build(found), now=lambda: nights.now)
    )


def test_a_bad_row_is_kept_mended_and_replayed(nights: Nights) -> None:
    """The student whose name had a bell in it signs in after the replay; nobody else is another."""
    report = nights.again(clever(nights, *GOOD, TORN))
    assert report.facts["quarantine"] == {"kept": 1, "left": 0}
    (entry,) = kept(nights)
    assert (entry.file, entry.line, entry.code) == ("students.csv", 22, "control_character")
    before = nights.everything()["patrons"]
    replayed = replay(nights, {entry.entry: {"Last_name": "Family21"}})
    assert (replayed.outcome, replayed.facts["counts"]["create"]) == (Outcome.APPLIED, 1)
    assert replayed.facts["counts"]["absent"] == replayed.facts["counts"]["leave"] == 0
    assert nights.sign_in("21", "0412").authenticated
    assert set(before) < set(nights.everything()["patrons"])
    assert kept(nights) == []


def test_only_columns_that_are_read_are_kept(nights: Nights) -> None:
    """A column outside the agreement gets no further by being in a bad row."""
    nights.again(clever(nights, *GOOD, TORN))
    ((_, (sent,)),) = opened(nights)
    assert set(sent.cells) == {"School_id", "Student_id", "Student_number", "Last_name", "First_name", "Grade", "DOB"}
    assert sent.cells["Last_name"] == "Fam\x07ily"


def test_a_rule_cures_the_rows_it_refused(nights: Nights) -> None:
    """Numbers of another shape are kept as they came; under a wider pattern a replay lets those students in."""
    other = [row(30, number="123456789"), row(31, number="987654321")]
    report = nights.again(clever(nights, *GOOD, *other, row(32, school="999"), row(33, grade="PS")))
    assert report.facts["exclusions"]["number_pattern"] == 2
    assert [(entry.code, entry.header, entry.line) for entry in kept(nights)] == [
        ("number_pattern", "Student_number", 22),
        ("number_pattern", "Student_number", 23),
    ]
    nights.configure(rules={"student_number": {"clean": ["trim"], "pad_to": 7, "pattern": r"\d{7,9}"}})
    assert replay(nights).facts["counts"]["create"] == 2
    assert nights.sign_in("123456789", "0412").authenticated
    assert nights.find("5").standing is Standing.ACTIVE
    assert kept(nights) == []


def test_a_replay_under_the_same_rules_changes_nothing(nights: Nights) -> None:
    """A number that still does not fit stays in the quarantine, and in nobody's way."""
    nights.again(clever(nights, *GOOD, row(30, number="123456789")))
    before = nights.everything()["patrons"]
    assert replay(nights).outcome is Outcome.SAME_STUDENTS
    assert [(entry.entry, entry.line, entry.run_id) for entry in kept(nights)] == [(1, 22, 2)]
    assert nights.everything()["patrons"] == before


def test_a_grade_that_nobody_knows_names_its_column(nights: Nights) -> None:
    """Faults of a row that a fix can cure are kept under the header that the file has."""
    nights.again(clever(nights, *GOOD, row(21, grade="?"), row(22, number="")))
    assert {(entry.code, entry.header) for entry in kept(nights)} == {
        ("unknown_grade", "Grade"),
        ("number_missing", "Student_number"),
    }


def test_a_row_that_is_bad_every_night_is_one_entry_with_one_number(nights: Nights) -> None:
    """It keeps its number, and tells of the newest run."""
    for n in range(3):
        nights.again(clever(nights, *GOOD, row(100 + n), TORN))
    (entry,) = kept(nights)
    assert (entry.entry, entry.run_id, entry.line) == (1, 3, 23)
    assert Seal(KEY).open(entry)[0].cells["Student_id"] == "s-21"


def test_a_row_that_reads_well_leaves(nights: Nights) -> None:
    """And one that is still bad stays; no number is given twice."""
    nights.again(clever(nights, *GOOD, TORN, row(22, first="\x01")))
    nights.again(clever(nights, *GOOD, row(21), row(22, first="\x01")))
    assert [entry.entry for entry in kept(nights)] == [2]
    nights.again(clever(nights, *GOOD, row(22), TORN))
    assert [entry.entry for entry in kept(nights)] == [3]


def test_rows_of_one_id_are_entries_of_their_own(nights: Nights) -> None:
    """Two rows that contradict each other are both kept, and the right one replayed alone gets its card."""
    nights.again(clever(nights, *GOOD, row(21), row(21, last="Other")))
    both = opened(nights)
    assert [entry.code for entry, _ in both] == ["id_duplicate", "id_duplicate"]
    nights.now += timedelta(hours=1)
    one = job.Job(nights.settings(), nights.databases, "demo", "a test", replay=build(both[1:]), now=lambda: nights.now)
    assert job.run(one).facts["counts"]["create"] == 1
    assert [entry.entry for entry in kept(nights)] == [both[0][0].entry]


def test_held_and_refused_rosters_keep_their_rows_and_cure_none(nights: Nights) -> None:
    """Nothing leaves the quarantine by a roster that was not used."""
    nights.configure(
        limits={"removals_count": 0, "removals_percent": 0, "file_shrink_percent": 100, "rejects_count": 1}
    )
    nights.again(clever(nights, *GOOD, TORN))
    assert nights.again(clever(nights, *GOOD[1:], row(22, first="\x01"))).outcome is Outcome.HELD_IN_PART
    with pytest.raises(BadRosterError, match="cannot be used"):
        nights.again(clever(nights, *GOOD, row(23, first="\x01"), row(24, first="\x01")))
    assert [entry.run_id for entry in kept(nights)] == [1, 2, 3, 3]


def test_a_fault_of_somebody_known_is_not_cured_by_what_is_stored(nights: Nights) -> None:
    """A grade that nobody knows stays kept until it is mended, or a night mends it; then a late replay does nothing."""
    nights.again(clever(nights, *GOOD))
    nights.again(clever(nights, row(1, grade="?"), *GOOD[1:]))
    assert replay(nights).facts["exclusions"] == {"unknown_grade": 1}
    assert [entry.code for entry in kept(nights)] == ["unknown_grade"]
    late = build(opened(nights))
    nights.again(clever(nights, row(1, grade="4"), *GOOD[1:]))
    assert kept(nights) == []
    job.run(job.Job(nights.settings(), nights.databases, "demo", "a test", replay=late, now=lambda: nights.now))
    record = nights.find("1").record
    assert record and record.patron.grade == "04" and nights.sign_in("1", "0412").authenticated


def test_a_row_that_is_still_bad_keeps_its_number_and_place(nights: Nights) -> None:
    """A replay of which some rows read well applies those; the others are told by the district's own lines."""
    nights.again(clever(nights, *GOOD, TORN, row(22, first="\x01")))
    report = replay(nights, {1: {"Last_name": "Family21"}})
    assert report.facts["counts"]["create"] == 1
    assert report.facts["reject_lines"] == ["students.csv:23 control_character"]
    (entry,) = kept(nights)
    assert (entry.entry, entry.line, entry.run_id) == (2, 23, 2)
    with pytest.raises(BadRosterError, match="none of these rows can be used yet"):
        replay(nights)
    assert [entry.entry for entry in kept(nights)] == [2]


def test_the_night_after_a_replay_is_as_any(nights: Nights) -> None:
    """The bad row comes again: its student is present, and its entry is back."""
    nights.again(clever(nights, *GOOD, TORN))
    replay(nights, {1: {"Last_name": "Family21"}})
    report = nights.again(clever(nights, *GOOD, row(22), TORN))
    assert (report.facts["counts"]["create"], report.facts["counts"]["absent"]) == (1, 0)
    assert [entry.entry for entry in kept(nights)] == [2]


def test_before_the_first_roster_there_is_nothing_to_add_rows_to(nights: Nights) -> None:
    """A first roster that was refused keeps its rows; they wait for one that is applied."""
    nights.configure(limits={"rejects_count": 0})
    with pytest.raises(BadRosterError):
        nights.again(clever(nights, *GOOD, TORN))
    with pytest.raises(OperatorError, match="no roster of demo was applied yet"):
        replay(nights, {1: {"Last_name": "Family21"}})
    assert len(kept(nights)) == 1


def test_a_replay_is_no_newer_roster(nights: Nights) -> None:
    """The file of the last night is still the same file, and what the district wrote is as old as it was."""
    file = clever(nights, *GOOD, TORN)
    nights.again(file)
    with nights.databases.reader.connect() as connection:
        before = runs.state(connection, "demo")
    replay(nights, {1: {"Last_name": "Family21"}})
    with nights.databases.reader.connect() as connection:
        after = runs.state(connection, "demo")
    assert before and after and (after.seen_at, after.file_size) == (before.seen_at, before.file_size)
    assert (after.population, after.applied_run) == (before.population + 1, 2)
    assert nights.again(file).outcome is Outcome.SAME_FILE
    assert nights.sign_in("21", "0412").authenticated


def test_entries_end_with_their_days(nights: Nights) -> None:
    """After the days of the agreement the next run deletes them, of a district that is gone too."""
    nights.configure(agreement={"quarantine_days": 5})
    nights.again(clever(nights, *GOOD, TORN))
    with nights.databases.writer.begin() as connection:
        stray = Entry(99, "gone", 1, "x.csv", 2, "row_width", "", b"", b"", nights.now.date())
        quarantine.replace(connection, (), [stray])
    nights.now += timedelta(days=5)
    nights.configure(limits={"file_shrink_percent": 0, "removals_count": 0, "removals_percent": 0})
    assert nights.again(clever(nights, *GOOD[1:])).outcome is Outcome.HELD
    assert kept(nights) == [] and kept(nights, "gone") != []
    nights.now += timedelta(days=30)
    nights.again(clever(nights, *GOOD))
    assert kept(nights, "gone") == []


NEVER = {
    "sqlite": "CREATE TRIGGER never BEFORE INSERT ON quarantine BEGIN SELECT RAISE(ABORT, 'never'); END",
    "postgresql": "ALTER TABLE quarantine ADD CONSTRAINT never CHECK (entry < 0)",
}


def test_rows_are_kept_with_the_night_or_not_at_all(nights: Nights) -> None:
    """Where they cannot be written nobody gets a card, and the ledger says that the run failed."""
    nights.again(clever(nights, *GOOD))
    before = nights.everything()
    with nights.databases.writer.begin() as connection:
        connection.exec_driver_sql(NEVER[nights.databases.writer.dialect.name])
    with pytest.raises(StorageError):
        nights.again(clever(nights, *GOOD, row(22), TORN))
    assert nights.everything() == before and kept(nights) == []
    with nights.databases.reader.connect() as connection:
        last = runs.latest(connection, "demo", tuple(Outcome))
    assert last and (last.run_id, last.outcome) == (2, Outcome.FAILED)


def test_a_preview_keeps_nothing(nights: Nights) -> None:
    """Neither of a night nor of a replay."""
    job.preview(nights.job(clever(nights, *GOOD, TORN)))
    assert kept(nights) == []


def test_what_a_stray_quote_swallowed_is_not_kept(nights: Nights) -> None:
    """It may hold other people's rows and columns; only the place stays."""
    nights.again(clever(nights, *GOOD, row(21, last='"Fam'), row(22, last='ily"'), row(23, grade="3,3")))
    assert [(entry.code, sent) for entry, sent in opened(nights)] == [("line_break", ()), ("row_width", ())]
    with pytest.raises(OperatorError, match="none of these entries has cells"):
        build(opened(nights))


def test_a_package_keeps_a_persons_rows_of_all_files(nights: Nights) -> None:
    """Of OneRoster the birth date comes along from demographics.csv, for the PIN."""
    students = pupils(20)
    students[4] = students[4].moved(given="Tes\x07ta")
    nights.night(students)
    ((entry, sent),) = opened(nights)
    assert (entry.file, entry.line) == ("users.csv", 6)
    assert [each.file for each in sent] == ["users.csv", "demographics.csv"]
    assert sent[1].cells["birthDate"] == students[4].born


def test_the_wrong_key_is_one_line() -> None:
    """Another SYNC_KEY opens nothing, and neither does a row that was moved to another entry."""
    sealed = Seal(KEY).close([Sent("a.csv", 2, {"id": "1"})], "demo", 7, 3)
    entry = Entry(3, "demo", 7, "a.csv", 2, "row_width", "", b"", sealed, date(2026, 11, 22))
    assert Seal(KEY).open(entry)[0].cells == {"id": "1"}
    moved = Entry(4, "demo", 7, "a.csv", 2, "row_width", "", b"", sealed, date(2026, 11, 22))
    for seal, closed in ((Seal(bytes(32)), entry), (Seal(KEY), moved)):
        with pytest.raises(
            OperatorError, match=f"entry {closed.entry} does not open with this SYNC_KEY; use the key of run 7"
        ):
            seal.open(closed)


# -- as commands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    """An installation with two rows in its quarantine."""
    made = Place.on_sqlite(tmp_path, commands, empty)
    file = tmp_path / "students.csv"
    file.write_text(HEADER + "".join(GOOD) + TORN + row(22, number="12345678"), newline="")
    ended = made.sync("run", "demo", "--file", file)
    assert ended.code == 0, ended
    assert "quarantine 2 rows kept, 0 left it; roster-sync quarantine list demo" in ended.out
    return made


def test_a_list_says_where_and_not_what(place: Place) -> None:
    """Places, codes and columns; no cell."""
    listed = place.sync("quarantine", "list", "demo")
    assert listed.code == 0 and "2 rows kept: 1 control_character in students.csv, 1 number_pattern" in listed.out
    assert "    2  students.csv:23 number_pattern, column Student_number, kept on" in listed.out
    assert "Family" not in listed.out and "12345678" not in listed.out
    entries = place.sync("quarantine", "list", "demo", "--json").json["entries"]
    assert [(entry["entry"], entry["code"], entry["column"]) for entry in entries] == [
        (1, "control_character", "Last_name"),
        (2, "number_pattern", "Student_number"),
    ]


def test_show_says_what_the_row_has_and_what_to_do(place: Place) -> None:
    """The cells are for who asks; a control character never reaches the terminal raw."""
    shown = place.sync("quarantine", "show", "1")
    assert shown.code == 0 and r"'Fam\x07ily'" in shown.out and "the district retypes the cell" in shown.out
    assert place.sync("quarantine", "show", "9").refused().startswith("no entry 9 in the quarantine")
    place.environment["SYNC_KEY"] = "00" * 32
    assert place.sync("quarantine", "show", "1").refused().startswith("quarantine entry 1 does not open")


def test_a_header_that_moves_the_cursor_is_spelled_out(place: Place) -> None:
    """Names of columns are the district's, and an escape sequence in one would write what it likes to a terminal."""
    file = place.folder / "students.csv"
    header = HEADER.replace("Grade,", "Gra\x1bde,").replace("Badge", "\x1b[2JBadge")
    file.write_text(header + "".join(GOOD) + TORN, newline="")
    assert place.sync("run", "demo", "--file", file).code == 0
    asked = [
        ("quarantine", "show", "1"),
        ("quarantine", "list", "demo"),
        ("inspect", file),
        ("inspect", file, "--district", "demo"),
    ]
    said = [place.sync(*words) for words in asked]
    assert not ["\x1b" for each in said if "\x1b" in each.out + each.err]
    assert r"Gra\x1bde" in said[0].out and r"\x1b[2JBadge" in said[2].err


def test_export_mend_and_replay_by_command(place: Place) -> None:
    """A private file that is never overwritten, mended in an editor, previewed and replayed."""
    file = place.folder / "mend.csv"
    assert place.sync("quarantine", "export", "demo", "--to", file).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "is there already" in place.sync("quarantine", "export", "demo", "--to", file).refused()
    assert file.read_text().startswith(",".join(OURS))
    file.write_text(file.read_text().replace("Fam\x07ily", "Family21").replace("12345678", "0012345"))
    preview = place.sync("quarantine", "replay", "demo", "--file", file, "--preview", "--json").json
    assert (preview["counts"]["create"], preview["preview"]) == (2, True)
    run = place.sync("quarantine", "replay", "demo", "--file", file, "--json")
    assert run.code == 0 and run.json["counts"]["create"] == 2 and run.json["outcome"] == "applied"
    assert run.json["quarantine"] == {"kept": 0, "left": 2}
    assert place.sync("quarantine", "list", "demo").out == "demo: 0 rows kept\n"
    assert "no rows of demo" in place.sync("quarantine", "replay", "demo").refused()


def test_one_entry_is_replayed_alone(place: Place) -> None:
    """A wider pattern cures the second; the first is not touched."""
    place.edit(r"'\d{7}'", r"'\d{7,8}'")
    held = place.sync("quarantine", "replay", "demo", "--entry", "2", "--preview", "--json")
    assert (held.code, [finding["code"] for finding in held.json["findings"]]) == (2, ["rules_changed"])
    assert place.sync("rules", "accept", "demo", "--reason", "a wider pattern").code == 0
    run = place.sync("quarantine", "replay", "demo", "--entry", "2", "--json").json
    assert (run["counts"]["create"], run["quarantine"]) == (1, {"kept": 0, "left": 1})
    assert "no entry 7 of demo" in place.sync("quarantine", "replay", "demo", "--entry", "7").refused()


def test_a_pin_of_the_roster_is_shown_to_nobody(place: Place) -> None:
    """Neither on the terminal nor in an export; it comes back with the replay, and the student signs in."""
    fields = '"family_name", "birth_date"]'
    place.edit(fields, '"family_name", "pin"]')
    place.edit("settle_seconds = 1", 'settle_seconds = 1\ncolumns = { pin = "Badge" }')
    place.edit('rule = "MMDD"', 'rule = "column"')
    place.edit("birth_date = 2017-04-12", 'roster_pin = "0412"')
    assert place.sync("rules", "accept", "demo", "--reason", "PINs of the district's own").code == 0
    file = place.folder / "again.csv"
    file.write_text(HEADER + "".join(GOOD) + row(40, last="\x01", gender="8642"), newline="")
    assert place.sync("run", "demo", "--file", file).code == 0
    shown = place.sync("quarantine", "show", "3").out
    assert "(a PIN: shown to nobody)" in shown and "8642" not in shown
    mend = place.folder / "mend.csv"
    assert place.sync("quarantine", "export", "demo", "--to", mend).code == 0
    assert "8642" not in mend.read_text() and "Badge" not in mend.read_text()
    mend.write_text(mend.read_text().replace("\x01", "Family40"))
    assert place.sync("quarantine", "replay", "demo", "--file", mend).code == 0
    with place.nights() as nights:
        assert nights.sign_in("40", "8642").authenticated


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("id,name\r\n1,x\r\n", "should begin with the columns entry, code, column, file, line"),
        (",".join(OURS) + "\r\n7,a,b,c,d\r\n", "line 2: not a row of the header's width"),
        (",".join(OURS) + "\r\n1,a,b\r\n", "line 2: not a row of the header's width"),
        (",".join(OURS) + "\r\n1,a,b,c,d\r\n1,a,b,c,d\r\n", "line 3: not a row of the header's width"),
        ("\xff", "not a row"),
    ],
)
def test_a_file_that_is_no_mended_export_is_one_line(place: Place, text: str, line: str) -> None:
    """Whatever is given as a mended file, nothing is run with half of it."""
    file = place.folder / "other.csv"
    file.write_bytes(text.encode("latin-1"))
    said = place.sync("quarantine", "replay", "demo", "--file", file).refused()
    assert line in said or "not CSV in UTF-8" in said


def test_a_kept_row_goes_with_the_next_night_even_a_held_one(nights: Nights) -> None:
    """Of one who opted out; only the night's key tells whose a kept row is. Those of others stay."""
    torn = [TORN, row(22, last="Fam\x07ily")]
    nights.again(clever(nights, *GOOD, *torn))
    (first, other) = kept(nights)
    clerk = Auditor(PinVault.from_environment(), "kim by command", nights.folder / "heads", lambda: nights.now)
    office = Office(nights.databases, clerk, nights.districts["demo"])
    office.add([Given("s-21", Kind.SOURCE_ID)], "a form")
    assert [entry.entry for entry in kept(nights)] == [first.entry, other.entry]
    assert nights.again(clever(nights, GOOD[0], *torn)).outcome is Outcome.HELD
    assert [entry.entry for entry in kept(nights)] == [other.entry]
