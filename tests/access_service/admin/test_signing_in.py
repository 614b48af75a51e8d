"""Who comes in to the pages, and who does not."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from access_service.audit import Auditor
from access_service.domain.staff import RIGHTS, Right, StaffMember, StaffRole
from access_service.errors import OperatorError
from access_service.settings import Http, Settings
from access_service.staff import (
    FORGOTTEN,
    FREE_ADDRESS,
    IDLE,
    LONGEST_SESSION,
    WAIT,
    Credentials,
    NewAccount,
    StaffRoom,
)
from access_service.storage import audit, staff, tables
from access_service.storage.engine import Databases
from access_service.web.admin import gate
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages, Visitor

ADA = StaffMember("ada", StaffRole.OPERATOR)
SIGN_IN = "/admin/sign-in"


@pytest.fixture
def room(pages: Pages) -> StaffRoom:
    return StaffRoom(pages.databases, seed.VAULT)


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    return Auditor(seed.VAULT, "somebody by command", tmp_path / "audit-heads.jsonl", seed.at_noon)


def tell(visitor: Visitor, made: NewAccount, code: str = "", **more: str) -> int:
    fields = {"name": ADA.name, "password": made.password, "code": code, **more}
    return visitor.post(SIGN_IN, fields).status_code


def test_password_and_code_open_once(pages: Pages, room: StaffRoom, auditor: Auditor) -> None:
    """With both somebody is in; a code is good once; signing out ends the session, also for who copied its cookie."""
    made = room.add(auditor, ADA)
    code = pyotp.TOTP(made.secret).now()
    visitor = pages.stranger()
    assert tell(visitor, made) == 401
    assert tell(visitor, made, code) == 303
    assert visitor.get("/admin/").status_code in (200, 303)
    assert tell(pages.stranger(), made, code) == 401
    cookie = visitor.client.get_cookie("staff", path="/")
    assert cookie is not None
    assert visitor.post("/admin/sign-out").status_code == 303
    visitor.client.set_cookie("staff", cookie.value, path="/")
    assert SIGN_IN in visitor.get("/admin/").headers["Location"]
    with pages.databases.reader.connect() as connection:
        on_record = [(entry.by, entry.action) for entry in audit.entries(connection)]
    assert on_record == [
        ("somebody by command", "staff_add"),
        ("staff ada", "sign_in"),
        ("staff ada", "sign_out"),
    ]


def test_an_account_without_codes_is_good_on_this_machine_alone(
    pages: Pages, room: StaffRoom, auditor: Auditor
) -> None:
    """Not from another in its networks; here by either kind of address."""
    made = room.add(auditor, ADA, second_factor=False)
    fields = {"name": ADA.name, "password": made.password}
    assert pages.stranger().post(SIGN_IN, fields).status_code == 303
    for address, status in (("::ffff:127.0.0.1", 303), ("::1", 303), ("10.0.0.9", 403)):
        answer = pages.stranger().post(SIGN_IN, fields, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == status, address


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
@pytest.mark.parametrize("proxies", [0, 1])
def test_a_proxy_that_nobody_counted_opens_nothing(
    databases: Databases, configured: Settings, header: str, proxies: int
) -> None:
    """It makes the whole world look local; one that is counted says who asks, who is let in from the networks alone."""
    http = configured.service.http.model_copy(update={"proxies": proxies})
    service = configured.service.model_copy(update={"http": http})
    app = seed.app(databases, configured.model_copy(update={"service": service}))
    room, auditor = StaffRoom(databases, seed.VAULT), Auditor(seed.VAULT, "a test", configured.service.audit_heads)
    made = room.add(auditor, ADA, second_factor=False)
    browser, through = app.test_client(), {"base_url": "https://localhost", "headers": {header: "127.0.0.1"}}
    page = browser.get(SIGN_IN, **through)
    assert (page.status_code, "[http] proxies" in page.text) == ((200, False) if proxies else (403, True))
    if proxies:
        # Through it nobody is surely on this machine, whatever it says.
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        fields = {"name": ADA.name, "password": made.password, "csrf_token": token[1] if token else ""}
        assert browser.post(SIGN_IN, data=fields, **through).status_code == 401


def test_whoever_signs_out_is_out(pages: Pages, auditor: Auditor) -> None:
    """Also where nothing can be put on record: nobody's pages stay open at a desk for that."""
    visitor = pages.sign_in("desk")
    cookie = visitor.client.get_cookie("staff", path="/")
    assert cookie is not None
    auditor.heads.mkdir()
    assert visitor.post("/admin/sign-out").status_code == 409
    visitor.client.set_cookie("staff", cookie.value, path="/")
    assert SIGN_IN in visitor.get("/admin/").headers["Location"]


def test_wrong_tries_shut_the_door_for_a_while(pages: Pages, room: StaffRoom, auditor: Auditor) -> None:
    """After five wrong passwords the right one is refused too; a new one and an end sign people out."""
    made = room.add(auditor, ADA, second_factor=False)
    visitor = pages.stranger()
    for _ in range(5):
        assert tell(visitor, NewAccount("wrong", "")) == 401
    assert tell(visitor, made) == 401
    opened = pages.sign_in("operator", name="ada")
    assert opened.get("/admin/").status_code != 401
    room.renew(auditor, "ada")
    assert SIGN_IN in opened.get("/admin/").headers["Location"]
    room.end(auditor, "ada")
    with pytest.raises(OperatorError, match="there is no such account"):
        room.end(auditor, "ada")
    with pytest.raises(OperatorError, match="given before"):
        room.add(auditor, ADA)
    with pytest.raises(OperatorError, match="sees its own districts only"):
        room.add(auditor, StaffMember("bo", StaffRole.DISTRICT_IT))


def test_an_account_that_ends_while_somebody_signs_in_opens_nothing(room: StaffRoom, auditor: Auditor) -> None:
    """What its end signs out is all there is, and all that comes later."""
    room.add(auditor, ADA)
    room.end(auditor, ADA.name)
    assert room.holder(room.open(ADA)) is None


def test_an_account_that_ended_signs_nobody_in(room: StaffRoom, auditor: Auditor) -> None:
    """With the right password neither."""
    made = room.add(auditor, ADA, second_factor=False)
    right = Credentials(ADA.name, made.password, "", "127.0.0.1", local=True)
    assert room.sign_in(right) == ADA
    room.end(auditor, ADA.name)
    assert room.sign_in(right) is None


def test_a_librarys_people_do_not_shut_each_other_out(room: StaffRoom, auditor: Auditor) -> None:
    """All of a library come from one address, many times a day: those who are right count as no wrong try."""
    cheap = replace(room, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    made = cheap.add(auditor, ADA, second_factor=False)
    right = Credentials(ADA.name, made.password, "", "127.0.0.1", local=True)
    assert all(cheap.sign_in(right) for _ in range(FREE_ADDRESS + 2))
    # Nor who is right after a slip, time and again.
    for _ in range(FREE_ADDRESS):
        assert not cheap.sign_in(replace(right, password="slip"))
        assert cheap.sign_in(right)
    for number in range(FREE_ADDRESS - 1):
        assert not cheap.sign_in(Credentials(f"nobody {number}", "wrong", "", "127.0.0.1", local=True))
    # On a day of many mistakes too.
    assert cheap.sign_in(right) and cheap.sign_in(right)
    assert not cheap.sign_in(Credentials("nobody", "wrong", "", "127.0.0.1", local=True))
    assert not cheap.sign_in(right)


def test_a_shut_door_wears_nothing_out(room: StaffRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of names from one address leave no more rows than its free tries, and those go after an hour."""
    cheap = replace(room, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    for number in range(2 * FREE_ADDRESS):
        assert not cheap.sign_in(Credentials(f"nobody {number}", "wrong", "", "127.0.0.1", local=True))

    def rows() -> int:
        with room.databases.reader.connect() as connection:
            return connection.execute(select(func.count()).select_from(tables.staff_failures)).scalar_one()

    # The try that shuts the door is looked at, and the address has a row of its own.
    assert rows() == FREE_ADDRESS + 1
    monkeypatch.setattr("access_service.staff.time", lambda: time.time() + FORGOTTEN + WAIT + 1)
    cheap.open(ADA)
    assert rows() == 0


def test_nobody_is_sent_elsewhere(pages: Pages, room: StaffRoom, auditor: Auditor) -> None:
    """Whatever an address says, and whatever stands in a name, after the sign-in people are on these pages."""
    made = room.add(auditor, ADA, second_factor=False)
    for then in ("/admin/\r\nX: y", "/admin/\0", "//evil.example", "/\\evil.example"):
        sent = pages.stranger().post(SIGN_IN, {"name": f"{ADA.name}\0", "password": made.password, "then": then})
        assert (sent.status_code, sent.headers["Location"]) == (303, "/admin/")


def test_a_form_whose_session_ended_waits_for_its_owner(pages: Pages, room: StaffRoom, auditor: Auditor) -> None:
    """What was typed is shown to the same person to be sent, and is gone for anybody else."""
    made = room.add(auditor, ADA, second_factor=False)
    visitor = pages.sign_in("operator", name="ada")
    with pages.databases.reader.connect() as connection:
        staff.end_sessions(connection, "ada")
    long = {"reason": "a <b>badge</b>", "note": "x" * 15_000}
    late = visitor.post("/admin/sign-out", long)
    assert late.status_code == 401
    kept = re.search(r'name="kept" value="([^"]+)"', late.text)
    assert kept
    assert "badge" not in late.text
    back = visitor.post(SIGN_IN, {"name": "ada", "password": made.password, "kept": kept[1]})
    assert back.status_code == 200
    assert 'action="/admin/sign-out"' in back.text
    assert "a &lt;b&gt;badge&lt;/b&gt;" in back.text
    bob = room.add(auditor, StaffMember("bob", StaffRole.DESK), second_factor=False)
    other = pages.stranger().post(SIGN_IN, {"name": "bob", "password": bob.password, "kept": kept[1]})
    assert other.status_code == 303


def test_behind_a_proxy_the_cookie_is_for_https_alone(databases: Databases, configured: Settings) -> None:
    """There a browser sends it nowhere else; on this machine alone it is plain, for many send no other over http."""
    behind = configured.service.model_copy(update={"http": Http(proxies=1)})
    sealed = seed.app(databases, configured.model_copy(update={"service": behind}))
    told = Visitor(sealed).get(SIGN_IN).headers["Set-Cookie"]
    assert told.startswith("__Host-staff=") and {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {*told.split("; ")}
    plain = Visitor(seed.app(databases, configured)).get(SIGN_IN).headers["Set-Cookie"]
    assert plain.startswith("staff=") and "Secure" not in plain


def test_a_session_ends_by_itself(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a quarter of an hour without a click, and after eight hours with them."""
    began = int(time.time())
    for steps, is_open in (
        ([IDLE - 1], True),
        ([IDLE + 1], False),
        ([IDLE - 1, 2 * IDLE - 2], True),
        (list(range(600, LONGEST_SESSION + 601, 600)), False),
    ):
        # By the same clock as the clicks: a session begun in the next second of the wall's would end later.
        monkeypatch.setattr("access_service.staff.time", lambda: began)
        visitor = pages.sign_in("operator")
        for later in steps:
            monkeypatch.setattr("access_service.staff.time", lambda later=later: began + later)
            answer = visitor.get("/admin/")
        assert ("/sign-in" not in answer.headers.get("Location", "")) == is_open, steps[-1]
    monkeypatch.setattr("access_service.staff.time", lambda: began + 2 * LONGEST_SESSION)
    pages.sign_in("operator")
    with pages.databases.reader.connect() as connection:
        # Of the others nothing is kept.
        assert connection.execute(select(func.count()).select_from(tables.staff_sessions)).scalar_one() == 1


def test_forms_come_from_these_pages(pages: Pages) -> None:
    """Without the page's token, or from another site, nothing is done; a redirect stays here."""
    visitor = pages.sign_in("operator")
    assert visitor.client.post("/admin/sign-out").status_code == 400
    assert visitor.post("/admin/sign-out", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert visitor.get("/admin/").status_code != 401


def test_pages_are_open_from_their_networks_only(pages: Pages) -> None:
    """From elsewhere not even the sign-in is shown, and the page says which key says so."""
    answer = pages.stranger().get(SIGN_IN, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert answer.status_code == 403
    assert "[admin] networks" in answer.text
    assert pages.stranger().get(SIGN_IN).headers["Content-Security-Policy"] == gate.POLICY


def test_what_a_role_may_is_written_down() -> None:
    """docs/staff.md has each role and each right, as the code has them."""
    page = (Path(__file__).parents[3] / "docs" / "staff.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z_]+)` \|[^|]*\| ([^|]*) \|$", page, re.MULTILINE))
    assert {right: set(re.findall(r"`([a-z-]+)`", roles)) for right, roles in rows.items()} == {
        right.value: {role.value for role in StaffRole if right in RIGHTS[role]} for right in Right
    }


def test_district_it_without_a_district_sees_nobody() -> None:
    """A role that was given no district is not everybody's."""
    assert not StaffMember("x", StaffRole.DISTRICT_IT).sees("demo")
    assert StaffMember("x", StaffRole.DESK).sees("demo")
    assert not StaffMember("x", StaffRole.DESK, frozenset({"oak"})).sees("demo")


def test_a_page_that_says_nothing_of_who_may_see_it_stops_the_start() -> None:
    """Deny by default: such an app is never made."""
    app = Flask("another")
    app.add_url_rule("/admin/open", "admin.open", lambda: "for everybody?")
    with pytest.raises(AssertionError, match="does not say who"):
        gate.check(app)
