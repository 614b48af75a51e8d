"""FOLIO comes to hold what we hold, some users a call, whatever becomes of any call."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from access_service.ils import Action, Ils
from access_service.settings import load
from access_service.storage.engine import Databases
from sync.ils.formats import FORMATS
from sync.ils.orders import Order
from sync.ils.trouble import UndeliveredError
from sync.ils.wanted import ordered
from tests.sync.ils.changes import CHANGES, F, known, told
from tests.sync.ils.folio_model import KEPT, TENANT, USER, WORD, FolioModel
from tests.sync.ils.http_server import ApiServer, Said, cut, cut_after, serving, status
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

FAULTS = (cut, cut_after, status(502), status(429), status(500))
STOPS = (cut_after, status(403), status(503), cut)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ILS_API_KEY", USER)
    monkeypatch.setenv("ILS_API_SECRET", WORD)
    monkeypatch.setattr("sync.ils.api.patience.FIRST_WAIT", 0.001)


def library() -> FolioModel:
    """The accounts that are changed, and one that is not ours."""
    model = FolioModel()
    for order in CHANGES.values():
        if order.action is not Action.CREATE:
            # Of one who opted out an order has no key any more.
            model.add(order.former or order.account.library_number, f"sia_{order.account.key or '10'}")
    model.add("230000001", "")
    return model


@pytest.fixture
def model() -> FolioModel:
    return library()


@pytest.fixture
def server(model: FolioModel) -> Iterator[ApiServer]:
    with serving(model) as started:
        yield started


def ils(url: str, **delivery: Any) -> Ils:
    to = {"to": "api", "url": url, "timeout_seconds": 5, "tries": 2, **delivery}
    return Ils.model_validate({"format": "folio", "delivery": to, "folio": {"tenant": TENANT, "source_type": "sia"}})


def changes() -> list[Order]:
    """A load of all changes that FOLIO can be told."""
    fields = FORMATS[ils("http://localhost").format].fields(ils("http://localhost"))
    fit = [replace(order, fields=order.fields & fields) for order in CHANGES.values()]
    return ordered([order for order in fit if order.fields])


def tell(server: ApiServer, orders: Sequence[Order], **delivery: Any) -> list[str]:
    """The answers, in a session of its own."""
    target = ils(server.url, **delivery)
    together = FORMATS[target.format].together
    assert together
    with together(target) as call:
        return [answer for _, some in groupby(orders, lambda order: order.action) for answer in call(list(some))]


def test_every_change_arrives(server: ApiServer, model: FolioModel) -> None:
    """With a call for each part, and what staff keep in the records stays."""
    stranger = dict(model.by_number()["230000001"])
    assert not any(tell(server, changes()))
    found = model.by_number()
    assert found["290000002"]["personal"] == {
        "lastName": "O'Brien-Núñez, Jr.",
        "firstName": "Zoë",
        "preferredContactTypeId": "email",
    }
    assert found["290000004"]["patronGroup"] == "STUDENT-612"
    assert found["290000006"]["personal"]["lastName"] == "Løvås"
    assert found["290000007"]["expirationDate"][:10] == "2026-10-06"
    assert found["2921600000009"]["externalSystemId"] == "sia_9" and "290000009" not in found
    assert (found["290000010"]["active"], found["290000010"]["expirationDate"][:10]) == (False, "2026-10-06")
    kept = [number for number, user in found.items() if user.get("tags") == KEPT["tags"]]
    assert len(kept) == 7 + 1 and found["230000001"] == stranger
    assert found["290000004"]["personal"]["email"] == "a@example.org"
    assert len([asked for asked in server.calls if asked.path == "/user-import"]) == 3


def test_any_call_may_fail_once(server: ApiServer) -> None:
    """Whichever it is, and whether it was taken or not: the same load ends as it would have."""
    expected, calls = settled(server)
    for n, _ in enumerate(calls):
        for fault in FAULTS:
            server.model = model = library()
            server.fail_call(n, fault)
            assert not any(tell(server, changes()))
            assert model.users == expected, calls[n]


def test_a_load_that_stopped_goes_on(server: ApiServer) -> None:
    """From its beginning, as after a kill that left nothing noted."""
    expected, calls = settled(server)
    for n, call in enumerate(calls):
        server.model = model = library()
        server.fail_call(n, STOPS[n % len(STOPS)])
        with pytest.raises(UndeliveredError):
            tell(server, changes(), tries=1)
        assert not any(tell(server, changes()))
        assert model.users == expected, call


def settled(server: ApiServer) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What FOLIO holds at last where nothing goes wrong, and the calls that it took."""
    server.model = model = library()
    assert not any(tell(server, changes()))
    calls = [f"{asked.method} {asked.path}" for asked in server.calls]
    server.calls.clear()
    return model.users, calls


def test_an_old_token_is_renewed(server: ApiServer, model: FolioModel) -> None:
    """FOLIO's serve some minutes."""

    def expire(answer: Callable[[], Said]) -> Said:
        model.tokens += 1
        return answer()

    server.fail("POST /user-import", expire)
    assert tell(server, [CHANGES["returned"]]) == [""] and model.tokens == 3


def test_a_user_that_fails_does_not_hold_up_the_others(server: ApiServer, model: FolioModel) -> None:
    """Though the answer is 200; the words are FOLIO's."""
    wrong = replace(CHANGES["new"], account=known(50, patron_type="WIZARD"))
    assert tell(server, [wrong, CHANGES["new"]]) == ["Patron group does not exist: WIZARD", ""]
    assert "290000001" in model.by_number() and "290000050" not in model.by_number()


def test_a_user_that_breaks_the_import_does_not_hold_up_the_others(server: ApiServer, model: FolioModel) -> None:
    """Each is told alone then."""
    model.breaks_on = "sia_1"
    broken, fine = tell(server, [CHANGES["new"], CHANGES["educator"]])
    assert broken.startswith("HTTP 500") and fine == ""
    assert "250000003" in model.by_number()


def test_what_staff_did_is_left_as_it_is(server: ApiServer, model: FolioModel) -> None:
    """Who was deleted is not made anew; who has another number, or is staff by now, is not touched."""
    model.by_number()["290000007"]["barcode"] = "230000099"
    model.by_number()["290000004"]["type"] = "staff"
    before = dict(model.users)
    orders = [told(known(60), F.EXPIRES), CHANGES["left"], told(known(4), F.EXPIRES)]
    assert tell(server, orders) == [
        "not in FOLIO under this key; staff may have deleted it",
        "it has another number in FOLIO; staff may have changed it",
        "its type in FOLIO is 'staff', and we change patrons alone",
    ]
    assert model.users == before
    assert tell(server, [*orders, CHANGES["returned"]])[3] == ""


def test_only_our_users_end(server: ApiServer, model: FolioModel) -> None:
    """A number of somebody else is refused, and one that nobody has needs no end."""
    ends = [replace(CHANGES["opted out"], account=known(0, library_number=n)) for n in ("230000001", "290000099")]
    assert tell(server, ends) == ["the number is of a user who is not from us", ""]
    assert model.by_number()["230000001"]["active"]


def test_a_wrong_word_is_tried_once(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """And never said, though FOLIO says it."""
    monkeypatch.setenv("ILS_API_SECRET", "another")
    with pytest.raises(UndeliveredError, match=r"HTTP 422\); check both, and tenant in \[ils\.folio\]") as caught:
        tell(server, changes())
    assert WORD not in str(caught.value) and len(server.calls) == 1


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("GET /users", []),
        ("GET /users", {"users": [{"barcode": "290000008"}]}),
        ("POST /user-import", {"totalRecords": 1}),
        ("POST /user-import", {"message": "", "failedUsers": ["290000008"]}),
    ],
)
def test_what_is_not_folio_ends_the_load(server: ApiServer, call: str, body: object) -> None:
    """In a line with the remedy, and without what was answered."""
    server.fail(call, lambda _: Said(200, body))
    with pytest.raises(UndeliveredError, match=r"is not the API of this \[ils\] format") as caught:
        tell(server, [CHANGES["returned"]])
    assert "290000008" not in str(caught.value)


def test_a_night_that_is_cut_goes_on_where_it_was(databases: Databases, tmp_path: Path) -> None:
    """A hundred users a call; those that were answered are not told again."""
    model = FolioModel()
    with serving(model) as server:
        nights = Nights(databases, tmp_path, dict(load(Path("config")).districts), ils=ils(server.url, tries=1))
        server.fail("POST /user-import", lambda answer: answer())
        server.fail("POST /user-import", status(503))
        assert "out of order (HTTP 503)" in nights.night(pupils(150)).facts["ils_load"]["late"]
        assert len(model.users) == 100
        assert nights.night(pupils(150)).facts["ils_load"]["counts"]["create"] == 150
    assert len(model.users) == 150
    assert [len(asked.json["users"]) for asked in server.calls if asked.path == "/user-import"] == [100, 50, 50]
