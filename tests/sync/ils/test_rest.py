"""Koha and Sierra come to hold what we hold, one call after another, whatever becomes of any call."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from access_service.ils import AccountField, Action, FormatName
from sync.ils.formats import FORMATS
from sync.ils.orders import Order
from sync.ils.trouble import UndeliveredError
from sync.ils.wanted import ordered
from tests.sync.ils.changes import CHANGES
from tests.sync.ils.golden import PAGES, ils_of
from tests.sync.ils.http_server import ApiServer, Asked, Said, cut, cut_after, serving, status
from tests.sync.ils.koha_model import KohaModel
from tests.sync.ils.rest_model import KEY, SECRET, RestModel, Seen, table
from tests.sync.ils.sierra_model import SierraModel

MODELS: dict[str, type[RestModel]] = {"koha-rest": KohaModel, "sierra": SierraModel}
TYPES = {"STUDENT-K5": "5", "STUDENT-612": "6", "EDUCATOR": "7"}
FAULTS = (cut, cut_after, status(502), status(429), status(500))
STOPS = (cut_after, status(403), status(503), cut)
F = AccountField


@pytest.fixture(params=MODELS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ILS_API_KEY", KEY)
    monkeypatch.setenv("ILS_API_SECRET", SECRET)
    monkeypatch.setattr("sync.ils.api.patience.FIRST_WAIT", 0.001)


def library(form: str) -> RestModel:
    """An ILS in which the accounts are that are changed, and one that is not ours."""
    model = MODELS[form]()
    for order in CHANGES.values():
        if order.action is not Action.CREATE:
            account = order.account
            # Of one who opted out an order has no key any more.
            model.add(order.former or account.library_number, account.key or "10")
    model.add("230000001")
    return model


def changes(form: str) -> dict[str, Order]:
    """Every change by its name, in the words of this ILS."""
    ils = table("http://localhost", form)
    fields = FORMATS[ils.format].fields(ils)
    return {name: _fitted(order, form, fields) for name, order in CHANGES.items()}


def orders(form: str) -> list[Order]:
    """A load of all changes."""
    return ordered([*changes(form).values()])


def _fitted(order: Order, form: str, fields: frozenset[AccountField]) -> Order:
    account = order.account
    if form == "sierra":
        account = replace(account, patron_type=TYPES.get(account.patron_type, ""))
    return replace(order, account=account, fields=order.fields & fields)


def tell(server: ApiServer, form: str, told: Sequence[Order], **keys: Any) -> list[str]:
    """The answers, in a session of its own."""
    ils = table(server.url, form, **keys)
    api = FORMATS[ils.format].api
    assert api
    with api(ils) as call:
        return [call(order) for order in told]


def impatient(server: ApiServer, form: str) -> dict[str, Any]:
    delivery = table(server.url, form).delivery.model_dump()
    return {"delivery": {**delivery, "tries": 1, "timeout_seconds": 0.05}}


@pytest.fixture
def model(form: str) -> RestModel:
    return library(form)


@pytest.fixture
def server(model: RestModel) -> Iterator[ApiServer]:
    with serving(model) as started:
        yield started


@pytest.fixture(scope="module")
def settled() -> dict[str, tuple[list[Seen], list[str]]]:
    """What each ILS holds at last where nothing goes wrong, and the calls that it took."""
    found = {}
    for form in MODELS:
        model = library(form)
        with pytest.MonkeyPatch.context() as patch, serving(model) as server:
            patch.setenv("ILS_API_KEY", KEY)
            patch.setenv("ILS_API_SECRET", SECRET)
            assert not any(tell(server, form, orders(form)))
            found[form] = model.seen(), [f"{asked.method} {asked.path}" for asked in server.calls]
    return found


Settled = dict[str, tuple[list[Seen], list[str]]]


def test_every_change_arrives(form: str, settled: Settled) -> None:
    """And nothing else: what staff have in the records stays, and so does every PIN but that of a new account."""
    found = {seen.key or seen.numbers[0]: seen for seen in settled[form][0]}
    sierra = form == "sierra"
    kind = (lambda name: TYPES[name]) if sierra else str
    alias = "; Alias, Kept" if sierra else ""
    old = Seen(
        (), "", f"Staffnamed, Once{alias}", kind("STUDENT-K5"), "MAPLE", "2026-09-15", "their own", "kept by staff"
    )

    def number(n: int) -> tuple[str, ...]:
        return (f"29{n:07}",)

    until = "2027-09-15"
    family = "O'Brien-Núñez Jr." if sierra else "O'Brien-Núñez, Jr."
    new = Seen(number(1), "1", "Synthetica, Testa", kind("STUDENT-K5"), "MAPLE", until, "0303", "")
    assert found == {
        "1": new,
        "2": new._replace(numbers=number(2), key="2", name=f"{family}, Zoë", pin="1108"),
        "3": new._replace(numbers=("250000003",), key="3", patron_type=kind("EDUCATOR"), pin=""),
        "4": old._replace(numbers=number(4), key="4", patron_type=kind("STUDENT-612")),
        "5": old._replace(numbers=number(5), key="5", branch="RIVER"),
        "6": old._replace(numbers=number(6), key="6", name=f"Løvås, José{alias}"),
        "7": old._replace(numbers=number(7), key="7", expires="2026-10-06"),
        "8": old._replace(numbers=number(8), key="8", expires=until),
        "9": old._replace(numbers=("2921600000009", *(number(9) if sierra else ())), key="9"),
        "10": old._replace(numbers=number(10), key="10", expires="2026-10-06"),
        "230000001": old._replace(numbers=("230000001",)),
    }


def test_what_is_told_twice_is_told_once(form: str, settled: Settled, server: ApiServer, model: RestModel) -> None:
    """A load that may have come is delivered again as it was."""
    for _ in range(2):
        assert not any(tell(server, form, orders(form)))
    assert model.seen() == settled[form][0]


def test_any_call_may_fail_once(form: str, settled: Settled, server: ApiServer) -> None:
    """Whichever it is, and whether it was taken or not: the same load ends as it would have."""
    expected, calls = settled[form]
    for n, call in enumerate(calls):
        for fault in FAULTS if call.startswith("POST") else [FAULTS[n % len(FAULTS)]]:
            server.model = model = library(form)
            server.fail_call(n, fault)
            assert not any(tell(server, form, orders(form)))
            assert model.seen() == expected, call


def test_a_load_that_stopped_goes_on(form: str, settled: Settled, server: ApiServer) -> None:
    """From its beginning, as after a kill that left nothing noted."""
    expected, calls = settled[form]
    for n, call in enumerate(calls):
        server.model = model = library(form)
        server.fail_call(n, STOPS[n % len(STOPS)])
        with pytest.raises(UndeliveredError):
            tell(server, form, orders(form), **impatient(server, form))
        assert not any(tell(server, form, orders(form)))
        assert model.seen() == expected, call


def test_an_answer_that_came_too_late(form: str, settled: Settled, server: ApiServer) -> None:
    """The account was made all the same, and is not made twice."""
    expected, calls = settled[form]
    for n in [n for n, call in enumerate(calls) if call.startswith("POST /patrons")]:
        server.model = model = library(form)
        server.fail_call(n, server.late)
        with pytest.raises(UndeliveredError, match="no answer within"):
            tell(server, form, orders(form), **impatient(server, form))
        assert not any(tell(server, form, orders(form)))
        assert model.seen() == expected, n


def test_a_number_of_somebody_else_is_refused(form: str, server: ApiServer, model: RestModel) -> None:
    """New or renumbered, it stays whose it is, and the others go on."""
    by = changes(form)
    model.add("290000001")
    model.add("2921600000009", "77")
    before = model.seen()
    for words in tell(server, form, [by["new"], by["renumbered"]]):
        assert "conflict" in words or "Duplicate" in words or "another account's" in words
    assert model.seen() == before
    assert tell(server, form, [by["left"]]) == [""]


def test_what_staff_did_is_left_as_it_is(form: str, server: ApiServer, model: RestModel) -> None:
    """Who was deleted is not made again; who has another number, or is no patron of ours, is not touched."""
    by = changes(form)
    gone, renumbered = by["left"], by["returned"]
    for at in [at for at, each in model.records.items() if "290000007" in str(each)]:
        del model.records[at]
    other = next(each for each in model.records.values() if "290000008" in str(each))
    other.update({"cardnumber": "230000099"} if form == "koha-rest" else {"barcodes": ["230000099"]})
    keyless = next(each for each in model.records.values() if "290000010" in str(each))
    keyless.update({"extended_attributes": []} if form == "koha-rest" else {"uniqueIds": []})
    before = model.seen()
    assert tell(server, form, [gone, renumbered, by["opted out"]]) == [
        "not in the ILS under this number; staff may have deleted it",
        "it has another number in the ILS; staff may have changed it",
        "the account of this number has no key of ours in the ILS; see whose it is",
    ]
    assert model.seen() == before


def test_who_is_not_there_has_expired(form: str, server: ApiServer, model: RestModel) -> None:
    """Who opted out and was deleted is no refusal."""
    expire = replace(CHANGES["opted out"], account=replace(CHANGES["opted out"].account, library_number="290000099"))
    before = model.seen()
    assert tell(server, form, [expire]) == [""] and model.seen() == before


def test_staff_are_not_touched(form: str, server: ApiServer, model: RestModel) -> None:
    """Where [ils] says which patron types are ours, an account of another one stays as it is."""
    by = changes(form)
    staff = {"category_id": "STAFF"} if form == "koha-rest" else {"patronType": 200}
    for each in model.records.values():
        each.update(staff)
    before = model.seen()
    types = [*TYPES] if form == "koha-rest" else [*TYPES.values()]
    for words in tell(server, form, [by["new grade"], by["renumbered"], by["opted out"]], patron_types=types):
        assert words.startswith("its patron type there, '") and words.endswith("none of those in [ils] patron_types")
    assert model.seen() == before


def test_an_account_from_before_keeps_its_pin(form: str, server: ApiServer, model: RestModel) -> None:
    """Who is to be made and has been there for long is brought up to date, but not with a PIN."""
    new = changes(form)["new"]
    model.add("290000001", "1")
    assert tell(server, form, [new]) == [""]
    (found,) = [seen for seen in model.seen() if seen.key == "1"]
    assert (found.pin, found.expires, found.note) == ("their own", "2027-09-15", "kept by staff")


def test_what_may_not_be_told_is_not(form: str, server: ApiServer) -> None:
    """A new account without the fields that [ils] never tells has none of them."""
    new = changes(form)["new"]
    fields = new.fields - {F.GIVEN_NAME, F.PIN} if form == "koha-rest" else new.fields - {F.BRANCH, F.PATRON_TYPE}
    assert tell(server, form, [replace(new, fields=fields)]) == [""]
    (asked,) = [asked.json for asked in server.calls if (asked.method, asked.path.strip("/")) == ("POST", "patrons")]
    assert not {"firstname", "homeLibraryCode", "patronType"} & {*asked}


@pytest.mark.parametrize("body", ["", {}, [], None, [None], ["x"], {"id": "Testa"}, [{"patron_id": "Testa"}], 1])
def test_an_answer_of_another_shape_ends_the_load(form: str, server: ApiServer, body: Any) -> None:
    """In a line that quotes none of it; to a lookup, or to a new account."""
    shapes = {"koha-rest": [("GET /patrons", body != []), ("POST /patrons", True)], "sierra": [("GET /patrons", True)]}
    for call, is_wrong in shapes[form]:
        server.fail(call, lambda _: Said(200, json.dumps(body).encode()))
        if is_wrong:
            with pytest.raises(UndeliveredError, match="is not the API of this") as caught:
                tell(server, form, [changes(form)["new"]])
            assert "Testa" not in str(caught.value) and caught.value.__context__ is None


@pytest.mark.parametrize("form", MODELS)
def test_the_page_shows_a_load(form: str) -> None:
    """Each block of calls is what is called for a change, with the table that the page shows."""
    page = (PAGES / f"{form}.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```http\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert shown == written(form)


def written(form: str) -> list[str]:
    """The calls of four changes, as the page shows them."""
    found = []
    with serving(library(form)) as server:
        # The page's own table, but for the place.
        place = {"delivery": table(server.url, form).delivery}
        ils = ils_of(FormatName(form)).model_copy(update=place)
        api = FORMATS[ils.format].api
        assert api
        with api(ils) as call:
            for name in ("new", "new grade", "renumbered", "opted out"):
                begun = len(server.calls)
                assert call(changes(form)[name]) == ""
                calls = [asked for asked in server.calls[begun:] if not asked.path.endswith("/token")]
                found.append("\n\n".join(map(_written, calls)) + "\n")
    return found


def _written(asked: Asked) -> str:
    query = f"?{urlencode(asked.query, safe=',')}" if asked.query else ""
    lines = [f"{asked.method} {asked.path}{query}"]
    if "x-koha-query" in asked.headers:
        lines.append(f"x-koha-query: {asked.headers['x-koha-query']}")
    return "\n".join([*lines, *([asked.text.decode()] if asked.text else [])])
