"""PINs changed over the JSON API: by the old one, and by a client that may reset them."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from access_service.domain.chosen_pins import PinRefusal
from access_service.domain.client import Options
from access_service.domain.wording import Language
from access_service.protocols.rest.pins import NewPin, PinChanged
from access_service.storage import tables as t
from access_service.storage.engine import Databases
from tests.access_service import seed

NUMBER, OLD, NEW = "0012345", "0412", "7392"
BEARER = {"Authorization": f"Bearer {seed.KEY}"}


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> FlaskClient:
    service = seed.settings().service.model_copy(update={"audit_heads": tmp_path / "heads"})
    seed.store(databases, seed.patron())
    return seed.web(databases, seed.settings().model_copy(update={"service": service}))


def asked(web: FlaskClient, page: str, **body: str) -> TestResponse:
    return web.post(f"/v1/{page}", json=body, headers=BEARER)


def changed(web: FlaskClient, pin: str, new: str) -> dict[str, Any]:
    answer = asked(web, "pin-changes", number=NUMBER, pin=pin, new_pin=new)
    assert answer.status_code == 200
    return dict(PinChanged.model_validate(answer.json, strict=True))


def opens(web: FlaskClient, pin: str) -> bool:
    return bool((asked(web, "authentications", number=NUMBER, pin=pin).json or {})["authenticated"])


def test_a_student_changes_the_pin_with_the_old_one(databases: Databases, web: FlaskClient) -> None:
    """From then on the new one opens, and the old one does not change it again; it is on record as by the client."""
    seed.admit(databases, seed.client())
    told = {"standing": "active", "pin": "ok", "refusal": None, "message": "Your PIN has been changed."}
    assert changed(web, OLD, NEW) == {"changed": True, **told}
    assert (opens(web, NEW), opens(web, OLD)) == (True, False)
    assert changed(web, OLD, "8264")["pin"] == "wrong"
    with databases.reader.connect() as connection:
        (entry,) = connection.execute(select(t.audit.c.by, t.audit.c.action, t.audit.c.subject)).all()
    assert tuple(entry) == ("client vendor", "pin_choose", "patron 1")


def test_a_wrong_old_pin_counts(databases: Databases, web: FlaskClient) -> None:
    """Five, and the card is locked for this client, wherever it asks."""
    seed.admit(databases, seed.client())
    assert [changed(web, str(n), NEW)["changed"] for n in range(5)] == [False] * 5
    assert changed(web, OLD, NEW)["pin"] == "wrong"
    assert not opens(web, OLD)


def test_what_cannot_be_chosen_is_refused_in_the_language_of_the_client(databases: Databases, web: FlaskClient) -> None:
    """With a code for the program and words for the person; the old one goes on opening."""
    seed.admit(databases, seed.client(options=Options(language=Language.SPANISH)))
    found = changed(web, OLD, OLD)
    assert (found["changed"], found["refusal"]) == (False, PinRefusal.ISSUED)
    assert found["message"] == "Elija un PIN distinto del que recibió."
    assert changed(web, OLD, "7777")["refusal"] == PinRefusal.ONE_DIGIT
    assert opens(web, OLD)


@pytest.mark.parametrize("body", [{"number": NUMBER, "pin": OLD}, {"number": "", "pin": OLD, "new_pin": NEW}, {}])
def test_a_malformed_change_is_a_problem(databases: Databases, web: FlaskClient, body: dict[str, str]) -> None:
    """Which says what there must be, and repeats nothing."""
    seed.admit(databases, seed.client())
    seed.admit(databases, seed.client("desk", options=Options(resets_pins=True)), "desk")
    answer = asked(web, "pin-changes", **body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert OLD not in answer.text
    assert "`number`, `pin` and `new_pin` must be texts" in answer.text
    reset = web.post("/v1/pin-resets", json=body | {"pin": OLD}, headers={"Authorization": "Bearer desk"})
    assert "`number` must be a text of 1 to 64" in reset.text and OLD not in reset.text


def test_a_client_that_may_gives_a_new_pin_once(databases: Databases, web: FlaskClient) -> None:
    """At random; locks are lifted, and the issued one opens nothing any more."""
    seed.admit(databases, seed.client(options=Options(resets_pins=True)))
    for n in range(6):
        opens(web, str(n))
    answer = asked(web, "pin-resets", number="290012345")
    pin = NewPin.model_validate(answer.json, strict=True).pin
    assert pin and opens(web, pin) and not opens(web, OLD)
    assert asked(web, "pin-resets", number="7777777").status_code == 404


def test_a_client_that_may_not_gives_none(databases: Databases, web: FlaskClient) -> None:
    """Whether the number is somebody's or nobody's."""
    seed.admit(databases, seed.client())
    assert [asked(web, "pin-resets", number=number).status_code for number in (NUMBER, "7777777")] == [403, 403]
    refused = asked(web, "pin-resets", number=NUMBER).json or {}
    assert refused["detail"] == "This client may not reset PINs: it is not set `resets_pins`."
    assert opens(web, OLD)


def test_what_cannot_be_put_on_record_is_not_done(databases: Databases, web: FlaskClient, tmp_path: Path) -> None:
    """Where the file of heads cannot be written the service says that it is unavailable."""
    seed.admit(databases, seed.client())
    (tmp_path / "heads").mkdir()
    assert asked(web, "pin-changes", number=NUMBER, pin=OLD, new_pin=NEW).status_code == 503
    assert opens(web, OLD) and not opens(web, NEW)
