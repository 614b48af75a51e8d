"""The formats that are CSVs with columns of the vendor's."""

import csv
import io
import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from access_service.ils import AccountField, FormatName
from sync.ils.formats import FORMATS
from sync.ils.shape import fault
from tests.commands import ROOT
from tests.sync.ils.changes import CHANGES
from tests.sync.ils.golden import PAGES, ils_of, stored

LISTS = ROOT.parent / "shared" / "ils-schemas" / "columns.json"
needs_lists = pytest.mark.skipif(not LISTS.is_file(), reason="no ../shared/ils-schemas: what vendors publish is theirs")
VENDORS = {
    FormatName.KOHA: ("koha_csv", "columns"),
    FormatName.POLARIS: ("polaris_csv", "columns_known"),
    FormatName.EVERGREEN: ("evergreen_patron_loader", "columns"),
}


def rows(name: FormatName, file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(stored(name)[file].decode())))


def loads(name: FormatName) -> list[str]:
    """The files for the loader: not those of people."""
    return [file for file in stored(name) if file.endswith(".csv") and "4-expire" not in file]


@needs_lists
@pytest.mark.parametrize("name", VENDORS)
def test_every_column_is_one_of_the_vendor_s(name: FormatName) -> None:
    """And there are fewer than there could be: Koha would take a full row by position."""
    table, key = VENDORS[name]
    known = json.loads(LISTS.read_text())[table][key]
    for file in loads(name):
        header = set(rows(name, file)[0])
        assert header < set(known)


@needs_lists
@pytest.mark.parametrize(
    ("name", "key"),
    [
        (FormatName.KOHA, "required_value"),
        (FormatName.POLARIS, "required"),
        (FormatName.EVERGREEN, "must_be_nonblank_if_present"),
    ],
)
def test_what_the_vendor_wants_is_never_blank(name: FormatName, key: str) -> None:
    """In no row of any file that the loader is to read."""
    wanted = json.loads(LISTS.read_text())[VENDORS[name][0]][key]
    for file in loads(name):
        for row in rows(name, file):
            assert all(row.get(column, "absent") for column in wanted)
            assert key == "must_be_nonblank_if_present" or set(wanted) <= set(row)


@needs_lists
def test_polaris_takes_as_many_characters_as_the_vendor_says() -> None:
    """The limits of the format are those of the vendor's list."""
    longest = json.loads(LISTS.read_text())["polaris_csv"]["max_len"]
    lengths = FORMATS[FormatName.POLARIS].lengths
    assert lengths[AccountField.FAMILY_NAME] == longest["PatronLastName"]
    assert lengths[AccountField.GIVEN_NAME] == longest["PatronFirstName"]
    assert lengths[AccountField.NUMBER] == longest["PatronBarcode"]
    assert lengths[AccountField.PIN] == longest["PatronPassword"]


@needs_lists
def test_the_page_for_any_ils_has_destiny_s_limits() -> None:
    """As its vendor's list has them."""
    limits = json.loads(LISTS.read_text())["destiny_pic"]["fields"]
    names = {"site": "siteShortName", "barcode": "barcode", "district_id": "districtID", "last": "lastName"}
    template = ils_of(FormatName.CSV).csv
    assert template
    shown = {column.header: column.max_length for column in template.columns}
    assert {header: shown[header] for header in names} == {h: limits[f"field_{n}"] for h, n in names.items()}


@pytest.mark.parametrize("name", VENDORS)
def test_a_pin_is_told_of_a_new_account_alone(name: FormatName) -> None:
    """In every other file its column is not there, or blank."""
    column = {FormatName.KOHA: "password", FormatName.POLARIS: "PatronPassword"}.get(name, "passwd")
    for file in loads(name):
        told = [row[column] for row in rows(name, file) if row.get(column)]
        assert "0303" in told if "create" in file else not told


@pytest.mark.parametrize(
    "key", ["a1-b2", "with, a comma", 'a "quoted" one', "a:colon"], ids=["plain", "comma", "quotes", "colon"]
)
def test_koha_reads_our_key_from_its_cell(key: str) -> None:
    """The cell is a line of CSV, and what follows the first colon is the value."""
    form, change = FORMATS[FormatName.KOHA], CHANGES["new"]
    assert form.files
    (file,) = form.files([replace(change, account=replace(change.account, key=key))], ils_of(FormatName.KOHA))
    (row,) = csv.DictReader(io.StringIO(b"".join(file.chunks).decode()))
    ((attribute,),) = csv.reader([row["patron_attributes"]])
    assert attribute.split(":", 1) == ["SISID", key]


def test_koha_s_categories_have_ten_characters() -> None:
    """A longer patron type needs another name."""
    target = ils_of(FormatName.KOHA)
    unnamed = target.model_copy(update={"koha": target.koha.model_copy(update={"categories": {}})})  # type: ignore[union-attr]
    form, change = FORMATS[FormatName.KOHA], CHANGES["new grade"]
    assert fault(change, form, target) == ""
    reason = "patron_type 'STUDENT-612' is longer than 10; give it a name in [ils.koha] categories"
    assert fault(change, form, unnamed) == reason


def test_a_code_that_polaris_has_no_number_for_is_kept_back() -> None:
    """With where to add it."""
    form, target = FORMATS[FormatName.POLARIS], ils_of(FormatName.POLARIS)
    change = CHANGES["new"]
    elsewhere = replace(change, account=replace(change.account, branch="LAKE"))
    assert fault(change, form, target) == ""
    assert fault(elsewhere, form, target) == "branch 'LAKE' has no number in [ils.polaris] branches; add it there"


def test_evergreen_drops_no_name_in_silence() -> None:
    """Without PERL_UNICODE=SD a student whose name it would drop is kept back."""
    target = ils_of(FormatName.EVERGREEN)
    plain = target.model_copy(update={"evergreen": target.evergreen.model_copy(update={"unicode": False})})  # type: ignore[union-attr]
    reason = fault(CHANGES["another name"], FORMATS[FormatName.EVERGREEN], plain)
    assert reason.endswith("has a character that ascii has not")
    assert fault(CHANGES["another name"], FORMATS[FormatName.EVERGREEN], target) == ""


# What the script of docs/connect/koha.md runs, in its order.
LOADED = """\
1-renumber.csv --matchpoint SISID --overwrite \
--preserve-field surname --preserve-field branchcode --preserve-field categorycode
2-create.csv --matchpoint SISID \
--preserve-field surname --preserve-field branchcode --preserve-field categorycode
3-update-branch.csv --matchpoint SISID --overwrite --preserve-field surname --preserve-field categorycode
3-update-expires.csv --matchpoint SISID --overwrite \
--preserve-field surname --preserve-field branchcode --preserve-field categorycode
3-update-family-name-given-name.csv --matchpoint SISID --overwrite \
--preserve-field branchcode --preserve-field categorycode
3-update-patron-type.csv --matchpoint SISID --overwrite --preserve-field surname --preserve-field branchcode
4-expire.csv --matchpoint cardnumber --overwrite \
--default surname=- --default branchcode=MAPLE --default categorycode=STUDENT-K5 \
--preserve-field surname --preserve-field branchcode --preserve-field categorycode
"""


def test_koha_s_script_protects_what_did_not_change(tmp_path: Path) -> None:
    """It runs Koha's import for every file in order, and leaves the columns that a file has only because Koha wants
    them."""
    (script,) = re.findall(r"```sh\n(.*?)```", (PAGES / "koha.md").read_text(encoding="utf-8"), re.DOTALL)
    importer, folder = tmp_path / "import_patrons.pl", tmp_path / "incoming"
    importer.write_text(f'#!/bin/sh\nshift\necho "$@" >> {tmp_path}/ran\n')
    importer.chmod(0o755)
    folder.mkdir()
    for file in [*loads(FormatName.KOHA), "4-expire.csv"]:
        (folder / f"branch-demo-000001-{file}").write_bytes(stored(FormatName.KOHA)[file])
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", script, "load-cards", str(folder)], env=environment, check=True)
    end = " --preserve-extended-attributes --confirm -vv"
    expected = [f"branch-demo-000001-{line}{end}" for line in LOADED.splitlines()]
    assert (tmp_path / "ran").read_text().splitlines() == expected
    assert not list(folder.glob("*.csv"))
