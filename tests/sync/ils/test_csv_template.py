"""Any CSV by its columns: what is not ours to tell is in no file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

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
