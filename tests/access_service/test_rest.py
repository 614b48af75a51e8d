from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from flask.testing import FlaskClient

from access_service.domain.client import DialectName, Options, Release
from access_service.domain.patron import Presence
from access_service.domain.wording import Language, Message, words
from access_service.protocols.rest import codec
from access_service.storage import engine, schema
from access_service.storage.engine import Databases
from tests.access_service import seed

AUTHORIZED = {"Authorization": f"Bearer {seed.KEY}"}
CANARY = "canary-4711"


@pytest.fixture
def web(databases: Databases) -> FlaskClient:
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client())
    return seed.web(databases)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """For questions that are refused before the database is asked."""
    databases = engine.connect(f"sqlite:///{tmp_path_factory.mktemp('front') / 'access.db'}")
    schema.upgrade(databases)
    seed.admit(databases, seed.client())
    return seed.web(databases)


def ask(web: FlaskClient, number: str = "0012345", pin: str = "0412") -> dict[str, Any]:
    response = web.post("/v1/authentications", json={"number": number, "pin": pin}, headers=AUTHORIZED)
    assert response.status_code == 200
    codec.Verdict.model_validate(response.json, strict=True)
    return dict(response.json or {})


def test_a_right_pin_lets_in(web: FlaskClient) -> None:
    """A student in good standing with the right PIN is authenticated, with every fact the client was released."""
    assert ask(web) == {
        "authenticated": True,
        "standing": "active",
        "pin": "ok",
        "patron": {
            "patron_id": 1,
            "library_number": "290012345",
            "student_number": "0012345",
            "given_name": "Ada",
            "family_name": "Lovelace",
            "patron_type": "STU-ELEM",
            "profile": "starter",
            "branch": "MAPLE",
            "school": "101",
            "grade": "03",
            "role": "student",
            "expires": "2027-09-15",
        },
        "message": None,
    }


def test_without_the_right_pin_nothing_is_told(web: FlaskClient) -> None:
    """A wrong or missing PIN refuses, and releases no fact about the patron."""
    wrong, missing = (words(message, Language.ENGLISH) for message in (Message.PIN_WRONG, Message.PIN_MISSING))
    for pin, (told, message) in {
        "0413": ("wrong", wrong),
        "": ("missing", missing),
        "   ": ("missing", missing),
    }.items():
        nobody = {"authenticated": False, "standing": "active", "pin": told, "patron": None, "message": message}
        assert ask(web, pin=pin) == nobody


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("es", Language.SPANISH),
        ("es-MX,en;q=0.8", Language.SPANISH),
        ("en;q=0.5, fr, ES;q=0.9", Language.SPANISH),
        ("en-US,en;q=0.9,es;q=0.8", Language.ENGLISH),
        ("es;q=0, en;q=0.1", Language.ENGLISH),
        ("*", Language.SPANISH),
        ("fr", Language.SPANISH),
        ("", Language.SPANISH),
        ("x;q=nothing,,\u00e9", Language.SPANISH),
    ],
)
def test_a_message_is_in_the_language_of_who_reads_it(databases: Databases, accepted: str, language: Language) -> None:
    """The question's first that there is, and without one the client's, here Spanish."""
    seed.admit(databases, seed.client(options=Options(language=Language.SPANISH)))
    asked = {"json": {"number": "7654321", "pin": "0412"}, "headers": AUTHORIZED | {"Accept-Language": accepted}}
    told = seed.web(databases).post("/v1/authentications", **asked).json or {}
    assert told["message"] == words(Message.UNKNOWN, language)


def test_an_unknown_number_is_unknown(web: FlaskClient) -> None:
    """A number nobody has is told as such, and its PIN was not checked."""
    answer = ask(web, number="7654321")
    assert (answer["authenticated"], answer["standing"], answer["pin"]) == (False, "unknown", "unchecked")


def test_standing_and_pin_are_told_apart(databases: Databases) -> None:
    """A right PIN of a card that ended is `ok` and yet not authenticated; who left is told as expired."""
    yesterday = seed.TODAY - timedelta(days=1)
    seed.store(databases, seed.patron(1, "0000001", expires=yesterday))
    seed.store(databases, seed.patron(2, "0000002", presence=Presence.LEFT, left_on=seed.TODAY))
    seed.store(databases, seed.patron(3, "0000003", presence=Presence.ABSENT))
    seed.admit(databases, seed.client())
    web = seed.web(databases)
    told = [(a["authenticated"], a["standing"], a["pin"]) for a in (ask(web, f"000000{n}") for n in (1, 2, 3))]
    assert told == [(False, "expired", "ok"), (False, "expired", "ok"), (True, "active", "ok")]


def test_an_ambiguous_number_sends_to_the_desk(databases: Databases) -> None:
    """The same ID in two districts of one client is nobody's, whatever the PIN, and the message says what to do."""
    seed.store(databases, seed.patron(1), pin="0412")
    seed.store(databases, seed.patron(2, district="other", library_number="310012345"), pin="1111")
    seed.admit(databases, seed.client(districts=frozenset({"demo", "other"})))
    other = seed.district("other", "31{student_number}")
    web = seed.web(databases, seed.settings(seed.district(), other))
    for pin in ("0412", "1111", "9999"):
        answer = ask(web, pin=pin)
        assert (answer["standing"], answer["pin"], answer["patron"]) == ("unknown", "unchecked", None)
        assert "desk" in answer["message"]
    looked = web.get("/v1/patrons/0012345", headers=AUTHORIZED)
    assert (looked.status_code, looked.content_type) == (409, "application/problem+json")
    assert "desk" in (looked.json or {})["detail"]


def test_a_client_is_told_what_it_was_released(databases: Databases) -> None:
    """Facts outside the client's releases are left out, in both pages."""
    seed.store(databases, seed.patron())
    seed.admit(databases, seed.client(releases=frozenset({Release.NAME, Release.EXPIRES})))
    web = seed.web(databases)
    released = {"given_name": "Ada", "family_name": "Lovelace", "expires": "2027-09-15"}
    assert ask(web)["patron"] == released
    assert web.get("/v1/patrons/12345", headers=AUTHORIZED).json == {"standing": "active", "patron": released}


def test_look_up_by_number(web: FlaskClient) -> None:
    """A key alone looks up a card that exists, and says so of one that does not."""
    found = web.get("/v1/patrons/290012345", headers=AUTHORIZED)
    codec.Card.model_validate(found.json, strict=True)
    assert (found.status_code, (found.json or {})["patron"]["given_name"]) == (200, "Ada")
    assert web.get("/v1/patrons/7654321", headers=AUTHORIZED).status_code == 404


GOOD: dict[str, Any] = {"json": {"number": CANARY, "pin": CANARY}, "headers": AUTHORIZED}


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (401, GOOD | {"headers": {}}),
        (401, GOOD | {"headers": {"Authorization": f"Bearer {CANARY}"}}),
        (401, GOOD | {"headers": {"Authorization": f"Basic {CANARY}"}}),
        (401, GOOD | {"headers": {"X-API-Key": seed.KEY}}),
        (403, GOOD | {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}}),
        (403, GOOD | {"environ_base": {"REMOTE_ADDR": CANARY}}),
        (405, GOOD | {"method": "PUT"}),
        (405, {"method": "GET", "headers": AUTHORIZED}),
        (404, GOOD | {"path": f"/v1/{CANARY}"}),
        (413, {"data": CANARY * 2000, "content_type": "application/json", "headers": AUTHORIZED}),
        (415, {"data": {"number": CANARY, "pin": CANARY}, "headers": AUTHORIZED}),
        (422, {"data": CANARY, "content_type": "application/json", "headers": AUTHORIZED}),
        (422, GOOD | {"json": {"number": CANARY}}),
        (422, GOOD | {"json": [CANARY]}),
        (422, GOOD | {"json": {"number": "", "pin": CANARY}}),
        (422, GOOD | {"json": {"number": CANARY * 6, "pin": ""}}),
        (422, GOOD | {"json": {"number": CANARY, "pin": CANARY * 6}}),
        (422, GOOD | {"json": {"number": 4711, "pin": CANARY}}),
        (422, GOOD | {"json": {"number": CANARY, "pin": None}}),
        (422, GOOD | {"json": {"number": CANARY, "pin": CANARY, CANARY: CANARY}}),
        (422, {"data": '{"number": "1", "pin": "\\ud800"}', "content_type": "application/json", "headers": AUTHORIZED}),
    ],
)
def test_a_refusal_says_why_and_repeats_nothing(front: FlaskClient, status: int, request_: dict[str, Any]) -> None:
    """Every refusal is problem+json of its status; nothing that was sent comes back."""
    response = front.open(**({"path": "/v1/authentications", "method": "POST"} | request_))
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert set(response.json or {}) == {"type", "title", "status", "detail"}
    assert "4711" not in response.get_data(as_text=True)


def test_a_refusal_keeps_the_headers_of_its_kind(web: FlaskClient) -> None:
    """401 names the scheme, 405 the methods, as HTTP asks."""
    assert web.post("/v1/authentications").headers["WWW-Authenticate"].startswith("Bearer")
    assert "POST" in web.get("/v1/authentications").headers["Allow"]


def test_a_client_of_another_dialect_is_refused(databases: Databases) -> None:
    """A key made for one dialect opens no other."""
    seed.admit(databases, seed.client(dialects=frozenset({DialectName.PATRONAPI})))
    response = seed.web(databases).post("/v1/authentications", json={"number": "1", "pin": "1"}, headers=AUTHORIZED)
    assert response.status_code == 403


def test_only_a_configured_proxy_says_who_the_caller_is(databases: Databases) -> None:
    """X-Forwarded-For counts when a proxy is configured, and never otherwise."""
    seed.admit(databases, seed.client(networks=(ip_network("198.51.100.0/24"),)))
    service = {"http": {"proxies": 1}}
    behind = seed.settings().model_validate({"service": service, "districts": seed.settings().districts})
    forwarded = AUTHORIZED | {"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}
    statuses = [
        seed.web(databases, configured).get("/v1/patrons/1", headers=forwarded).status_code
        for configured in (seed.settings(), behind)
    ]
    assert statuses == [403, 404]


def test_openapi_is_generated_from_the_code(web: FlaskClient) -> None:
    """The document is OpenAPI 3.1, names every answer of both pages, and loads nothing from elsewhere."""
    document = web.get("/openapi.json").json or {}
    assert document["openapi"] == "3.1.0"
    asking, looking = document["paths"]["/v1/authentications"]["post"], document["paths"]["/v1/patrons/{number}"]["get"]
    assert set(asking["responses"]) == {"200", "401", "403", "413", "415", "422", "429", "503"}
    assert set(looking["responses"]) == {"200", "401", "403", "404", "409", "422", "503"}
    assert all("application/problem+json" in asking["responses"][code]["content"] for code in ("401", "422", "503"))
    assert web.get("/openapi").status_code == 404
