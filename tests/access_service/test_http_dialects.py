"""EZproxy, LibAuth, Koha and Sierra: each byte as its clients know it, and the table of standard answers."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from access_service.clients import key_sha256
from access_service.domain.client import BY_ADDRESS, DialectName, Options, Release
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.wording import Language, Message, words
from access_service.storage import clients
from access_service.storage.engine import Databases
from access_service.tokens import TOKEN_SECONDS
from access_service.web.dialects import REFUSALS
from tests.access_service import seed
from tests.access_service.dialects import BASIC
from tests.place import copy_of

YESTERDAY = seed.TODAY - timedelta(days=1)
API = "/iii/sierra-api/v6"
WRONG_SIERRA = (
    '{"code":108,"specificCode":0,"httpStatus":400,"name":"Invalid parameter",'
    '"description":"Invalid parameter : Invalid barcode or PIN"}'
)
UNKNOWN_SIERRA = '{"code":113,"specificCode":0,"httpStatus":401,"name":"Unauthorized","description":"Unauthorized"}'


@pytest.fixture
def database_url(empty: Path, tmp_path: Path) -> str:
    """SQLite alone: what differs between databases is no dialect's business."""
    return copy_of(empty, tmp_path)


def served(databases: Databases, **facts: Any) -> FlaskClient:
    """The service with one student, and two clients: one with a key, one known by address."""
    seed.store(databases, seed.patron(patron_type="10"))
    return asked(databases, **facts)


def asked(databases: Databases, **facts: Any) -> FlaskClient:
    seed.admit(databases, seed.client("vendor", **{"dialects": frozenset(DialectName) - BY_ADDRESS, **facts}))
    seed.admit(databases, seed.client("by-address", **{"dialects": BY_ADDRESS, **facts}), key=None)
    return seed.web(databases)


def text(response: TestResponse, status: int = 200) -> str:
    assert response.status_code == status
    return response.get_data(as_text=True)


def koha(web: FlaskClient, body: object, headers: dict[str, str] = BASIC) -> TestResponse:
    return web.post("/api/v1/auth/password/validation", json=body, headers=headers)


def bearer(web: FlaskClient) -> dict[str, str]:
    granted = web.post(f"{API}/token", headers=BASIC, data={"grant_type": "client_credentials"}).json or {}
    return {"Authorization": f"Bearer {granted['access_token']}"}


def sierra(web: FlaskClient, pin: str = "0412", number: str = "0012345") -> TestResponse:
    return web.post(f"{API}/patrons/validate", json={"barcode": number, "pin": pin}, headers=bearer(web))


def found(web: FlaskClient, number: str = "0012345", **more: str) -> TestResponse:
    query = {"varFieldTag": "b", "varFieldContent": number} | more
    return web.get(f"{API}/patrons/find", query_string=query, headers=bearer(web))


def test_a_locked_card_is_a_wrong_pin_in_the_same_bytes(databases: Databases) -> None:
    """After five wrong PINs the right one is answered as they were, with no word of why."""
    web = served(databases)
    asks: list[Callable[[str], TestResponse]] = [
        lambda pin: web.post("/ezproxy", data={"user": "12345", "pass": pin}),
        lambda pin: web.post("/libauth", data={"username": "12345", "password": pin}),
        lambda pin: koha(web, {"identifier": "12345", "password": pin}),
        lambda pin: sierra(web, pin),
    ]
    for ask in asks:
        told = {(response.status_code, response.data) for response in map(ask, "123450")}
        assert told | {(ask("0412").status_code, ask("0412").data)} == told
        assert len(told) == 1


def test_a_client_that_needs_only_good_cards(databases: Databases) -> None:
    """With `good_standing_only` a right PIN of an expired or blocked card is a wrong one to Koha's and Sierra's."""
    seed.store(databases, seed.patron(1, "0000001"))
    seed.store(databases, seed.patron(2, "0000002", expires=YESTERDAY))
    seed.store(databases, seed.patron(3, "0000003", blocked=True))
    web = asked(databases, options=Options(good_standing_only=True))
    assert [koha(web, {"userid": f"000000{n}", "password": "0412"}).status_code for n in (1, 2, 3)] == [201, 400, 400]
    assert [sierra(web, number=f"000000{n}").status_code for n in (1, 2, 3)] == [204, 400, 400]


def test_ezproxy_hears_one_word(databases: Databases) -> None:
    """Text, `+VALID` or not, by GET and POST; a form is never read from the URL of a POST."""
    web = served(databases)
    right = web.get("/ezproxy?user=0012345&pass=0412")
    assert (text(right), right.content_type) == ("+VALID\n", "text/plain; charset=utf-8")
    assert text(web.post("/ezproxy", data={"user": " 29 0012345", "pass": "0412 "})) == "+VALID\n"
    for asked_ in ("?user=0012345&pass=", "?user=0012345", "?pass=0412", ""):
        assert text(web.get(f"/ezproxy{asked_}")) == "+NO\n"
    assert text(web.post("/ezproxy?user=0012345&pass=0412")) == "+NO\n"
    assert text(web.put("/ezproxy"), 405) == "Method Not Allowed\n"


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        ("/ezproxy", "user=0012345&pass=0412", "+VALID"),
        ("/libauth", "username=0012345&password=0412", "+OK"),
        ("/PATRONAPI/pintest", "number=0012345&pin=0412", "RETCOD=0"),
    ],
)
def test_a_form_whose_sender_does_not_say_so(databases: Databases, path: str, form: str, said: str) -> None:
    """Without a Content-Type, as some write their HTTP by hand; a wrong PIN is wrong all the same."""
    web = served(databases)
    assert said in text(web.post(path, data=form.encode()))
    assert said not in text(web.post(path, data=form.replace("0412", "0413").encode()))


def test_libauth_in_both_shapes(databases: Databases) -> None:
    """`+OK` alone, or an object with the name where it is released, and never an e-mail."""
    web = served(databases)
    right, wrong = ({"username": "0012345", "password": pin} for pin in ("0412", "0413"))
    assert (text(web.post("/libauth", data=right)), text(web.post("/libauth", data=wrong))) == ("+OK", "+NO")
    as_json = {"Accept": "application/json"}
    assert text(web.post("/libauth", data=right, headers=as_json)) == (
        '{"firstname":"Ada","lastname":"Lovelace","auth":true}'
    )
    assert text(web.post("/libauth", data=wrong, headers=as_json)) == '{"auth":false}'
    assert text(web.post("/libauth", data=right, headers={"Accept": "*/*"})) == "+OK"
    assert text(web.get("/libauth?username=0012345&password=0412"), 405) == "Method Not Allowed\n"


def test_libauth_set_to_json_without_names(databases: Databases) -> None:
    """The option of the client needs no `Accept`; a name that is not released is not there."""
    options, releases = Options(libauth_json=True), frozenset({Release.EXPIRES})
    web = served(databases, options=options, releases=releases)
    answer = web.post("/libauth", data={"username": "0012345", "password": "0412"})
    assert (text(answer), answer.content_type) == ('{"auth":true}', "application/json")


def test_koha_as_koha_answers(databases: Databases) -> None:
    """201 with the ids, 400 with Koha's own words; one identifier, never two."""
    web = served(databases)
    right = koha(web, {"identifier": "0012345", "password": "0412"})
    assert text(right, 201) == '{"cardnumber":"290012345","patron_id":1,"userid":"0012345"}'
    assert right.content_type == "application/json;charset=UTF-8"
    assert koha(web, {"userid": "290012345", "identifier": None, "password": "0412"}).status_code == 201
    failed = {
        text(koha(web, body), 400)
        for body in (
            {"identifier": "0012345", "password": "0413"},
            {"userid": "0012345"},
            {"userid": "0012345", "password": None},
            {"userid": "7654321", "password": "0412"},
            {"userid": "", "password": "0412"},
            {"password": "0412"},
            {},
        )
    }
    assert failed == {'{"error":"Validation failed"}'}
    both = {"identifier": "0012345", "userid": "0012345", "password": "0412"}
    assert text(koha(web, both), 400) == '{"error":"Bad request. Only one identifier attribute can be passed."}'
    bodies: list[object] = [[], "0012345", 4711, None, {"userid": 12345, "password": "0412"}]
    for body in (*bodies, {"userid": "0012345", "password": 412}):
        assert text(koha(web, body), 400) == '{"error":"Bad request."}'
    broken = web.post("/api/v1/auth/password/validation", data="{", headers=BASIC)
    assert text(broken, 400) == '{"error":"Bad request."}'


def test_koha_tells_only_ids_that_are_released(databases: Databases) -> None:
    """A client that was released no id learns that the PIN is right, and no more."""
    web = served(databases, releases=frozenset({Release.NAME}))
    assert text(koha(web, {"userid": "0012345", "password": "0412"}), 201) == "{}"


def test_koha_by_oauth2(databases: Databases) -> None:
    """A token for name and key, as a form or by Basic; it asks in place of them, and buys no other."""
    web = served(databases)
    form = {"grant_type": "client_credentials", "client_id": "vendor", "client_secret": seed.KEY}
    granted = web.post("/api/v1/oauth/token", data=form)
    facts = json.loads(text(granted))
    assert (facts["token_type"], facts["expires_in"]) == ("Bearer", 3600)
    token = {"Authorization": f"Bearer {facts['access_token']}"}
    assert koha(web, {"userid": "0012345", "password": "0412"}, token).status_code == 201
    assert web.post("/api/v1/oauth/token", data={"grant_type": "client_credentials"}, headers=BASIC).status_code == 200
    assert web.post("/api/v1/oauth/token", data={"grant_type": "client_credentials"}, headers=token).status_code == 401
    refused = web.post("/api/v1/oauth/token", data=form | {"client_secret": "x"})
    assert text(refused, 401) == '{"error":"Authentication failure."}'
    assert text(web.post("/api/v1/oauth/token", data=form | {"grant_type": "password"}), 400) == (
        '{"error":"Unimplemented grant type"}'
    )


def test_sierra_as_sierra_answers(databases: Databases) -> None:
    """204 and an empty body, or the 400 that clients compare byte by byte; `auth` tells the record number."""
    web = served(databases)
    granted = web.post(f"{API}/token", headers=BASIC)
    facts = json.loads(text(granted))
    assert (facts["token_type"], facts["expires_in"], granted.content_type) == (
        "bearer",
        3600,
        "application/json;charset=UTF-8",
    )
    assert text(sierra(web), 204) == ""
    assert {text(sierra(web, pin), 400) for pin in ("0413", "", " ")} == {WRONG_SIERRA}
    assert text(sierra(web, number="7654321"), 400) == WRONG_SIERRA
    native = {"authMethod": "native", "patronId": "0012345", "patronSecret": "0412"}
    assert text(web.post(f"{API}/patrons/auth", json=native, headers=bearer(web))) == "1"
    wrong = web.post(f"{API}/patrons/auth", json=native | {"patronSecret": "0413"}, headers=bearer(web))
    assert text(wrong, 400) == WRONG_SIERRA
    in_v5 = {"barcode": "0012345", "pin": "0412", "caseSensitivity": False}
    assert web.post("/iii/sierra-api/v5/patrons/validate", json=in_v5, headers=bearer(web)).status_code == 204
    bodies: list[object] = [[], {}, {"barcode": "0012345"}, {"barcode": "0012345", "pin": 412}]
    for body in bodies:
        malformed = web.post(f"{API}/patrons/validate", json=body, headers=bearer(web))
        assert json.loads(text(malformed, 400))["code"] == 108
    assert json.loads(text(web.get(f"{API}/items", headers=bearer(web)), 404))["code"] == 107
    assert json.loads(text(web.get("/iii/sierra-api/v4/patrons/find", headers=bearer(web)), 404))["code"] == 107


def test_sierra_finds_what_was_asked_for_and_released(databases: Databases) -> None:
    """All that is released without `fields`, what is named with them, `id` always; dates and block are always told."""
    web = served(databases)
    assert text(found(web)) == (
        '{"id":1,"expirationDate":"2027-09-15","patronType":10,"names":["Lovelace, Ada"],"barcodes":["290012345"],'
        '"uniqueIds":["0012345"],"homeLibraryCode":"MAPLE","blockInfo":{"code":"-"}}'
    )
    assert found(web, fields="default").data == found(web).data
    assert found(web, fields="names,emails,moneyOwed").json == {"id": 1, "names": ["Lovelace, Ada"]}
    assert found(web, varFieldTag="u").status_code == 200
    missing = {text(found(web, "7654321"), 404), text(found(web, varFieldTag="z"), 404), text(found(web, ""), 404)}
    assert missing == {
        '{"code":107,"specificCode":0,"httpStatus":404,"name":"Record not found","description":"Record not found"}'
    }


def test_sierra_tells_nothing_that_is_not_released(databases: Databases) -> None:
    """Not the record number either: then `auth` is a right PIN and an empty page."""
    web = served(databases, releases=frozenset())
    assert found(web).json == {"expirationDate": "2027-09-15", "blockInfo": {"code": "-"}}
    native = {"authMethod": "native", "patronId": "0012345", "patronSecret": "0412"}
    assert text(web.post(f"{API}/patrons/auth", json=native, headers=bearer(web))) == ""


def test_sierra_of_a_type_that_is_no_number_and_of_two_people(databases: Databases) -> None:
    """A patron type that is no number is left out; a number of two people is 409, code 133."""
    record = seed.store(databases, seed.patron(blocked=True))
    seed.name_as(databases, IdentifierKind.CONTESTED, "0000011", record)
    web = asked(databases)
    assert found(web, fields="patronType,blockInfo").json == {"id": 1, "blockInfo": {"code": "b"}}
    assert json.loads(text(found(web, "0000011"), 409))["code"] == 133


def basic(name: str, key: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{key}'.encode()).decode()}"}


@pytest.mark.parametrize(
    "headers",
    [{}, basic("other", seed.KEY), basic("vendor", "x"), basic("vendor", ""), {"Authorization": "Basic x"}]
    + [{"Authorization": f"Bearer {token}"} for token in (seed.KEY, "", "..", f"vendor.9999999999.{'0' * 32}")],
)
def test_no_credentials_no_answer(databases: Databases, headers: dict[str, str]) -> None:
    """Koha's 401 and Sierra's code 113, for whatever is not the client's own."""
    web = served(databases)
    refused = koha(web, {"userid": "0012345", "password": "0412"}, headers)
    assert text(refused, 401) == '{"error":"Authentication failure."}'
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    body = {"barcode": "0012345", "pin": "0412"}
    assert text(web.post(f"{API}/token", headers=headers), 401) == UNKNOWN_SIERRA
    assert text(web.post(f"{API}/patrons/validate", json=body, headers=headers), 401) == UNKNOWN_SIERRA
    assert text(web.post(f"{API}/patrons/validate", json=body, headers=BASIC), 401) == UNKNOWN_SIERRA


def test_a_dialect_is_shut_to_whom_it_was_not_given(databases: Databases) -> None:
    """Not from elsewhere, and not to a client of another dialect: Koha's 403, Sierra's 401, a bare 403 else."""
    seed.store(databases, seed.patron())
    ours, elsewhere = frozenset({DialectName.REST, DialectName.PATRONAPI}), (ip_network("192.0.2.0/24"),)
    for facts in ({"dialects": ours}, {"networks": elsewhere}):
        with databases.writer.begin() as connection:
            connection.exec_driver_sql("DELETE FROM clients")
        seed.admit(databases, seed.client("vendor", **facts))
        web = seed.web(databases)
        refused = koha(web, {"userid": "0012345", "password": "0412"})
        assert text(refused, 403) == '{"error":"Authorization failure. Missing required permission(s)."}'
        assert text(web.post(f"{API}/token", headers=BASIC), 401) == UNKNOWN_SIERRA
        for path in ("/ezproxy", "/libauth", "/LibAuth/x", "/EZPROXY"):
            told = web.post(path, data={"user": "0012345", "pass": "0412"})
            assert told.status_code in {403, 404} and told.content_type == "text/plain; charset=utf-8"


def test_a_token_ends_with_its_hour_and_with_its_client(databases: Databases) -> None:
    """Any worker knows a token; none after an hour, nor of a client that was revoked or has another key, nor one
    that was changed."""
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client("vendor"))
    clock = seed.Clock()
    one, other = seed.web(databases, now=clock), seed.web(databases, now=clock)
    token = bearer(one)
    body = {"barcode": "0012345", "pin": "0412"}

    def status(web: FlaskClient, headers: dict[str, str]) -> int:
        return web.post(f"{API}/patrons/validate", json=body, headers=headers).status_code

    assert [status(web, token) for web in (one, other)] == [204, 204]
    changed = {"Authorization": token["Authorization"].replace(".1", ".2", 1)}
    assert status(one, changed) == 401
    clock.now += timedelta(seconds=TOKEN_SECONDS - 1)
    assert status(one, token) == 204
    clock.now += timedelta(seconds=1)
    assert status(one, token) == 401
    fresh = bearer(one)
    with databases.writer.begin() as connection:
        clients.set_key(connection, "vendor", key_sha256("another"))
    assert status(seed.web(databases, now=clock), fresh) == 401
    with databases.writer.begin() as connection:
        clients.set_key(connection, "vendor", key_sha256(seed.KEY))
    assert status(seed.web(databases, now=clock), fresh) == 204
    with databases.writer.begin() as connection:
        clients.revoke(connection, "vendor", seed.NOON)
    assert status(seed.web(databases, now=clock), fresh) == 401


def test_no_refusal_holds_a_word_that_lets_in() -> None:
    """No error of any dialect, and no message to people, has what EZproxy, LibAuth or VuFind look for."""
    pages = [told(status)[0] for told in REFUSALS.values() for status in (400, 401, 403, 404, 405, 413, 429, 500, 503)]
    pages += [words(message, language) for message in Message for language in Language] + ["+NO\n", '{"auth":false}']
    for word in ("+valid", "webchkpass", "+ok", "retcod=0", '"auth":true', "access_token"):
        assert not [page for page in pages if word in page.lower()]


def test_whatever_is_sent_is_a_plain_no(databases: Databases) -> None:
    """Half a surrogate pair, zero bytes, other digits: no error, and nobody."""
    web = served(databases)
    for number in ("", "\ud800", "x" * 65, "\x00", "٠٠١٢٣٤٥", "' OR 1=1 --"):
        for pin in ("0412", "\ud800", "\x00", "9" * 65):
            assert koha(web, {"userid": number, "password": pin}).status_code == 400
            assert sierra(web, pin, number).status_code == 400
    for raw in (b"%ED%A0%80", b"%00", b"%FF", b"%"):
        ezproxy, libauth = (b"user=%s&pass=0412" % raw, b"username=%s&password=0412" % raw)
        assert text(web.get(f"/ezproxy?{ezproxy.decode()}")) == "+NO\n"
        form = "application/x-www-form-urlencoded"
        assert text(web.post("/ezproxy", data=ezproxy, content_type=form)) == "+NO\n"
        assert text(web.post("/libauth", data=libauth, content_type=form)) == "+NO"
