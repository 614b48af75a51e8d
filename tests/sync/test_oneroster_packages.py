"""OneRoster as vendors pack it: every version, files of any name, and manifests that are wrong."""

import zipfile
from pathlib import Path

import pytest

from sync.formats import read_package
from sync.package import open_package
from tests.sync.onerosters import (
    TODAY,
    cells,
    column,
    district,
    manifest,
    read,
    refusal,
    roster,
    rows,
    warned,
    without,
)
from tests.sync.rosters import csv_bytes, files, package, pupils

PUPIL = pupils(1)[0]
WHOLE = {
    "source_id": "s-0000001",
    "student_number": "0000001",
    "school": "101",
    "grade": "03",
    "given_name": "Given1",
    "family_name": "Family1",
    "birth_date": "2017-02-02",
}
NOBODY_BORN = district(
    agreement={"fields": {"source_id", "student_number", "school", "grade"}}, rules={"pin": {"rule": "last"}}
)


def said(version: str, **changed: str | None) -> bytes:
    modes = {"file_roles": "bulk"} if version.startswith("1.2") else {}
    return manifest(oneroster_version=version, **(modes | changed))


# -- versions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.1", "1.1.1", "1.2", "1.2.1"])
def test_every_version_with_a_manifest_is_read(version: str) -> None:
    """The manifest of 1.1.1 may say either, that of 1.2.1 too."""
    found = read(files([PUPIL], version[:3]) | {"manifest.csv": said(version)})
    assert (found.format, rows(found), warned(found)) == (f"OneRoster {version} bulk", [WHOLE], {})
    assert not found.partial


def test_10_is_read_which_has_no_manifest() -> None:
    """Its users have no enabledUser, its demographics name the user otherwise; other headers as a vendor wrote them."""
    user = {"sourcedId": "s-0000001", "status": "active", "orgSourcedIds": "org-101", "role": "student"}
    user |= {"username": "u", "userId": "u", "givenName": "Given1", "familyName": "Family1", "identifier": "0000001"}
    born = {"userSourcedId": "s-0000001", "status": "active", "birthdate": "2017-02-02", "sex": "F"}
    made = without(files([PUPIL]), "manifest.csv")
    made |= {"users.csv": cells([user | {"grades": "03"}]), "demographics.csv": cells([born])}
    found = read(made)
    assert (found.format, rows(found)) == ("OneRoster 1.0 or 1.1 bulk", [WHOLE])
    assert warned(found) == {"no_manifest": 1, "status_in_bulk": 2, "header_spelling": 2}


@pytest.mark.parametrize("stated", ["1.0", "2.0", "", "one", None])
@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_version_that_says_nothing_is_known_by_headers(version: str, stated: str | None) -> None:
    """Blank, missing, odd: whether there is a role in users.csv or roles.csv decides."""
    modes = {"file_roles": "bulk"} if version == "1.2" else {}
    found = read(files([PUPIL], version) | {"manifest.csv": manifest(oneroster_version=stated, **modes)})
    assert rows(found) == [WHOLE]
    told = stated == "1.0" and version == "1.1"
    assert found.format == f"OneRoster {'1.0' if told else version} bulk"
    assert warned(found) == ({} if told else {"version_by_headers": 1})


def test_12_with_the_roles_still_in_users_is_read() -> None:
    """A 1.2 manifest over the users.csv of 1.1, and no roles.csv."""
    found = read(files([PUPIL]) | {"manifest.csv": manifest(oneroster_version="1.2")})
    assert (found.format, rows(found), warned(found)) == ("OneRoster 1.1 bulk", [WHOLE], {"version_by_headers": 1})


def test_11_with_a_roles_file_is_read() -> None:
    """A 1.1 manifest that does not know roles.csv, over the files of 1.2."""
    found = read(files([PUPIL], "1.2") | {"manifest.csv": manifest()})
    assert (found.format, rows(found)) == ("OneRoster 1.2 bulk", [WHOLE])
    assert warned(found) == {"version_by_headers": 1, "manifest_contradicts": 1}


@pytest.mark.parametrize(("version", "school"), [("1.1", "101"), ("1.2", "102")])
def test_where_both_files_have_roles_the_manifest_decides(version: str, school: str) -> None:
    """users.csv in 1.1, roles.csv in 1.2."""
    made = files([PUPIL.moved(school="102")], "1.2") | {"users.csv": files([PUPIL])["users.csv"]}
    assert column(read(made | {"manifest.csv": said(version)}), "school") == [school]


def test_without_a_role_anywhere_the_package_is_refused() -> None:
    """Nobody would be a student."""
    made = without(files([PUPIL], "1.2"), "roles.csv", "manifest.csv")
    assert refusal(made).startswith("no roles.csv in the package; it has demographics.csv")


# -- names of files -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["users_2026.csv", "oneroster_users.csv", "user.csv", "export-users-20261004.txt", "a.csv"]
)
def test_users_are_known_by_their_header(name: str) -> None:
    """Whatever the file is called; the receipt has its own name."""
    made = without(files([PUPIL]), "users.csv") | {name: files([PUPIL])["users.csv"]}
    found = read(made)
    assert rows(found) == [WHOLE] and name in found.columns


def test_every_file_may_have_another_name() -> None:
    """With and without a manifest, in both versions, and what is not ours is left alone."""
    for version in ("1.1", "1.2"):
        made = {f"x_{name[:2]}.csv": raw for name, raw in files([PUPIL], version).items()}
        made["x_cl.csv"] = b"sourcedId,status,dateLastModified,title,grades,orgSourcedId\r\nc-1,,,Art,03,org-101\r\n"
        made["x_en.csv"] = (
            b"sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role\r\ne-1,c-1,org-101,u,student\r\n"
        )
        assert (rows(read(made)), warned(read(made))) == ([WHOLE], {})
        assert warned(read(without(made, "x_ma.csv"))) == {"no_manifest": 1}


def test_two_files_of_users_are_refused() -> None:
    """To choose one would lose the other's students; only a name that is exactly right decides."""
    made = files([PUPIL])
    twins = without(made, "users.csv") | {"users_a.csv": made["users.csv"], "users_b.csv": made["users.csv"]}
    assert refusal(twins) == "users_a.csv and users_b.csv both look like users.csv; send one of them"
    assert rows(read(made | {"users_old.csv": files(pupils(2))["users.csv"]})) == [WHOLE]


def test_loose_files_and_a_zipped_folder_are_packages(tmp_path: Path) -> None:
    """A folder of files in any case, and a zip with all of them one folder deep."""
    (tmp_path / "loose").mkdir()
    for name, raw in files([PUPIL]).items():
        (tmp_path / "loose" / name.capitalize()).write_bytes(raw)
    with zipfile.ZipFile(tmp_path / "deep.zip", "w") as archive:
        for name, raw in files([PUPIL]).items():
            archive.writestr(f"Export 2026/{name.upper()}", raw)
    for path in ("loose", "deep.zip"):
        with open_package(tmp_path / path) as found:
            assert rows(read_package(found, district(), TODAY)) == [WHOLE]


def test_a_flat_file_of_a_district_that_names_its_columns_stays_flat() -> None:
    """However much its header looks like users.csv."""
    agreed = district(
        feed={"columns": {"source_id": "sourcedId", "school": "Building", "student_number": "identifier"}}
    )
    flat = {"sourcedId": "s-1", "givenName": "A", "familyName": "B", "identifier": "1", "grade": "3", "Building": "101"}
    born = {"sourcedId": "s-1", "birthDate": "2017-02-02"}
    found = read({"a.csv": cells([flat]), "b.csv": cells([born])}, agreed)
    assert found.format == "flat file" and column(found, "school") == ["101"]


# -- manifest -------------------------------------------------------------------------------------------------------


def test_a_manifest_may_be_written_carelessly() -> None:
    """Rows in any order, properties and values in any case and with blanks, one of them twice, some without a value."""
    said = [
        ("File.Demographics", "BULK"),
        ("file.orgs ", " Bulk"),
        ("file.users", "bulk"),
        ("file.users", "Bulk"),
        ("file.classes", ""),
        ("source.systemName", "SIS, the one"),
        ("OneRoster.Version", "1.1"),
    ]
    made = [{"propertyName": name, "value": value} for name, value in said]
    found = read(files([PUPIL]) | {"manifest.csv": csv_bytes(("propertyName", "value"), made)})
    assert (rows(found), warned(found)) == ([WHOLE], {"value_spelling": 2})


def test_a_property_said_both_ways_takes_nobodys_card() -> None:
    """bulk and delta: then absence means nothing."""
    lines = b"file.users,bulk\r\nfile.users,delta\r\nfile.users,bulk\r\n"
    found = read(files([PUPIL.moved(status="active")]) | {"manifest.csv": manifest(file_users=None) + lines})
    assert found.partial and warned(found) == {"manifest_contradicts": 2}


@pytest.mark.parametrize(("kind", "mode"), [("users", "absent"), ("orgs", None), ("demographics", "")])
def test_a_file_that_the_manifest_denies_is_read(kind: str, mode: str | None) -> None:
    """The files count where the two differ, as the standard has it."""
    found = read(files([PUPIL]) | {"manifest.csv": manifest(**{f"file_{kind}": mode})})
    assert (rows(found), found.partial, warned(found)) == ([WHOLE], False, {"manifest_contradicts": 1})


@pytest.mark.parametrize("mode", ["bulk", "delta"])
@pytest.mark.parametrize("kind", ["users", "orgs", "roles", "demographics"])
def test_a_file_that_is_listed_and_missing_refuses_the_package(kind: str, mode: str) -> None:
    """It could hide students, or take their PINs."""
    made = files([PUPIL], "1.2") | {"manifest.csv": said("1.2", **{f"file_{kind}": mode})}
    expected = f"manifest.csv: file.{kind} is {mode!r}, but {kind}.csv is not in the package; export it again"
    assert refusal(without(made, f"{kind}.csv")) == expected


def test_demographics_may_be_missing_where_birth_dates_are_not_agreed_on() -> None:
    """Nothing of it would have been read."""
    made = without(files([PUPIL]), "demographics.csv")
    assert warned(read(made, NOBODY_BORN)) == {"manifest_contradicts": 1}


def test_a_mode_that_nobody_knows_is_refused() -> None:
    """Whether absence means departure cannot be guessed."""
    made = files([PUPIL]) | {"manifest.csv": manifest(file_users="sometimes, not always")}
    assert refusal(made) == "manifest.csv: file.users is 'sometimes, n'; it should be bulk, delta or absent"


@pytest.mark.parametrize("students", [True, False])
def test_a_manifest_alone_says_that_nothing_changed(students: bool) -> None:
    """No error, and nobody's departure; with schools they are remembered."""
    absent = manifest(file_users="absent", file_demographics="absent", file_orgs="bulk" if students else "absent")
    made = {"manifest.csv": absent} | ({"orgs.csv": files([])["orgs.csv"]} if students else {})
    found = read(made, orgs={"org-7": "7"})
    assert (found.partial, rows(found), found.rows, found.rejects, warned(found)) == (True, [], 0, (), {})
    assert found.orgs == (
        {f"org-{code}": code for code in ("101", "102", "201", "301", "999")} if students else {"org-7": "7"}
    )


# -- files with nothing in them -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["users", "orgs", "roles"])
def test_a_header_alone_is_never_everyones_departure(kind: str) -> None:
    """An export that failed after its first line is no roster."""
    made = files([PUPIL], "1.2")
    made[f"{kind}.csv"] = made[f"{kind}.csv"].split(b"\r\n")[0] + b"\r\n"
    assert refusal(made).startswith(f"{kind}.csv: no rows under the header")


def test_demographics_of_a_header_alone_are_no_birth_dates() -> None:
    """Real exporters send it so, and call it bulk."""
    found = roster([PUPIL], demographics=b"sourcedId,status,dateLastModified,birthDate,sex\r\n")
    assert rows(found) == [{name: cell for name, cell in WHOLE.items() if name != "birth_date"}]
    assert warned(found) == {"empty_file": 1, "birth_date_missing": 1}


# -- rows that were put right ---------------------------------------------------------------------------------------

SCHOOLS = {"org-101": "101"}


def test_one_row_of_users_is_read_again() -> None:
    """With the agreed columns only, without a manifest, by the schools of the last roster; absence means nothing."""
    row = {"sourcedId": "s-0000001", "role": "student", "orgSourcedIds": "org-101", "identifier": "0000001"}
    row |= {"givenName": "Given1", "familyName": "Family1", "grades": "03"}
    found = read({"users.csv": cells([row])}, orgs=SCHOOLS, replayed=True)
    assert rows(found) == [{name: cell for name, cell in WHOLE.items() if name != "birth_date"}]
    assert (found.partial, found.orgs, warned(found)) == (True, SCHOOLS, {})


def test_one_row_of_12_users_is_read_again_without_its_school() -> None:
    """Which roles.csv said, and the stored patron has."""
    row = {"sourcedId": "s-0000001", "identifier": "0000001", "grades": "03"}
    found = read({"users_2026.csv": cells([row])}, NOBODY_BORN, SCHOOLS, replayed=True)
    assert rows(found) == [{"source_id": "s-0000001", "student_number": "0000001", "grade": "03"}]


def test_one_row_of_roles_is_read_again() -> None:
    """It says where its user is a student, and no more."""
    row = {"userSourcedId": "s-1", "roleType": "primary", "role": "student", "orgSourcedId": "org-101"}
    found = read({"roles.csv": cells([row])}, orgs=SCHOOLS, replayed=True)
    assert (rows(found), found.partial) == ([{"source_id": "s-1", "school": "101"}], True)


def test_one_row_of_demographics_is_read_again() -> None:
    """It says when somebody was born."""
    found = read({"demographics.csv": cells([{"sourcedId": "s-1", "birthDate": "2017-02-02"}])}, replayed=True)
    assert (rows(found), found.partial) == ([{"source_id": "s-1", "birth_date": "2017-02-02"}], True)


def test_the_cells_of_a_reject_can_be_read_again() -> None:
    """What a reject keeps of its row is a package of its own."""
    made = files([PUPIL.moved(extra={"grades": "0\x073"}), *pupils(2, first=2)])
    (reject,) = read(made).rejects
    assert (reject.column, reject.source_id) == ("grades", "s-0000001")
    mended = {**reject.cells, reject.column: "03"}
    again = read({reject.file: cells([mended])}, orgs=SCHOOLS, replayed=True)
    assert rows(again) == [{name: cell for name, cell in WHOLE.items() if name != "birth_date"}]


def test_a_package_of_the_command_is_read_in_any_version(tmp_path: Path) -> None:
    """The zips that other tests are made of."""
    with open_package(package(tmp_path / "a.zip", pupils(3), "1.2")) as opened:
        assert len(read_package(opened, district(), TODAY).frame) == 3
