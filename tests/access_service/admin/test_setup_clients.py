"""Clients on the pages: the same checks as the commands, and the key shown once."""

import re
from dataclasses import replace
from typing import Any

from access_service.domain.client import BY_ADDRESS, DialectName
from access_service.storage import audit, clients, exceptions, traffic
from tests.access_service import seed
from tests.access_service.admin.visiting import Installed, Visitor

CLIENTS = "/admin/setup/clients"
NEW = "/admin/setup/add-client"
VENDOR = {
    "name": "vendor",
    "dialect": ["rest", "sip2"],
    "district": ["demo"],
    "networks": "10.1.2.0/24\n127.0.0.0/8",
    "release": ["library_number", "branch"],
    "options": "language=es",
}


def shown_key(text: str) -> str:
    found = re.search(r'id="key">([^<]+)<', text)
    assert found, text
    return found[1]


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert found, text
    return found[1]


def change(visitor: Visitor, seen: str = "", **other: Any) -> Any:
    fields = {key: VENDOR[key] for key in ("dialect", "district", "networks", "release")}
    return visitor.post(f"{CLIENTS}/vendor/change", {**fields, "seen": seen, **other})


def test_a_client_from_its_key_to_its_end(installed: Installed) -> None:  # noqa: PLR0915 - one client's life
    """Added, listed, changed, given another key and a card, revoked: each on record, the keys on one answer only."""
    visitor = installed.sign_in("library-admin", name="lea")
    added = visitor.post(NEW, VENDOR)
    key = shown_key(added.text)
    assert added.status_code == 200 and key not in str(added.headers) and key not in visitor.get(CLIENTS).text
    question = installed.app.test_client().get("/v1/patrons/7", headers={"Authorization": f"Bearer {key}"})
    assert question.status_code == 404
    # Sent twice, nothing is made twice.
    again = visitor.post(NEW, VENDOR)
    assert (
        again.status_code == 422 and "a client &#39;vendor&#39; already" in again.text and "10.1.2.0/24" in again.text
    )
    page = visitor.get(f"{CLIENTS}/vendor").text
    assert "language=es" in page and "never" in page and key not in page
    seen = hidden(page, "seen")
    assert change(visitor, seen, networks="127.0.0.1").status_code == 303
    late = change(visitor, seen, networks="192.0.2.1")
    assert late.status_code == 409 and "was changed meanwhile" in late.text and "127.0.0.1/32" in late.text
    assert visitor.post(f"{CLIENTS}/vendor/options", {"options": ""}).status_code == 303
    key_mark = hidden(visitor.get(f"{CLIENTS}/vendor").text, "key_mark")
    assert visitor.post(f"{CLIENTS}/vendor/new-key", {"key_mark": key_mark}).status_code == 422
    made = visitor.post(f"{CLIENTS}/vendor/new-key", {"key_mark": key_mark, "sure": "yes"})
    assert shown_key(made.text) != key
    twice = visitor.post(f"{CLIENTS}/vendor/new-key", {"key_mark": key_mark, "sure": "yes"})
    assert twice.status_code == 409 and "another key meanwhile" in twice.text
    card = visitor.post(f"{CLIENTS}/vendor/test-card", {"card_district": "demo", "newest": "0"})
    assert "PIN, shown only now" in card.text and "for vendor" in card.text
    assert visitor.post(f"{CLIENTS}/vendor/test-card", {"card_district": "demo", "newest": "0"}).status_code == 422
    assert visitor.post(f"{CLIENTS}/vendor/test-card", {"card_district": "oak", "newest": "1"}).status_code == 404
    assert visitor.post(f"{CLIENTS}/vendor/revoke").status_code == 422
    assert visitor.post(f"{CLIENTS}/vendor/revoke", {"sure": "yes"}).status_code == 303
    assert visitor.post(f"{CLIENTS}/vendor/revoke", {"sure": "yes"}).status_code == 404
    assert visitor.get(f"{CLIENTS}/vendor").status_code == 404
    with installed.databases.reader.connect() as connection:
        assert clients.active(connection) == [] and len(exceptions.of_district(connection, "demo")) == 1
        deeds = [(entry.by, entry.action) for entry in audit.entries(connection)]
    expected = "client_add", "client_change", "client_set", "client_key", "exception_add", "client_revoke"
    assert deeds == [("staff lea", action) for action in expected]


def test_what_is_wrong_with_a_client_is_said_beside_what_was_typed(installed: Installed) -> None:
    """The checks of the commands, one clear line each."""
    visitor = installed.sign_in("operator")
    for wrong, line in (
        ({"name": "<script>"}, "lower-case letters, digits and hyphens"),
        ({"networks": "here"}, "network here: should be a network such as"),
        ({"networks": ""}, "at least one dialect, about one district, from one network"),
        ({"dialect": "patronapi", "networks": "0.0.0.0/0"}, "needs the networks it asks from"),
        ({"options": "colour=red"}, "colour: no such option"),
        ({"dialect": "morse"}, "at least one dialect"),
    ):
        answer = visitor.post(NEW, {**VENDOR, **wrong})
        assert answer.status_code == 422 and line in answer.text, line
        assert 'value="demo" checked' in answer.text
        assert "<script>" not in answer.text.replace("<script src", "")
    assert visitor.post(NEW, {**VENDOR, "district": "nowhere"}).status_code == 404
    added = visitor.post(NEW, {**VENDOR, "dialect": "ezproxy", "options": "relay=true"})
    assert "It has no key" in added.text and "relay does nothing until" in added.text
    nothing = change(visitor, release=[])
    assert nothing.status_code == 422 and "at least one dialect, one district" in nothing.text
    lacks = visitor.post(f"{CLIENTS}/vendor/change", {**VENDOR, "dialect": "rest"}, follow_redirects=True)
    assert "It has no key, and needs one in rest" in lacks.text
    assert visitor.post(f"{CLIENTS}/vendor/options", {"options": "sip2.name={x}"}).status_code == 422


def test_who_sees_which_client_and_how_it_does(installed: Installed) -> None:
    """district-it sees those of its districts and changes none; of a shared one neither counts nor other districts."""
    for name, districts in (("ours", {"demo"}), ("both", {"demo", "oak"}), ("theirs", {"oak"})):
        dialects = frozenset(DialectName) - BY_ADDRESS
        asker = seed.client(name, districts=frozenset(districts), dialects=dialects)
        seed.admit(installed.databases, asker, key=name)
    now = int(seed.NOON.timestamp())
    with installed.databases.reader.connect() as connection:
        for name in ("ours", "both"):
            held = traffic.hold(connection, name, now)
            traffic.keep(connection, name, replace(held, asked=1234, wrong=7, alarms=1))
    visitor = installed.sign_in("district-it", "demo")
    listed = visitor.get(CLIENTS).text
    assert "ours" in listed and "both" in listed and "theirs" not in listed and "oak" not in listed
    page = visitor.get(f"{CLIENTS}/ours").text
    assert (
        "1,234 questions" in page
        and "7 of" in page
        and "half of its wrong PINs are spent" in page
        and "2026-11-03 (UTC)" in page
    )
    assert "1,234" not in visitor.get(f"{CLIENTS}/both").text
    assert visitor.get(f"{CLIENTS}/theirs").status_code == 404
    for path in (f"{CLIENTS}/ours/revoke", f"{CLIENTS}/ours/new-key", NEW):
        assert visitor.post(path, {"sure": "yes"}).status_code == 403
    near = installed.sign_in("library-admin", "demo")
    assert near.post(f"{CLIENTS}/both/revoke", {"sure": "yes"}).status_code == 403
    assert near.post(NEW, {**VENDOR, "district": "oak"}).status_code == 404
    assert "<form" not in visitor.get(f"{CLIENTS}/ours").text.split("<main", 1)[1]
