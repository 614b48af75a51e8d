"""Every trick that a zip can play, and the line that each ends with."""

import stat
import struct
import zlib
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.package import BadPackageError, open_package
from tests.sync.packages import MIB, ORGS, USERS, contents, patched, refusal, zipped


@pytest.mark.parametrize(
    "name",
    [
        "../users.csv",
        "a/../users.csv",
        "./users.csv",
        "/users.csv",
        "//server/share/users.csv",
        "C:users.csv",
        "c:\\users.csv",
        "..\\users.csv",
        "a\\..\\..\\users.csv",
        "users.csv\0.txt",
        "us\ners.csv",
        "us\x1b[2Jers.csv",
        "a//users.csv",
        "notes/../../readme.md",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    """Even where nothing would be unpacked, and even for a file that would not be read."""
    entry = "x" * len(name)
    path = zipped(tmp_path / "a.zip", ("users.csv", USERS), (entry, ORGS))
    path.write_bytes(path.read_bytes().replace(entry.encode(), name.encode()))
    assert "which could lead elsewhere" in refusal(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_in_a_zip_is_refused(tmp_path: Path, kind: int) -> None:
    """Its contents would be a path, not a roster."""
    info = ZipInfo("users.csv")
    info.external_attr = (kind | 0o777) << 16
    assert "'users.csv' is a link or device" in refusal(zipped(tmp_path / "a.zip", (info, b"/etc/passwd")))


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which of them is the roster nobody could tell; letter case makes no difference."""
    path = zipped(tmp_path / "a.zip", ("users.csv", USERS), ("USERS.csv", ORGS))
    assert "'users.csv' is in it more than once" in refusal(path)


@pytest.mark.parametrize(
    "names", [("users.csv", "a/orgs.csv"), ("a/users.csv", "b/orgs.csv"), ("a/users.csv", "a/b/orgs.csv")]
)
def test_files_in_several_folders_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Two folders are two exports in one zip."""
    path = zipped(tmp_path / "a.zip", *[(name, ORGS) for name in names])
    assert "files in several folders; ask" in refusal(path)


def test_a_folder_in_a_folder_is_one(tmp_path: Path) -> None:
    """Whoever zips the folder of an export often zips the way to it as well."""
    path = zipped(tmp_path / "a.zip", ("export/2026/users.csv", USERS), ("export/2026/orgs.csv", ORGS))
    with open_package(path) as package:
        assert package.names == ("orgs.csv", "users.csv")


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    """There is no password to try; the line asks for a zip without one."""

    def encrypt(data: bytearray, local: int, directory: int) -> None:
        data[local + 6] |= 1
        data[directory + 8] |= 1

    assert "'users.csv' is encrypted" in refusal(patched(zipped(tmp_path / "a.zip", ("users.csv", USERS)), encrypt))


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_an_unusual_compression_is_refused(tmp_path: Path, method: int) -> None:
    """Stored and deflated are all that rosters need; others bring memory limits of their own."""
    path = zipped(tmp_path / "a.zip", ("users.csv", USERS), method=method)
    assert f"'users.csv' is compressed by method {method}" in refusal(path)


def test_a_zip_of_too_many_entries_is_refused(tmp_path: Path) -> None:
    """Whatever they are: a roster has a dozen."""
    path = zipped(tmp_path / "a.zip", *[(f"{number}.csv", b"") for number in range(101)])
    assert "101 entries, over 100" in refusal(path)


def test_a_directory_of_a_million_entries_is_not_even_read(tmp_path: Path) -> None:
    """The size of the directory is looked at before its entries become objects."""
    path = zipped(tmp_path / "a.zip", *[(f"{number:05}" + "x" * 60, b"") for number in range(10_000)])
    assert "its directory is too large" in refusal(path)


def test_a_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    """Two megabytes of nothing in two kilobytes are no roster; nothing of it is unpacked."""
    path = zipped(tmp_path / "a.zip", ("users.csv", bytes(2 * MIB)))
    assert f"'users.csv' is {2 * MIB} bytes squeezed into" in refusal(path)


def test_many_files_are_capped_as_a_whole(tmp_path: Path) -> None:
    """Each may be within the limit; their sum may not pass it, in a zip or a folder."""
    (tmp_path / "folder").mkdir()
    for number in range(3):
        (tmp_path / "folder" / f"{number}.csv").write_bytes(bytes(400))
    entries = [(f"{number}.csv", bytes(400)) for number in range(3)]
    for path in (tmp_path / "folder", zipped(tmp_path / "a.zip", *entries)):
        assert "1200 bytes when unpacked, over 1000" in refusal(path, max_bytes=1000)


@pytest.mark.parametrize("stated", [len(USERS) - 1, len(USERS) + 1, 10, 0, MIB])
def test_a_lie_about_the_size_is_found(tmp_path: Path, stated: int) -> None:
    """A directory that states more or fewer bytes than there are ends in an error, never in a shorter file."""

    def lie(data: bytearray, local: int, directory: int) -> None:
        data[local + 22 : local + 26] = data[directory + 24 : directory + 28] = struct.pack("<I", stated)

    refusal(patched(zipped(tmp_path / "a.zip", ("users.csv", USERS)), lie))


def test_a_lie_about_the_size_with_a_checksum_to_match_serves_no_more_than_stated(tmp_path: Path) -> None:
    """Where size and checksum are both forged, what is served is what was stated, and so within the limits."""

    def forge(data: bytearray, local: int, directory: int) -> None:
        forged = struct.pack("<I", zlib.crc32(USERS[:100]))
        data[local + 14 : local + 18] = data[directory + 16 : directory + 20] = forged
        data[local + 22 : local + 26] = data[directory + 24 : directory + 28] = struct.pack("<I", 100)

    path = patched(zipped(tmp_path / "a.zip", ("users.csv", USERS)), forge)
    assert contents(path) == {"users.csv": USERS[:100]}


def test_a_place_beyond_the_file_is_found(tmp_path: Path) -> None:
    """An entry may say that it starts anywhere up to 16 exabytes."""
    extra = struct.pack("<HHQ", 1, 8, 2**64 - 1)
    info = ZipInfo("users.csv")
    info.extra = extra

    def send_away(data: bytearray, _local: int, directory: int) -> None:
        data[directory + 42 : directory + 46] = b"\xff" * 4

    assert "damaged or cut short" in refusal(patched(zipped(tmp_path / "a.zip", (info, USERS)), send_away))


def test_entries_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """Two directory records for one local header are the core of a zip that unpacks to petabytes."""

    def share(data: bytearray, _local: int, directory: int) -> None:
        second = data.index(b"PK\1\2", directory + 4)
        data[second + 42 : second + 46] = data[directory + 42 : directory + 46]

    path = patched(zipped(tmp_path / "a.zip", ("a.csv", USERS), ("b.csv", USERS)), share)
    assert "shares bytes with another entry" in refusal(path)


def test_an_entry_that_runs_into_the_next_is_refused(tmp_path: Path) -> None:
    """Nor may the data of one contain the whole of another."""

    def stretch(data: bytearray, _local: int, directory: int) -> None:
        (size,) = struct.unpack_from("<I", data, directory + 20)
        struct.pack_into("<I", data, directory + 20, size + 1)

    path = patched(zipped(tmp_path / "a.zip", ("a.csv", USERS), ("b.csv", USERS)), stretch)
    assert "'b.csv' shares bytes with another entry" in refusal(path)
    path = patched(zipped(tmp_path / "b.zip", ("a.csv", USERS)), stretch)
    assert "an entry reaches into the directory" in refusal(path)


@pytest.mark.parametrize("damage", [b"", b"PK", b"PK\3\4", b"not a zip at all" * 100, b"PK\5\6" + bytes(18)])
def test_what_is_no_zip_is_refused(tmp_path: Path, damage: bytes) -> None:
    """Whatever lies under the name of a zip, the line asks for a new delivery."""
    (tmp_path / "a.zip").write_bytes(damage)
    assert "ask the district" in refusal(tmp_path / "a.zip")


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path: Path) -> None:
    """Damage in the data, not the directory."""

    def flip(data: bytearray, local: int, _directory: int) -> None:
        data[local + 100] ^= 1

    path = patched(zipped(tmp_path / "a.zip", ("users.csv", USERS), method=ZIP_STORED), flip)
    assert "users.csv: damaged or cut short" in refusal(path)


small_zips = st.builds(
    lambda users, orgs, method: (users, orgs, method),
    st.binary(max_size=300),
    st.binary(max_size=60),
    st.sampled_from([ZIP_STORED, ZIP_DEFLATED]),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(small_zips, st.data())
def test_a_cut_zip_never_passes_for_a_shorter_one(
    tmp_path: Path, made: tuple[bytes, bytes, int], data: st.DataObject
) -> None:
    """Cut at any byte, a zip gives an error, not a package with less in it."""
    users, orgs, method = made
    path = zipped(tmp_path / "a.zip", ("users.csv", users), ("orgs.csv", orgs), method=method)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(BadPackageError):
        contents(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(small_zips, st.data())
def test_a_damaged_zip_gives_the_right_bytes_or_an_error(
    tmp_path: Path, made: tuple[bytes, bytes, int], data: st.DataObject
) -> None:
    """With any one byte another, what is read to its end is what was delivered."""
    users, orgs, method = made
    path = zipped(tmp_path / "a.zip", ("users.csv", users), ("orgs.csv", orgs), method=method)
    damaged = bytearray(path.read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    try:
        found = contents(path)
    except BadPackageError:
        return
    assert {"users.csv": users, "orgs.csv": orgs}.items() >= found.items()
