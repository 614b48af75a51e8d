"""What a district reads of our findings: places and codes in its own folder, and nothing about one child."""

import csv
import io
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from access_service.remedies import REMEDIES
from access_service.settings import Feed, load
from access_service.storage import engine, runs, schema
from access_service.storage.runs import Outcome
from sync import feedback, job
from sync.formats.bad_rows import BadRow
from sync.guard import Finding, Reason
from sync.roster import BadRosterError, RejectCode, WarningCode
from sync.sftp import Credentials, deliver, fetch
from sync.synthetic.server import Login, RosterServer, host_key
from tests.sync.conftest import Serve, Source
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, package, pupils
from tests.sync.sftp_helpers import feed_for, no_sleep, refusal
from tests.sync.sftp_servers import (
    HANDLE,
    PASSWORD,
    VERSION,
    HostileServer,
    SftpFactory,
    lists,
    packed,
    says,
)

NAME = "library-feedback-20261122-040506.csv"
CONTENT = b"severity\r\n" * 9000


def feeding(source: Source) -> Feed:
    (source.folder / "feedback").mkdir()
    return source.feed.model_copy(update={"feedback": f"{source.feed.folder}/feedback"})


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


# -- the file ---------------------------------------------------------------------------------------------------------


def bad(line: int = 2, code: str = "row_width", file: str = "users.csv", column: str = "") -> BadRow:
    return BadRow(file, line, code, column, "s-1", ())


def test_every_finding_has_its_line() -> None:
    """Why it was held, each row at fault, and what was tolerated; each with what to do."""
    reasons = [Reason(Finding.REMOVALS, "9 removals of 20 patrons")]
    found = rows(feedback.as_csv([bad(7, column="grades")], {"no_manifest": 1}, reasons, None))
    assert [(row["severity"], row["code"], row["file"], row["line"], row["column"], row["count"]) for row in found] == [
        ("finding", "removals", "", "", "", "1"),
        ("error", "row_width", "users.csv", "7", "grades", "1"),
        ("warning", "no_manifest", "", "", "", "1"),
    ]
    assert found[0]["what_to_do"].startswith("9 removals of 20 patrons; look at the file")
    assert found[1]["what_to_do"] == REMEDIES[RejectCode.ROW_WIDTH].cure
    assert found[2]["what_to_do"] == REMEDIES[WarningCode.NO_MANIFEST].cure


def test_a_refused_file_says_why() -> None:
    """The line of the error is the district's to act on."""
    (row,) = rows(feedback.as_csv([], {}, (), "users.csv: no rows under the header"))
    assert (row["severity"], row["code"], row["what_to_do"]) == (
        "error",
        "failed",
        "users.csv: no rows under the header",
    )


def test_a_thousand_lines_are_enough() -> None:
    """The rest is counted."""
    found = rows(feedback.as_csv([bad(n) for n in range(1234)], {}, (), None))
    assert len(found) == 1001 and (found[-1]["count"], found[-1]["what_to_do"]) == ("234", "... and 234 more")


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_cell_begins_a_formula(file: str, column: str, refusal: str) -> None:
    """Names of files and columns are the district's, and whoever opens the file may use a spreadsheet."""
    found = rows(feedback.as_csv([bad(file=f"={file}", column=column)], {}, (), f"@{refusal}"))
    for row in found:
        assert not [cell for cell in row.values() if re.match(r"[=+\-@\t\r\n]", cell)]
    assert found[1]["file"].startswith("'=")


# -- the delivery -----------------------------------------------------------------------------------------------------


def test_feedback_arrives_whole_under_its_name(source: Source) -> None:
    """On servers of both kinds; nothing unfinished stays."""
    feed = feeding(source)
    deliver(feed, source.login, NAME, CONTENT)
    (file,) = (source.folder / "feedback").iterdir()
    assert (file.name, file.read_bytes()) == (NAME, CONTENT)


def test_the_newest_fourteen_are_kept(source: Source) -> None:
    """And nothing that has another name is touched, however much it looks like ours."""
    feed, folder = feeding(source), source.folder / "feedback"
    others = [f"x{NAME}", f"{NAME}.bak", "library-feedback-1.csv", "roster.zip", f"{NAME[:-4]}\n.csv"]
    ours = [f"library-feedback-202611{day:02}-040506.csv" for day in range(1, 20)]
    for name in (*others, *ours):
        (folder / name).write_bytes(b"")
    deliver(feed, source.login, NAME, CONTENT)
    assert {path.name for path in folder.iterdir()} == {*others, *ours[-13:], NAME}


def test_feedback_is_never_taken_for_a_roster(source: Source, into: Path) -> None:
    """In the folder of the rosters it is passed over, though it is a CSV and the newest."""
    feed = source.feed.model_copy(update={"feedback": source.feed.folder, "pattern": "*.csv"})
    (source.folder / "students.csv").write_bytes(b"id\n1\n")
    os.utime(source.folder / "students.csv", (1, 1))
    deliver(feed, source.login, NAME, CONTENT)
    assert fetch(feed, source.login, into, no_sleep).name == "students.csv"


def test_a_missing_folder_is_told(source: Source) -> None:
    """The line names the folder and the key."""
    feed = source.feed.model_copy(update={"feedback": "nowhere/at-all"})
    assert "no such folder; check [feed] feedback" in refusal(lambda: deliver(feed, source.login, NAME, CONTENT))


def test_a_file_that_is_there_is_not_overwritten(source: Source) -> None:
    """Not even half of one: somebody else may be writing it."""
    feed = feeding(source)
    (source.folder / "feedback" / f"{NAME}.part").write_bytes(b"theirs")
    refusal(lambda: deliver(feed, source.login, NAME, CONTENT))
    assert not (source.folder / "feedback" / NAME).exists()


def test_a_server_that_is_read_only_for_us_is_told(tmp_path: Path) -> None:
    """One line with the remedy."""
    with RosterServer(tmp_path, host_key(tmp_path / "key"), Login("library", "pw")) as server:
        feed = Feed(host="127.0.0.1", port=server.port, user="library", host_keys=(server.fingerprint,), feedback=".")
        line = refusal(lambda: deliver(feed, Credentials(password="pw"), NAME, CONTENT))
    assert "the account may not write there; ask the district for a folder, or set [feed] feedback" in line


def without_posix_rename(_house: HostileServer) -> SftpFactory:
    class WithoutPosixRename(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:  # noqa: ARG002
            raise asyncssh.SFTPOpUnsupported("no")

    return WithoutPosixRename


def loses_bytes(_house: HostileServer) -> SftpFactory:
    class LosesBytes(asyncssh.SFTPServer):
        def write(self, file_obj: object, offset: int, data: bytes) -> Any:
            return super().write(file_obj, offset, data[:100])

    return LosesBytes


def never_renames(_house: HostileServer) -> SftpFactory:
    class NeverRenames(asyncssh.SFTPServer):
        def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:  # noqa: ARG002
            raise asyncssh.SFTPFailure("\x1b[2J")

        rename = posix_rename

    return NeverRenames


def feed_of(server: HostileServer, **changes: object) -> Feed:
    return feed_for(server, feedback=str(server.root), **changes)


def test_a_server_without_posix_rename_is_renamed_on(serve: Serve, login: Credentials, outgoing: Path) -> None:
    """The older way, for servers that have no other."""
    deliver(feed_of(serve(without_posix_rename)), login, NAME, CONTENT)
    assert [path.name for path in outgoing.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("server", "line"), [(loses_bytes, "was not taken whole"), (never_renames, r"refuses ('\x1b[2J')")]
)
def test_half_a_file_is_taken_away_again(
    serve: Serve, login: Credentials, outgoing: Path, server: Any, line: str
) -> None:
    """What is not whole never gets its name, and does not stay."""
    assert line in refusal(lambda: deliver(feed_of(serve(server)), login, NAME, CONTENT))
    assert list(outgoing.iterdir()) == []


def test_hostile_names_in_the_folder_are_never_removed(serve: Serve, login: Credentials, outgoing: Path) -> None:
    """A listing cannot make us delete what we did not write: such a name is no path of ours."""
    (outgoing / "roster.zip").write_bytes(b"rows")
    names = [b"../" + NAME.encode(), b"/etc/" + NAME.encode(), b"roster.zip"] * 20
    deliver(feed_of(serve(lists(*names))), login, NAME, CONTENT)
    assert {path.name for path in outgoing.iterdir()} == {"roster.zip", NAME}


def test_older_ones_that_cannot_be_removed_are_told(serve: Serve, login: Credentials, outgoing: Path) -> None:
    """What was delivered is delivered; the rest is one more line."""
    names = [f"library-feedback-202511{day:02}-040506.csv".encode() for day in range(1, 20)]
    trouble = deliver(feed_of(serve(lists(*names))), login, NAME, CONTENT)
    assert "no such folder" in trouble and (outgoing / NAME).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "answers", [[b"Welcome"], [VERSION, HANDLE], [VERSION, HANDLE, b"\x65\0\0\0\2\0\0\0\4\0\0\0\1x\0\0\0\0"]]
)
def test_answers_that_are_none_end_in_time(serve: Serve, login: Credentials, answers: list[bytes]) -> None:
    """Whatever a server says to an upload, it is one line."""
    server = serve(sftp_factory=None, door=says(packed(*answers)))
    refusal(lambda: deliver(feed_of(server, timeout_seconds=0.5), login, NAME, CONTENT))


# -- the night --------------------------------------------------------------------------------------------------------


@pytest.fixture
def nights(tmp_path: Path, serve: Serve, outgoing: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nights]:
    """A district that delivers by SFTP and wants to be told."""
    monkeypatch.setenv("SFTP_PASSWORD_DEMO", PASSWORD)
    opened = engine.connect(f"sqlite:///{tmp_path / 'access.db'}")
    schema.upgrade(opened)
    made = Nights(opened, tmp_path, dict(load(Path("config")).districts), now=datetime(2026, 10, 5, 8, 0, tzinfo=UTC))
    (outgoing / "told").mkdir()
    server = serve()
    made.configure(feed=feed_for(server, settle_seconds=0).model_dump() | {"feedback": f"{server.root}/told"})
    yield made
    opened.dispose()


def night(nights: Nights, outgoing: Path, students: list[Pupil], **changed: bytes) -> Any:
    """Deliver by SFTP, and run."""
    package(outgoing / "roster.zip", students, changed=changed)
    nights.now += timedelta(days=1)
    return job.run(job.Job(nights.settings(), nights.databases, "demo", "a test", now=lambda: nights.now))


def told(outgoing: Path) -> list[list[dict[str, str]]]:
    return [rows(path.read_bytes()) for path in sorted((outgoing / "told").iterdir())]


TORN = [*pupils(20), Pupil("s-x", "0009999", given="Tes\x07ta"), Pupil("s-y", "123456789")]


def test_a_district_is_told_after_its_night(nights: Nights, outgoing: Path) -> None:
    """Its own lines and columns; no name, number or id of anybody."""
    report = night(nights, outgoing, TORN)
    assert report.facts["feedback"] == "library-feedback-20261006-080000.csv"
    (found,) = told(outgoing)
    assert [(row["code"], row["file"], row["line"], row["column"]) for row in found] == [
        ("control_character", "users.csv", "22", "givenName"),
        ("number_pattern", "users.csv", "23", "identifier"),
    ]
    content = next((outgoing / "told").iterdir()).read_text()
    assert not [each for each in ("s-x", "s-y", "9999", "123456789", "Tes", "Synthetica") if each in content]
    with nights.databases.reader.connect() as connection:
        last = runs.latest(connection, "demo", (Outcome.APPLIED,))
    assert last and last.report["feedback"] == report.facts["feedback"]


def test_a_good_night_is_told_by_a_file_without_findings(nights: Nights, outgoing: Path) -> None:
    """And the same bytes again are told nothing new."""
    night(nights, outgoing, pupils(20))
    assert told(outgoing) == [[]]
    nights.now += timedelta(days=1)
    again = job.run(job.Job(nights.settings(), nights.databases, "demo", "a test", now=lambda: nights.now))
    assert (again.outcome, len(told(outgoing))) == (Outcome.SAME_FILE, 1)


def test_held_and_refused_rosters_are_told(nights: Nights, outgoing: Path) -> None:
    """That is when the district needs it most."""
    nights.configure(limits={"removals_count": 1, "removals_percent": 0, "file_shrink_percent": 100})
    night(nights, outgoing, pupils(20))
    assert night(nights, outgoing, pupils(10)).outcome is Outcome.HELD_IN_PART
    with pytest.raises(BadRosterError):
        night(nights, outgoing, pupils(20), users=b"sourcedId,status\r\n")
    (outgoing / "roster.zip").write_bytes(b"no zip")
    _, held, refused = told(outgoing)
    assert [row["code"] for row in held] == ["removals"]
    assert refused[0]["code"] == "failed" and "users.csv: no column" in refused[0]["what_to_do"]


def test_no_night_fails_by_its_feedback(nights: Nights, outgoing: Path) -> None:
    """The outcome stays, and the report has the line."""
    (outgoing / "told").rmdir()
    report = night(nights, outgoing, pupils(20))
    assert report.outcome is Outcome.APPLIED
    assert "not delivered: 127.0.0.1" in report.facts["feedback"] and "check [feed] feedback" in report.as_text()


def test_nobody_is_told_of_a_roster_of_ours(nights: Nights, outgoing: Path) -> None:
    """A file that somebody here tries out, or a preview, is not the district's."""
    nights.night(pupils(20))
    nights.preview(pupils(21))
    assert told(outgoing) == []
