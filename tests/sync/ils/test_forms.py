"""The formats that are no CSV: right by the schemas of vendors where these are at hand, complete if that is needed."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from jsonschema import Draft4Validator
from pydantic import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT4

from access_service.ils import Action, FormatName, Ils
from sync.ils.formats import FORMATS
from sync.ils.orders import Account, Order
from sync.ils.shape import fault
from tests.sync.ils.changes import CHANGES, NEW, F, known, told
from tests.sync.ils.golden import ils_of, written

SCHEMAS = Path(__file__).parents[4] / "shared" / "ils-schemas"
FOLIO = SCHEMAS / "folio-mod-user-import" / "ramls" / "schemas"
with_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="no ../shared/ils-schemas: schemas of others")


def changed(name: str, **keys: Any) -> Ils:
    """[ils] as on a format's page, with other keys in the format's own table or in [ils]."""
    raw = ils_of(FormatName(name)).model_dump()
    own = {key: keys.pop(key) for key in list(keys) if key in raw[name]}
    return Ils.model_validate({**raw, **keys, name: {**raw[name], **own}})


def text_of(ils: Ils, *orders: Order) -> str:
    """What a load says of these orders, of all its files."""
    files = FORMATS[ils.format].files
    assert files
    found = []
    for file in files(orders, ils):
        content = b"".join(file.chunks)
        if file.part.endswith(".zip"):
            with zipfile.ZipFile(BytesIO(content)) as archive:
                content = b"".join(map(archive.read, archive.namelist()))
        found.append(content.decode())
    return "".join(found)


def reason(account: Account, ils: Ils) -> str:
    form = FORMATS[ils.format]
    return fault(Order(Action.CREATE, account, form.fields(ils)), form, ils)


@with_schemas
@pytest.mark.parametrize("part", ["1-renumber", "2-create", "3-update"])
def test_folio_takes_a_document(part: str) -> None:
    """By the schema of mod-user-import."""
    paths = [path for kind in ("*.json", "*.schema") for path in FOLIO.rglob(kind)]
    found = ((path.as_uri(), DRAFT4.create_resource(json.loads(path.read_bytes()))) for path in paths)
    schema = {"$ref": (FOLIO / "userdataimportCollection.json").as_uri()}
    validator = Draft4Validator(schema, registry=Registry[Any]().with_resources(found))
    document = json.loads(written(FormatName.FOLIO)[f"{part}-0001.json"])
    validator.validate(document)
    assert not validator.is_valid({**document, "users": [{"barcode": "290000001"}]})


@with_schemas
@pytest.mark.parametrize("part", ["1-renumber", "2-create", "3-update"])
def test_alma_takes_a_file(part: str) -> None:
    """By a reconstruction of the schema of users, which is a lint."""
    schema = xmlschema.XMLSchema11(SCHEMAS / "alma-rest_user-SUBSET-reconstructed.xsd")
    schema.validate(written(FormatName.ALMA)[f"{part}.xml"].decode())


def test_a_folio_document_has_five_hundred_users_at_most() -> None:
    """The others are in the next one, and each says how many it has."""
    files = FORMATS[FormatName.FOLIO].files
    assert files
    found = {
        file.part: json.loads(b"".join(file.chunks)) for file in files([CHANGES["new"]] * 501, ils_of(FormatName.FOLIO))
    }
    assert {part: (len(each["users"]), each["totalRecords"]) for part, each in found.items()} == {
        "2-create-0001.json": (500, 500),
        "2-create-0002.json": (1, 1),
    }
    assert not any(each["deactivateMissingUsers"] for each in found.values())


def test_folio_hears_both_names_when_one_changes() -> None:
    """`personal` is replaced whole, so a name alone would empty the other one."""
    text = text_of(ils_of(FormatName.FOLIO), told(known(4), F.GIVEN_NAME))
    assert json.loads(text)["users"][0]["personal"]["lastName"] == "Synthetica"


def test_an_alma_record_is_complete_whatever_changed() -> None:
    """But for the PIN, and for what [ils] never tells."""
    ils = changed("alma", never=["given_name"], pin=True)
    text = text_of(ils, told(known(4, pin="1108"), F.EXPIRES))
    assert "<last_name>Synthetica<" in text and "<user_group>STUDENT-K5<" in text
    assert "first_name" not in text and "pin_number" not in text and "purge_date" not in text


def test_alma_gets_a_pin_only_if_the_library_says_so() -> None:
    """For Alma may empty it with the next update."""
    assert "pin_number" not in text_of(ils_of(FormatName.ALMA), CHANGES["new"])
    assert "<pin_number>0303</pin_number>" in text_of(changed("alma", pin=True), CHANGES["new"])


def test_markup_in_a_name_is_text() -> None:
    """A name can break neither XML nor JSON."""
    account = replace(NEW, family_name='<O>&"\\', given_name="]]>")
    order = Order(Action.CREATE, account, CHANGES["new"].fields)
    assert '<last_name>&lt;O&gt;&amp;"\\</last_name>' in text_of(ils_of(FormatName.ALMA), order)
    assert json.loads(text_of(ils_of(FormatName.FOLIO), order))["users"][0]["personal"]["lastName"] == '<O>&"\\'


def test_a_zip_is_the_same_when_it_is_delivered_again() -> None:
    """To the byte, whenever that is."""
    files, ils = FORMATS[FormatName.ALMA].files, ils_of(FormatName.ALMA)
    assert files
    first, again = ([*file.chunks] for _ in range(2) for file in files([CHANGES["new"]], ils))
    assert first == again
    with zipfile.ZipFile(BytesIO(b"".join(first))) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}


@pytest.mark.parametrize(
    ("name", "account", "words"),
    [
        ("symphony", replace(NEW, patron_type="STUDENT-9-12"), "name it in [ils.symphony] profiles"),
        ("symphony", replace(NEW, family_name="Synth|etica"), "which begins something else"),
        ("symphony", replace(NEW, given_name="T" * 21), "given_name has 21 characters"),
        ("symphony", replace(NEW, key="1" * 17), "USER_ALT_ID"),
        ("symphony", replace(NEW, branch="MAPLE-STREET"), "branch has 12 characters"),
        ("alma", replace(NEW, library_number="SID-1"), "the same identifier twice"),
        ("alma", replace(NEW, family_name=""), "nobody without it"),
        ("folio", replace(NEW, key="1 or 2"), "cannot find users by"),
    ],
)
def test_what_an_ils_cannot_take_is_kept_back(name: str, account: Account, words: str) -> None:
    """With the field and the remedy, and no personal value."""
    assert words in reason(account, changed(name, branches=[], patron_types=[]))


def test_symphony_keeps_back_what_its_encoding_has_not() -> None:
    """And writes what it has."""
    latin = changed("symphony", encoding="iso-8859-1")
    assert "has not" in reason(replace(NEW, given_name="Łucja"), latin)
    assert not reason(replace(NEW, given_name="Zoë"), latin)


@pytest.mark.parametrize("name", ["koha", "polaris", "symphony", "evergreen", "alma", "folio", "csv"])
def test_a_format_needs_its_own_table(name: str) -> None:
    """And takes no other's."""
    raw = ils_of(FormatName(name)).model_dump()
    with pytest.raises(ValidationError, match=f'{name}: needed with format = "{name}"'):
        Ils.model_validate({**raw, name: None})
    with pytest.raises(ValidationError, match="and with no other"):
        Ils.model_validate({**raw, "format": "koha-rest"})


def test_alma_refuses_fields_that_are_told_once() -> None:
    """For the next record would empty them."""
    with pytest.raises(ValidationError, match="create_only: Alma empties"):
        changed("alma", create_only=["given_name"])
