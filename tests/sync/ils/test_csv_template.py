"""Any CSV by its columns: what is not ours to tell is in no file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from access_service.ils import AccountField, Ils
from sync.ils.formats import FORMATS
from sync.ils.shape import fault
from tests.sync.ils.changes import CHANGES

NUMBER, EXPIRES = {"header": "barcode", "field": "library_number"}, {"header": "until", "field": "expires"}
LAST, GRADE = {"header": "last", "field": "family_name", "always": True}, {"header": "grade", "field": "grade"}


def ils(*columns: Mapping[str, object], **csv: object) -> Ils:
    delivery = {"to": "folder", "folder": Path("ils")}
    return Ils.model_validate({"format": "csv", "csv": {"columns": columns, **csv}, "delivery": delivery})


def header(order: str, target: Ils, *, without: AccountField | None = None) -> bytes:
    form, change = FORMATS[target.format], CHANGES[order]
    assert form.files
    (file,) = form.files([replace(change, fields=change.fields - {without})], target)
    return b"".join(file.chunks).splitlines()[0]


def test_a_new_account_has_no_column_of_what_is_never_told() -> None:
    """Such as the grade, where [ils] says never."""
    assert header("new", ils(NUMBER, GRADE, EXPIRES)) == b"barcode,grade,until"
    assert header("new", ils(NUMBER, GRADE, EXPIRES), without=AccountField.GRADE) == b"barcode,until"


def test_an_update_has_what_changed_and_what_the_loader_wants_always() -> None:
    """And no column beside these."""
    assert header("new grade", ils(NUMBER, LAST, GRADE, EXPIRES)) == b"barcode,last,grade"


def test_a_file_without_old_number_and_key_renumbers_nobody() -> None:
    """It would make a second account; so the order is kept back and says what to do."""
    order = CHANGES["renumbered"]
    assert "by hand" in fault(order, FORMATS[ils(NUMBER, EXPIRES).format], ils(NUMBER, EXPIRES))
    keyed = ils(NUMBER, EXPIRES, {"header": "student", "field": "key"})
    assert fault(order, FORMATS[keyed.format], keyed) == ""


def test_a_name_that_the_encoding_has_not_is_kept_back() -> None:
    """The reason has the name of the field and nothing of the person."""
    ascii_only = ils(NUMBER, LAST, EXPIRES, encoding="ascii")
    reason = fault(CHANGES["new name with accents"], FORMATS[ascii_only.format], ascii_only)
    assert reason == "family_name has a character that ascii has not"


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (
            {"header": "last", "field": "family_name", "max_length": 9},
            "family_name has 10 characters, and the ILS takes 9",
        ),
        ({"header": "type", "field": "patron_type", "values": {"STUDENT-K5": "K5"}, "max_length": 2}, ""),
        (
            {"header": "to", "field": "profile", "always": True},
            "profile is missing, and the ILS takes nobody without it",
        ),
        ({"header": "to", "field": "profile", "always": True, "blank": "none"}, ""),
        ({"header": "to", "field": "profile"}, ""),
    ],
    ids=["too long", "mapped", "wanted", "wanted or blank", "not wanted"],
)
def test_what_the_ils_cannot_take_is_kept_back(column: dict[str, object], reason: str) -> None:
    """As long as it comes to the file, and only what it wants in every row."""
    change, target = CHANGES["new"], ils(NUMBER, EXPIRES, column)
    assert fault(replace(change, account=replace(change.account, profile="")), FORMATS[target.format], target) == reason


def test_a_blank_value_has_no_prefix() -> None:
    """But what stands for it."""
    grade = {"header": "grade", "field": "grade", "prefix": "G", "blank": "none"}
    target = ils(NUMBER, EXPIRES, grade)
    (file,) = FORMATS[target.format].files([CHANGES["new"], CHANGES["educator"]], target)  # type: ignore[misc]
    assert [line.split(b",")[2] for line in b"".join(file.chunks).splitlines()] == [b"grade", b"G03", b"none"]
