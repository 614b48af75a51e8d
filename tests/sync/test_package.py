"""Reading what was delivered, in every shape that it may have."""

import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipInfo

import pytest

from sync.package import BadPackageError, open_package
from tests.sync.packages import ORGS, USERS, content, contents, refusal, zipped


@pytest.mark.parametrize("folder", ["", "roster/", "Roster 2025\\"])
@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
def test_files_at_the_root_or_in_one_folder_are_read(tmp_path: Path, folder: str, method: int) -> None:
    """Names come in lower case and without their folder, whichever slash made it; all bytes are there."""
    info = ZipInfo()
    info.filename = (
        f"{folder}Users.CSV"  # as some Windows programs write it: a ZipInfo made with a name would change it
    )
    info.compress_type = method
    path = zipped(tmp_path / "a.zip", (info, USERS), (f"{folder.replace(chr(92), '/')}orgs.csv", ORGS), method=method)
    assert contents(path) == {"users.csv": USERS, "orgs.csv": ORGS}


def test_what_is_no_roster_file_is_passed_over(tmp_path: Path) -> None:
    """Notes, hidden files, what macOS adds, folders and zips in the zip are not looked into."""
    extras = ["readme.md", ".hidden.csv", "__MACOSX/._users.csv", "__MACOSX/roster/._users.csv", ".git/x.csv", "old/"]
    path = zipped(
        tmp_path / "a.zip",
        ("roster/", b""),
        ("roster/users.csv", USERS),
        ("roster/notes.txt", ORGS),
        ("roster/older.zip", b"PK\3\4"),
        *[(name, b"") for name in extras],
    )
    assert contents(path) == {"users.csv": USERS, "notes.txt": ORGS}


def test_a_file_can_be_opened_again_and_again(tmp_path: Path) -> None:
    """Looking at the header first does not use up what is read later."""
    with open_package(zipped(tmp_path / "a.zip", ("users.csv", USERS))) as package:
        with package.open("users.csv") as stream:
            assert stream.readline() == b"0,Name 0\n"
        with package.open("users.csv") as stream:
            assert io.TextIOWrapper(stream, "utf-8").read() == USERS.decode()


def test_a_file_that_is_not_there_is_a_key_error(tmp_path: Path) -> None:
    """Asking for what `names` does not list is a mistake of the program, not of the district."""
    with open_package(zipped(tmp_path / "a.zip", ("users.csv", USERS))) as package, pytest.raises(KeyError):
        package.open("orgs.csv")


def test_a_folder_is_a_package_of_its_files(tmp_path: Path) -> None:
    """Regular files directly in it; what is hidden, deeper or of another kind is passed over."""
    (tmp_path / "Users.csv").write_bytes(USERS)
    (tmp_path / "orgs.TXT").write_bytes(ORGS)
    (tmp_path / ".hidden.csv").write_bytes(ORGS)
    (tmp_path / "readme.md").write_bytes(ORGS)
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "more.csv").write_bytes(ORGS)
    assert contents(tmp_path) == {"users.csv": USERS, "orgs.txt": ORGS}


def test_one_file_is_a_package_of_one(tmp_path: Path) -> None:
    """A district that delivers a single list needs no zip."""
    (tmp_path / "Students.csv").write_bytes(USERS)
    assert contents(tmp_path / "Students.csv") == {"students.csv": USERS}


def test_a_zip_is_told_by_its_bytes_too(tmp_path: Path) -> None:
    """A zip under another name is read as one."""
    assert contents(zipped(tmp_path / "roster.dat", ("users.csv", USERS))) == {"users.csv": USERS}


@pytest.mark.parametrize("name", ["roster.dat", "roster", "roster.pdf"])
def test_what_is_neither_is_refused(tmp_path: Path, name: str) -> None:
    """Bytes of an unknown kind are not guessed at."""
    (tmp_path / name).write_bytes(USERS)
    assert "neither a zip nor a .csv, .txt or .xlsx file; check [feed] pattern" in refusal(tmp_path / name)


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    """A link could lead to any file of this machine."""
    (tmp_path / "users.csv").symlink_to("/etc/passwd")
    assert "users.csv: a link or folder" in refusal(tmp_path)


def test_a_file_that_changes_after_the_look_is_refused(tmp_path: Path) -> None:
    """A package serves as many bytes as it said at first: neither more nor fewer."""
    for name, now in (("grows.csv", USERS + ORGS), ("shrinks.csv", USERS[:-1])):
        (tmp_path / name).write_bytes(USERS)
        with open_package(tmp_path / name) as package:
            (tmp_path / name).write_bytes(now)
            with pytest.raises(BadPackageError, match="not of the size that it states"):
                content(package, name)


def test_a_package_without_a_roster_file_is_refused(tmp_path: Path) -> None:
    """An export that wrote nothing is not a district without students."""
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", zipped(tmp_path / "a.zip"), zipped(tmp_path / "b.zip", ("a.pdf", USERS))):
        assert "no .csv, .txt or .xlsx file in it" in refusal(path)
