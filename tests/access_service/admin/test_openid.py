"""Signing in with OpenID Connect, against a real provider on this machine."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import oidc_provider_mock
import pytest
import requests
from oidc_provider_mock import User

from access_service.domain.staff import StaffRole
from access_service.settings import Oidc, Settings
from access_service.storage import audit, staff
from access_service.storage.engine import Databases
from access_service.web.admin.openid import AWAY, NO_GROUP, staff_member
from tests.access_service import seed
from tests.access_service.admin.visiting import Visitor

GROUPS = {"desks": {"role": "desk"}, "demo-it": {"role": "district-it", "districts": ["demo"]}}
PEOPLE = (
    User(sub="1", claims={"preferred_username": "ada", "groups": ["all", "demo-it"]}),
    User(sub="2", claims={"preferred_username": "bob", "groups": ["all"]}),
    User(sub="3", claims={"preferred_username": "cyd", "groups": ["desks"]}),
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=PEOPLE) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def visitor(pages_of: Settings, databases: Databases) -> Visitor:
    return Visitor(seed.app(databases, pages_of))


@pytest.fixture
def pages_of(configured: Settings, issuer: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The configuration of the pages, with this provider."""
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "made up")
    oidc = {"oidc": {"issuer": issuer, "client_id": "student-cards", "groups": GROUPS}}
    admin = type(configured.service.admin).model_validate(oidc)
    return configured.model_copy(update={"service": configured.service.model_copy(update={"admin": admin})})


def leave(visitor: Visitor) -> str:
    """Where the browser is sent to sign in."""
    sent = visitor.get("/admin/sign-in/openid")
    assert sent.status_code == 302
    return sent.headers["Location"]


def back(visitor: Visitor, sub: str) -> str:
    """Sign in over there; the path that the browser comes back to."""
    told = requests.post(leave(visitor), data={"sub": sub}, allow_redirects=False, timeout=10)
    where = urlsplit(told.headers["Location"])
    return f"{where.path}?{where.query}"


def test_a_group_opens_the_pages(visitor: Visitor, databases: Databases) -> None:
    """State, nonce and PKCE go along; the group says the role; the code is good once; the audit has the name."""
    asked = parse_qs(urlsplit(leave(visitor)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked.keys() >= {"state", "nonce", "code_challenge"}
    path = back(visitor, "1")
    assert visitor.get(path).status_code == 303
    assert "ada@localhost, district-it" in visitor.get("/admin/", follow_redirects=True).text
    assert visitor.get(path).status_code == 401
    with databases.reader.connect() as connection:
        (entry,) = audit.entries(connection)
    assert (entry.by, entry.action) == ("staff ada@localhost", "sign_in")


def test_what_was_typed_is_kept_over_there_too(visitor: Visitor, databases: Databases) -> None:
    """A form whose session ended waits for the one who comes back from the sign-in service, and for nobody else."""
    for sub, kept in (("1", True), ("3", False)):
        assert visitor.get(back(visitor, "1")).status_code == 303
        with databases.reader.connect() as connection:
            staff.end_sessions(connection, "ada@localhost")
        assert visitor.post("/admin/sign-out", {"reason": "a <b>badge</b>"}).status_code == 401
        answer = visitor.get(back(visitor, sub))
        assert ("a &lt;b&gt;badge&lt;/b&gt;" in answer.text) == kept
        assert answer.status_code == (200 if kept else 303)
    assert visitor.get(back(visitor, "1")).status_code == 303


def test_whoever_is_in_no_group_stays_out(visitor: Visitor) -> None:
    """A right sign-in elsewhere is no part here."""
    answer = visitor.get(back(visitor, "2"))
    assert (answer.status_code, NO_GROUP in answer.text) == (401, True)
    assert "/sign-in" in visitor.get("/admin/").headers["Location"]


@pytest.mark.parametrize("forged", ["state", "nonce", "verifier", "code"])
def test_nothing_forged_opens_them(visitor: Visitor, databases: Databases, pages_of: Settings, forged: str) -> None:
    """Another's state or code, a nonce that was not ours, a browser that never left: all stay out."""
    path = back(visitor, "1")
    if forged == "state":
        path = path.replace("state=", "state=x")
    elif forged == "code":
        path = path.replace("code=", "code=x")
    elif forged == "verifier":
        visitor = Visitor(seed.app(databases, pages_of))
    else:
        with visitor.client.session_transaction() as session:
            (name,) = [key for key in session if key.startswith("_state_openid")]
            session[name] = {**session[name], "data": {**session[name]["data"], "nonce": "x"}}
    answer = visitor.get(path)
    assert (answer.status_code, AWAY in answer.text) == (401, True)


def test_an_issuer_that_calls_itself_otherwise_is_refused(
    databases: Databases, pages_of: Settings, issuer: str
) -> None:
    """What its tokens say has to be what is configured, to the letter; one that is away lets nobody in."""
    for other in (f"{issuer}/", "http://localhost:9"):
        oidc = pages_of.service.admin.oidc
        assert oidc
        admin = pages_of.service.admin.model_copy(update={"oidc": oidc.model_copy(update={"issuer": other})})
        service = pages_of.service.model_copy(update={"admin": admin})
        visitor = Visitor(seed.app(databases, pages_of.model_copy(update={"service": service})))
        sent = visitor.get("/admin/sign-in/openid")
        answer = visitor.get(back(visitor, "1")) if sent.status_code == 302 else sent
        assert (answer.status_code, AWAY in answer.text) == (401, True)


def test_a_token_of_another_program_is_refused(databases: Databases, pages_of: Settings) -> None:
    """Of the same sign-in service, of the same person, and not made for these pages."""
    visitor = Visitor(seed.app(databases, pages_of))
    registered = visitor.client.application.extensions["authlib.integrations.flask_client"]
    registered.openid.client_id = "lunch-menu"
    answer = visitor.get(back(visitor, "1"))
    assert (answer.status_code, AWAY in answer.text) == (401, True)


def test_the_first_group_counts() -> None:
    """Of two parts the one that is written first; a claim of another shape is no group."""
    oidc = Oidc.model_validate({"issuer": "https://login.example.org", "client_id": "x", "groups": GROUPS})
    both = staff_member(oidc, {"preferred_username": "ada", "groups": ["demo-it", "desks"]})
    assert both and (both.role, both.name) == (StaffRole.DESK, "ada@login.example.org")
    for groups in ({"desks": 1}, [{"desks": 1}], [["desks"]], None, 5):
        assert staff_member(oidc, {"preferred_username": "ada", "groups": groups}) is None
    assert staff_member(oidc, {"preferred_username": 5, "groups": ["desks"]}) is None
