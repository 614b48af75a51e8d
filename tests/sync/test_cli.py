"""The commands as people run them: exit codes, one clear line, and nothing changed by what went wrong."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from access_service.storage import runs
from access_service.storage.runs import Outcome
from tests.commands import ROOT, Commands, Running
from tests.place import Place
from tests.postgres import PostgresServer
from tests.sync.rosters import USERS_11, Pupil, csv_bytes, files, package, pupils

MIB = 1024 * 1024


@pytest.fixture
def place(tmp_path: Path, commands: Commands, empty: Path) -> Place:
    """An installation on SQLite before its first night; a district may grow by so many as these tests need."""
    return growing(Place.on_sqlite(tmp_path, commands, empty))


def growing(place: Place) -> Place:
    place.edit("[calendar]", "[limits]\ncreates_count = 3000\n\n[calendar]")
    return place


def roster(place: Place, students: list[Pupil], name: str = "roster.zip", **changed: bytes) -> Path:
    return package(place.folder / name, students, changed=changed)


# -- a good night -------------------------------------------------------------------------------------------------


def test_the_installed_commands_are_these() -> None:
    """`python -m` runs what the entry points run, and both say how they are used."""
    scripts = Path(sys.executable).parent
    named = {"sync": "roster-sync", "access_service": "access-service"}
    started = {
        name: subprocess.Popen([*command, "--help"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for module, script in named.items()
        for name, command in ((module, [sys.executable, "-m", module]), (script, [str(scripts / script)]))
    }
    said = {name: process.communicate()[0] for name, process in started.items()}
    assert {process.returncode for process in started.values()} == {0}
    for module, script in named.items():
        assert said[script].startswith(f"Usage: {script} [OPTIONS]")
        assert said[script].replace(script, f"python -m {module}") == said[module]


def test_a_night_by_command(place: Place) -> None:
    """A preview, the run it spoke of, the same file again, and another file with the same students."""
    file = roster(place, pupils(20))
    preview = place.sync("preview", "demo", "--file", file)
    assert preview.code == 0 and preview.err == ""
    assert preview.out.startswith("demo: preview, nothing was written; the plan would be applied\n")
    assert not place.stored()["patrons"]
    run = place.sync("run", "demo", "--file", file)
    assert run.code == 0 and run.err == ""
    assert run.out.startswith("demo: run 1 applied\n") and "20 create" in run.out
    assert len(place.stored()["patrons"]) == 20
    again = place.sync("run", "demo", "--file", file)
    assert again.code == 0 and "the same file as last time" in again.out
    other = place.sync("run", "demo", "--file", roster(place, pupils(20)[::-1], "other.zip"))
    assert other.code == 0 and "another file with the same students" in other.out


def test_json_is_one_object_with_the_facts(place: Place) -> None:
    """On standard output one object and nothing else; what a preview counts is what the run counts."""
    file = roster(place, [*pupils(20), pupils(1, first=50)[0].moved(school="999")])
    preview = place.sync("preview", "demo", "--file", file, "--json").json
    run = place.sync("run", "demo", "--file", file, "--json").json
    assert (run["outcome"], run["run"], run["preview"], preview["preview"]) == ("applied", 1, False, True)
    assert run["counts"]["create"] == 20 and run["exclusions"] == {"unknown_school": 1}
    assert run["file"]["name"] == "roster.zip" and len(run["file"]["sha256"]) == 64
    for fact in ("counts", "exclusions", "rejects", "warnings", "rows", "students", "findings", "outcome", "file"):
        assert preview[fact] == run[fact]
    assert set(run["durations"]) == {"fetch", "read", "plan", "apply"}


def test_a_folder_is_a_roster_too(place: Place) -> None:
    """An unpacked package runs, and a change in any of its files is another roster, whatever the files' case."""
    folder = place.folder / "unpacked"
    folder.mkdir()
    for name, content in files(pupils(5)).items():
        (folder / name.upper()).write_bytes(content)
    assert place.sync("run", "demo", "--file", folder, "--json").json["counts"]["create"] == 5
    (folder / "USERS.CSV").write_bytes(files(pupils(6))["users.csv"])
    (folder / "DEMOGRAPHICS.CSV").write_bytes(files(pupils(6))["demographics.csv"])
    assert place.sync("run", "demo", "--file", folder, "--json").json["counts"]["create"] == 1


def test_a_held_night_ends_with_2_and_changes_nothing(place: Place) -> None:
    """Held is neither done nor an error: the report says why, run and preview alike."""
    place.edit("[limits]", "[limits]\nremovals_percent = 0\nremovals_count = 3\nfile_shrink_percent = 5")
    place.sync("run", "demo", "--file", roster(place, pupils(20)))
    before, file = place.stored(), roster(place, pupils(14), "short.zip")
    held = place.sync("run", "demo", "--file", file)
    assert (held.code, held.err) == (2, "")
    assert "HELD" in held.out and "6 removals of 20 patrons; at most 3 go unattended [removals]" in held.out
    preview = place.sync("preview", "demo", "--file", file, "--json")
    assert preview.code == 2 and [finding["code"] for finding in preview.json["findings"]] == [
        "removals",
        "file_shrunk",
    ]
    assert place.stored() == before


def test_a_freeze_by_command(place: Place) -> None:
    """Until a day, then another, then its end; each is on record, and `explain` and the report say so."""
    place.sync("run", "demo", "--file", roster(place, pupils(20)))
    assert place.sync("freeze", "--list").out == "nothing is frozen\n"
    said = place.sync("freeze", "demo", "--reason", "tornado", "--until", "2999-01-01")
    today = said.out.split("frozen since ")[1][:10]
    assert said.out == f"demo: frozen since {today}, through 2999-01-01 (tornado): nobody expires or leaves\n"
    place.sync("freeze", "demo", "--reason", "flood")
    frozen = {"district": "demo", "first": today, "last": None, "reason": "flood"}
    assert place.sync("freeze", "--list", "--json").json == {"freezes": [frozen]}
    assert f"demo is frozen since {today} (flood): nobody expires or leaves" in place.day("explain", "20").out
    report = place.sync("run", "demo", "--file", roster(place, pupils(19), "other.zip"))
    assert "calendar frozen (flood): nobody becomes absent or leaves" in report.out
    assert place.sync("thaw", "demo", "--reason", "dry").out.startswith(f"demo: frozen from {today} to today")
    assert place.sync("thaw", "demo", "--reason", "dry").refused().startswith("demo is not frozen; ")
    assert (
        "--until 2020-01-01, is before"
        in place.sync("freeze", "demo", "--reason", "x", "--until", "2020-01-01").refused()
    )
    assert "name a DISTRICT and a --reason" in place.sync("freeze", "demo").refused()
    ahead = "demo: frozen from 2999-01-01, until `roster-sync thaw demo` (flood): nobody expires or leaves\n"
    assert place.sync("freeze", "demo", "--reason", "flood", "--from", "2999-01-01").out == ahead
    assert place.sync("freeze", "--list").out == ahead
    assert place.sync("thaw", "demo", "--reason", "dry").out == "demo: the freeze from 2999-01-01 on is called off\n"
    on_record = place.day("audit", "list", "--json").json["entries"]
    assert [entry["action"] for entry in on_record] == ["thaw", "freeze", "thaw", "run", "freeze", "freeze", "run"]


def test_a_full_card_by_command(place: Place) -> None:
    """The desk names a graduate by any number, and nobody else."""
    place.edit("[calendar]", '[rules.graduates]\ngrades = ["03"]\nfirst = "01-01"\nlast = "12-31"\n\n[calendar]')
    place.sync("run", "demo", "--file", roster(place, [*pupils(20), Pupil("s-21", "0000021", grade="04")]))
    give = ("patron", "convert", "--expires", "2999-01-01", "--reason", "a test")
    given = place.day(*give, "--patron-type", "ADULT", "20")
    assert given.out == (
        "patron 20, 290000020: a full library card through 2999-01-01; no roster touches it any more\n"
    )
    explained = place.day("explain", "20").out
    assert "is not asked: this is a full library card" in explained and "patron type ADULT" in explained
    assert "is no graduate: only grade 03" in place.day(*give, "21").refused()
    assert place.day(*give, "22").refused().startswith("nobody has this number")
    assert "1 converted" in place.sync("run", "demo", "--file", roster(place, pupils(20), "other.zip")).out
    assert place.day("patron", "give-back", "20", "--reason", "wrong child").out.endswith(
        "until a roster has the student\n"
    )


def test_an_undo_by_command(place: Place) -> None:
    """A preview, the undo it spoke of, the same once more, and the file that is held now."""
    place.sync("run", "demo", "--file", roster(place, pupils(20)))
    file = roster(place, pupils(21), "wrong.zip")
    place.sync("run", "demo", "--file", file)
    before = place.stored()
    preview = place.sync("undo", "2", "--preview", "--json")
    assert (preview.code, place.stored()) == (0, before)
    done = place.sync("undo", "2", "--reason", "one too many")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("demo: run 3 applied, and undid run 2\n  patrons  1 withdraw\n")
    assert preview.json["counts"] == {"put_back": 0, "withdraw": 1, "restore": 0, "left_alone": 0}
    assert place.sync("undo", "2").refused() == "run 2: already undone by run 3"
    held = place.sync("run", "demo", "--file", file)
    assert held.code == 2 and "to have it applied, undo run 3 [undone_file]" in held.out
    assert place.sync("undo", "3").code == 0
    assert place.sync("run", "demo", "--file", file, "--json").json["outcome"] == "same_file"


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("sync", ()),
        ("sync", ("fly",)),
        ("sync", ("run",)),
        ("sync", ("run", "demo", "--fast")),
        ("sync", ("run", "demo", "--file", "nowhere.zip")),
        ("sync", ("run", "demo", "river")),
        ("sync", ("undo",)),
        ("sync", ("undo", "demo")),
        ("access_service", ()),
        ("access_service", ("client",)),
        ("access_service", ("explain",)),
        ("access_service", ("lookup", "7")),
        ("access_service", ("client", "add", "x", "--dialect", "sip9", "--district", "demo", "--network", "::1")),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_1(place: Place, module: str, arguments: tuple[str, ...]) -> None:
    """No command, an unknown one, too few or too many arguments: one line, which names the help."""
    assert " --help)" in place.start(module, *arguments).wait().refused()


def test_secrets_may_be_files(place: Place) -> None:
    """Pepper and key from the files that their variables with _FILE name, as systemd and containers give them."""
    for name in ("ACCESS_PEPPER", "SYNC_KEY"):
        kept = place.folder / name.lower()
        kept.write_text(place.environment.pop(name) + "\n")
        place.environment[f"{name}_FILE"] = str(kept)
    assert place.sync("run", "demo", "--file", roster(place, pupils(3)), "--json").json["counts"]["create"] == 3


# -- what goes wrong ----------------------------------------------------------------------------------------------


def _bomb(place: Place) -> Path:
    path = package(place.folder / "bomb.zip", pupils(20))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("enrollments.csv", "w") as file:
        for _ in range(64):
            file.write(bytes(MIB))
    return path


def _file(place: Place, content: bytes, name: str = "roster.zip") -> Path:
    path = place.folder / name
    path.write_bytes(content)
    return path


def _users(place: Place, content: bytes) -> Path:
    return roster(place, pupils(20), "bad.zip", users=content)


USERS = files(pupils(20))["users.csv"]

# A file that is no roster -> what the line says.
BAD_FILES: dict[str, tuple[Callable[[Place], Path], str]] = {
    "empty": (lambda place: _file(place, b""), "roster.zip: damaged or cut short"),
    "not a zip": (lambda place: _file(place, b"sourcedId,role\r\n" * 50), "roster.zip: damaged or cut short"),
    "not a roster": (
        lambda place: _file(place, b"%PDF-1.7", "letter.pdf"),
        "neither a zip nor a .csv, .txt or .xlsx file",
    ),
    "cut short": (
        lambda place: _file(place, package(place.folder / "whole.zip", pupils(20)).read_bytes()[:-200]),
        "damaged or cut short",
    ),
    "zip bomb": (_bomb, "67108864 bytes squeezed into"),
    "no users": (lambda place: _file(place, USERS, "users.csv"), "no orgs.csv in the package"),
    "wrong columns": (
        lambda place: _users(place, USERS.replace(b"orgSourcedIds", b"org")),
        "no column 'orgSourcedIds'",
    ),
    "wrong encoding": (lambda place: _users(place, USERS.replace(b"Given1,", b"Ren\xe9,")), "users.csv: not UTF-8"),
    "UTF-16 without its mark": (lambda place: _users(place, USERS.decode().encode("utf-16-le")), "users.csv: "),
    "nothing in it": (lambda place: _users(place, b""), "users.csv: no column 'sourcedId'; it has none"),
    "header only": (lambda place: _users(place, csv_bytes(USERS_11, [])), "users.csv: no rows under the header"),
    "a comma too many": (lambda place: _users(place, USERS.replace(b",03,\r\n", b",03,,\r\n")), "20 of 20 rows cannot"),
    "an open quote": (lambda place: _users(place, USERS.replace(b"Given7", b'"Given7')), "not CSV"),
}


@pytest.fixture
def last_night(place: Place) -> Place:
    """A place where twenty students were let in this morning."""
    assert place.sync("run", "demo", "--file", roster(place, pupils(20), "good.zip")).code == 0
    return place


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_file_is_one_line_and_changes_nothing(last_night: Place, what: str) -> None:
    """The run fails with what is wrong, the ledger has it, and everybody is still served from the last good night."""
    make, said = BAD_FILES[what]
    before, file = last_night.stored(), make(last_night)
    assert said in last_night.sync("run", "demo", "--file", file, "--json").refused()
    assert said in last_night.sync("preview", "demo", "--file", file).refused()
    assert last_night.stored() == before
    assert not [path for path in (last_night.folder / "var/spool").iterdir() if path.is_dir()]
    found = last_night.day("explain", "7", "--json").json
    assert found["standing"] == "active"


def _without(name: str) -> Callable[[Place], object]:
    return lambda place: place.environment.pop(name)


def _with(name: str, value: str) -> Callable[[Place], object]:
    return lambda place: place.environment.update({name: value})


def _edited(old: str, new: str) -> Callable[[Place], object]:
    return lambda place: place.edit(old, new)


def _garbage(place: Place) -> None:
    (place.folder / "garbage.db").write_bytes(b"this is no database " * 100)
    place.environment["DATABASE_URL"] = f"sqlite:///{place.folder}/garbage.db"


NO_SERVER = "postgresql+psycopg://access:hush-hush@127.0.0.1:1/access"
# What is wrong around a good file -> what the line says.
WRONG: dict[str, tuple[Callable[[Place], object], str]] = {
    "a missing key": (_edited('timezone = "America/New_York"\n', ""), "demo.toml: district.timezone: is missing"),
    "an unknown key": (_edited("pad_to", "padto"), "demo.toml: rules.student_number.padto: unknown key"),
    "a wrong example": (_edited('pin = "0412"', 'pin = "1204"'), "[[examples]] 1: by the rules pin is '0412'"),
    "an agreement that ended": (_edited("ends = 2034-06-30", "ends = 2024-07-31"), "renew it in [agreement]"),
    "an agreement to come": (
        _edited("starts = 2024-07-01", "starts = 2034-06-01"),
        "the agreement holds from 2034-06-01",
    ),
    "no configuration": (lambda place: shutil.rmtree(place.config), "no such folder; name it with --config"),
    "no pepper": (_without("ACCESS_PEPPER"), "set ACCESS_PEPPER, or ACCESS_PEPPER_FILE to a file that holds it"),
    "a pepper that is no hexadecimal": (_with("ACCESS_PEPPER", "hush-hush"), "ACCESS_PEPPER: should be hexadecimal"),
    "a short pepper": (_with("ACCESS_PEPPER", "5e5e"), "ACCESS_PEPPER: should be at least 32 bytes"),
    "no key of fingerprints": (_without("SYNC_KEY"), "set SYNC_KEY, or SYNC_KEY_FILE"),
    "a key that is no hexadecimal": (_with("SYNC_KEY", "hush-hush"), "SYNC_KEY: should be hexadecimal"),
    "a short key": (_with("SYNC_KEY", "7a7a"), "SYNC_KEY: should be at least 32 bytes"),
    "a path that is no folder": (
        _with("DATABASE_URL", "sqlite:////dev/null/access.db"),
        "/dev/null/access.db: no such file; mount or restore it",
    ),
    "a path that is a folder": (_with("DATABASE_URL", "sqlite:////proc"), "database: unable to open database file"),
    "no database file": (_garbage, "file is not a database"),
    "no server": (_with("DATABASE_URL", NO_SERVER), "database: connection failed"),
    "a URL that is none": (_with("DATABASE_URL", "hush-hush"), '[database] url: should look like "sqlite:///'),
    "another database": (_with("DATABASE_URL", "mysql://access:hush-hush@db/x"), "[database] url: should begin with"),
    "a database without schema": (
        lambda place: place.environment.update(DATABASE_URL=f"sqlite:///{place.folder}/new.db"),
        "new.db: no such file; mount or restore it (a new installation: run `access-service upgrade-db`)",
    ),
    "a spool that is no folder": (
        lambda place: place.edit("var/spool", "/dev/null/spool", "service.toml"),
        "/dev/null/spool: not a directory; make room",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_around_it_is_one_line_too(last_night: Place, what: str) -> None:
    """Configuration, secrets or database: exit code 1, one line that names it, no secret in it, nothing changed."""
    spoil, said = WRONG[what]
    before = last_night.stored()
    spoil(last_night)
    refusal = last_night.sync("run", "demo", "--file", last_night.folder / "good.zip").refused()
    assert said in refusal
    assert "hush" not in refusal
    assert last_night.stored() == before


def test_a_district_that_is_none_is_named_with_those_there_are(place: Place) -> None:
    """By run, preview and check-source alike."""
    file = roster(place, pupils(1))
    for arguments in (
        ("run", "nobody", "--file", file),
        ("preview", "nobody", "--file", file),
        ("check-source", "nobody"),
    ):
        assert place.sync(*arguments).refused() == "no district 'nobody'; config/districts has: demo"


def test_a_server_that_stopped_is_one_line(tmp_path: Path, commands: Commands) -> None:
    """PostgreSQL goes away between two nights: every command of both programs says so."""
    # Not among pytest's folders: root's server runs as another user, who may not pass through those.
    with TemporaryDirectory(prefix="postgres-") as folder:
        with PostgresServer(Path(folder)) as server:
            place = Place(tmp_path, commands, server.new_database())
            assert place.day("upgrade-db").code == 0
            assert place.sync("run", "demo", "--file", roster(place, pupils(5))).code == 0
        for ended in (
            place.sync("run", "demo", "--file", roster(place, pupils(6))),
            place.day("explain", "7"),
            place.day("client", "list"),
            place.day("upgrade-db"),
        ):
            assert ended.refused().startswith("database: connection ")


MANY = pupils(3000)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk; test_no_file_may_grow stands in for it")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _still_serves_and_recovers(place: Place, before: dict[str, list[tuple[Any, ...]]]) -> None:
    assert place.stored() == before
    assert place.day("explain", "7", "--json").json["standing"] == "active"
    again = place.sync("run", "demo", "--file", roster(place, pupils(21)), "--json")
    assert again.json["counts"]["create"] == 1


def test_a_full_disk_is_one_line_and_changes_nothing(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """A database on a disk of 1 MiB: the large night fails whole, and the next small one is applied."""
    with _small_disk(tmp_path / "disk") as disk:
        place = growing(Place.on_sqlite(disk, commands, empty))
        shutil.move(place.config, tmp_path / "config")
        place.environment["ACCESS_CONFIG"] = str(tmp_path / "config")
        place.folder = tmp_path
        assert place.sync("run", "demo", "--file", roster(place, pupils(20))).code == 0
        before = place.stored()
        said = place.sync("run", "demo", "--file", roster(place, MANY, "many.zip")).refused()
        remedy = "make room on the disk of [database] url and check it, then try again"
        assert said == f"database: database or disk is full; {remedy}"
        _still_serves_and_recovers(place, before)


def test_no_file_may_grow(last_night: Place) -> None:
    """The same where nobody may mount: the system refuses to let a file grow over 512 KiB, as a quota would."""
    before = last_night.stored()
    file = roster(last_night, MANY, "many.zip")
    said = last_night.sync("run", "demo", "--file", file, largest_file=MIB // 2).refused()
    assert said.startswith("database: ")
    _still_serves_and_recovers(last_night, before)


# -- kill -9 ------------------------------------------------------------------------------------------------------


def _all_or_nothing(place: Place, before: dict[str, list[tuple[Any, ...]]]) -> None:
    """After a kill: the state before, or all of the new one; and the next run gets there."""
    after = place.stored()
    if len(after["patrons"]) == len(before["patrons"]):
        assert after == before
    else:
        _complete(after)
    run = place.sync("run", "demo", "--file", place.folder / "many.zip", "--json").json
    assert run["outcome"] == "same_file" if after != before else run["counts"]["create"] == len(MANY) - 20
    _complete(place.stored())
    assert not [path for path in (place.folder / "var/spool").iterdir() if path.is_dir()]


def _complete(stored: dict[str, list[tuple[Any, ...]]]) -> None:
    assert len(stored["patrons"]) == len(stored["seen"]) == len(MANY)
    assert len(stored["identifiers"]) == 2 * len(MANY)


def _wait_for(running: Running, true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true() and time.monotonic() < end and Path(f"/proc/{running.pid}/stat").exists():
        time.sleep(0.001)


@pytest.mark.parametrize("written", [40_000, 150_000, 600_000, 1_200_000])
def test_a_run_killed_while_it_writes_sqlite_leaves_all_or_nothing(last_night: Place, written: int) -> None:
    """kill -9 with so many bytes in the write-ahead log."""
    roster(last_night, MANY, "many.zip")
    before, log = last_night.stored(), last_night.folder / "access.db-wal"
    running = last_night.start("sync", "run", "demo", "--file", last_night.folder / "many.zip")
    _wait_for(running, lambda: log.exists() and log.stat().st_size >= written)
    assert running.kill().code in {-9, 0}
    _all_or_nothing(last_night, before)


@contextmanager
def _stuck(place: Place, table: str) -> Iterator[Running]:
    """A run in the middle of its transaction on PostgreSQL: it has written what comes before this table."""
    url = make_url(place.database_url).set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(url) as blocking:
        blocking.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        running = place.start("sync", "run", "demo", "--file", place.folder / "many.zip")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        _wait_for(running, lambda: (blocking.execute(waiting).fetchone() or (0,))[0])
        assert (blocking.execute(waiting).fetchone() or (0,))[0] == 1
        yield running


@pytest.fixture
def on_postgresql(tmp_path: Path, commands: Commands, postgres: PostgresServer) -> Place:
    """The same morning as `last_night` has, on PostgreSQL, with a larger roster to come."""
    place = growing(Place(tmp_path, commands, postgres.new_database()))
    assert place.day("upgrade-db").code == 0
    assert place.sync("run", "demo", "--file", roster(place, pupils(20))).code == 0
    roster(place, MANY, "many.zip")
    return place


@pytest.mark.parametrize("table", ["district_state", "identifiers", "changes"])
def test_a_run_killed_while_it_writes_postgresql_leaves_nothing(on_postgresql: Place, table: str) -> None:
    """kill -9 in the middle of the transaction: nothing of it is there, and the next run completes."""
    before = on_postgresql.stored()
    with _stuck(on_postgresql, table) as running:
        assert running.kill().code == -9
    assert on_postgresql.stored() == before
    _all_or_nothing(on_postgresql, before)


def test_a_run_that_is_interrupted_says_so_and_changes_nothing(on_postgresql: Place) -> None:
    """Ctrl-C in the middle of the transaction: exit code 1, the ledger knows, and the next run completes."""
    before = on_postgresql.stored()
    with _stuck(on_postgresql, "seen") as running:
        os.kill(running.pid, signal.SIGINT)
        ended = running.wait()
    assert (ended.code, ended.out, ended.err.strip()) == (1, "", "error: stopped")
    with on_postgresql.nights() as nights, nights.databases.reader.connect() as connection:
        failed = runs.latest(connection, "demo", (Outcome.FAILED,))
    assert failed is not None and failed.report["error"] == "KeyboardInterrupt"
    _all_or_nothing(on_postgresql, before)
