"""The requests of programs that libraries have, as they send them, against the server as it runs."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import requests

from access_service.domain.client import BY_ADDRESS, DialectName
from access_service.storage import engine, schema
from tests.access_service import seed
from tests.access_service.test_web import Service, running

NUMBER, PIN = "0012345", "ca/n&y+1"
NAME = "keyed"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("known-clients")
    databases = engine.connect(f"sqlite:///{folder}/access.db")
    schema.upgrade(databases)
    seed.store(databases, seed.patron(patron_type="10"), PIN)
    seed.admit(databases, seed.client(NAME, dialects=frozenset(DialectName) - BY_ADDRESS))
    seed.admit(databases, seed.client("near", dialects=BY_ADDRESS), key=None)
    databases.dispose()
    with running(f"sqlite:///{folder}/access.db", folder) as started:
        yield started


def url(service: Service, path: str) -> str:
    return f"http://127.0.0.1:{service.port}{path}"


@pytest.mark.parametrize(("pin", "right"), [(PIN, True), ("0000", False), ("", False)])
def test_ezproxy(service: Service, pin: str, right: bool) -> None:
    """Everything escaped into the URL or the form; the page is searched."""
    asked = f"user={quote(NUMBER, safe='')}&pass={quote(pin, safe='')}"
    pages = (
        requests.get(url(service, f"/ezproxy?{asked}"), timeout=9),
        requests.post(url(service, "/ezproxy"), data=asked, headers=FORM, timeout=9),
    )
    assert [bool(re.search(r"\+VALID|webchkpass", page.text, re.IGNORECASE)) for page in pages] == [right] * 2


@pytest.mark.parametrize(("pin", "right"), [(PIN, True), ("0000", False)])
def test_libauth(service: Service, pin: str, right: bool) -> None:
    """A form from PHP's curl."""
    form = {"username": NUMBER, "password": pin}
    assert ("+OK" in requests.post(url(service, "/libauth"), data=form, timeout=9).text) == right


@pytest.mark.parametrize(("pin", "status"), [(PIN, 201), ("0000", 400)])
def test_a_script_that_asks_koha(service: Service, pin: str, status: int) -> None:
    """Basic, `userid`, and the first of the ids that is there names the patron."""
    asked = {"userid": NUMBER, "password": pin}
    answer = requests.post(
        url(service, "/api/v1/auth/password/validation"), json=asked, auth=(NAME, seed.KEY), timeout=9
    )
    told = answer.json()
    patron = told.get("patron_id") or told.get("cardnumber") or told.get("userid")
    assert (answer.status_code, patron) == (status, 1 if status == 201 else None)


def test_a_catalogue_that_asks_koha_by_oauth2(service: Service) -> None:
    """A form for the token, which then asks; on one connection."""
    form = {"grant_type": "client_credentials", "client_id": NAME, "client_secret": seed.KEY}
    with requests.Session() as session:
        token = session.post(url(service, "/api/v1/oauth/token"), data=form, timeout=9).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        asked = {"identifier": NUMBER, "password": PIN}
        answer = session.post(url(service, "/api/v1/auth/password/validation"), json=asked, timeout=9)
    assert (answer.status_code, answer.json()["cardnumber"]) == (201, "290012345")


@pytest.fixture
def sierra(service: Service) -> Iterator[requests.Session]:
    """A session with a token, as Wellcome's client and VuFind's get one."""
    with requests.Session() as session:
        granted = session.post(
            url(service, "/iii/sierra-api/v6/token"),
            data="grant_type=client_credentials",
            headers=FORM,
            auth=(NAME, seed.KEY),
            timeout=9,
        ).json()
        assert granted["token_type"] == "bearer"
        session.headers["Authorization"] = f"Bearer {granted['access_token']}"
        yield session


def test_vufind_by_version_5(service: Service, sierra: requests.Session) -> None:
    """`validate` is 204; then `find` has an id and a name, "Last, First", and no `code`."""
    api = url(service, "/iii/sierra-api/v5/patrons")
    for pin, status in ((PIN, 204), ("0000", 400)):
        asked = json.dumps({"barcode": NUMBER, "pin": pin, "caseSensitivity": False})
        answer = sierra.post(f"{api}/validate", data=asked, headers={"Content-Type": "application/json"}, timeout=9)
        assert (answer.status_code, bool(answer.content)) == (status, status == 400)
    sought = {"varFieldTag": "b", "varFieldContent": NUMBER, "fields": "names,emails"}
    found = sierra.get(f"{api}/find", params=sought, timeout=9).json()
    assert "code" not in found
    assert (found["id"], found["names"][0].split(", ")) == (1, ["Lovelace", "Ada"])


def test_openrs_by_version_6(service: Service, sierra: requests.Session) -> None:
    """The body of `auth` is the record number, nothing round it."""
    asked = {"authMethod": "native", "patronId": NUMBER, "patronSecret": PIN}
    answer = sierra.post(url(service, "/iii/sierra-api/v6/patrons/auth"), json=asked, timeout=9)
    assert (answer.status_code, answer.text) == (200, "1")


def test_palace_asks_the_patron_api(service: Service) -> None:
    """The number as it is, the PIN quoted; in the path and as a form."""
    quoted = quote(PIN, safe="")
    pages = (
        requests.get(url(service, f"/PATRONAPI/{NUMBER}/{quoted}/pintest"), timeout=9),
        requests.post(
            url(service, "/PATRONAPI/pintest"), data=f"number={NUMBER}&pin={quoted}", headers=FORM, timeout=9
        ),
    )
    assert ["RETCOD=0<BR>" in page.text for page in pages] == [True, True]


# After all the others.
def test_nothing_that_was_asked_is_in_log_or_metrics(service: Service) -> None:
    """Query strings, paths, forms, keys and tokens are nowhere; the routes are."""
    requests.get(url(service, f"/ezproxy/{NUMBER}?user={NUMBER}&pass=ca"), timeout=9)
    requests.get(url(service, f"/iii/sierra-api/v9/{NUMBER}?varFieldContent={NUMBER}"), timeout=9)
    said = service.log.read_text() + requests.get(url(service, "/metrics"), timeout=9).text
    assert '"route": "/iii/sierra-api/<any(v5, v6):version>/patrons/find"' in said
    for personal in ("12345", "ca/n", "ca%2", "n&y", "user=", "varFieldC", seed.KEY, f"{NAME}.", "Lovelace"):
        assert personal not in said, personal
