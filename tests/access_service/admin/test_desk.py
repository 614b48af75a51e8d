"""The desk: why a card does not work, and what mends it."""

import re
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from access_service.audit import Auditor, verify
from access_service.blocks import BlockDesk
from access_service.domain.access import PinResult
from access_service.domain.identifiers import IdentifierKind
from access_service.domain.patron import Presence
from access_service.domain.staff import StaffRole
from access_service.opting_out import Given, Office
from access_service.storage import audit, patrons, runs, tables
from access_service.storage.audit import Entry
from access_service.web.admin.desk.deeds import FASTER
from access_service.web.admin.desk.looking import NO_NAME, NO_SCHOOL, TOO_LONG
from access_service.web.admin.desk.patron import Careful, FasterError
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages, Visitor

HOME, PATRON = "/admin/desk/", "/admin/desk/patrons/1"
HOSTILE = "<script>alert(1)</script>\"'>=cmd()"


@pytest.fixture
def clerk(pages: Pages) -> Visitor:
    """Somebody at the desk, and a student of each kind of trouble."""
    databases = pages.databases
    seed.admit(databases, seed.client())
    seed.store(databases, seed.patron(given_name="Ana", family_name="Morales"))
    seed.store(databases, seed.patron(2, "0000002", given_name="Ana", family_name="Moreno", school="102"), None)
    left = {"presence": Presence.LEFT, "left_on": seed.TODAY}
    seed.store(databases, seed.patron(3, "0000003", given_name=HOSTILE, family_name=HOSTILE, **left))
    oak = seed.patron(4, "0012345", district="oak", library_number="390012345", school="201", given_name="Bo")
    seed.store(databases, oak)
    state = {"basis": "", "file_sha256": "", "file_size": 1, "content": b"", "population": 3, "seen_at": seed.NOON}
    with databases.writer.begin() as connection:
        for code in ("demo", "oak"):
            run_id = runs.begin(connection, code, "the schedule", "", seed.NOON)
            runs.finish(connection, run_id, runs.Outcome.APPLIED, seed.NOON, report={})
            values = {"district": code, "applied_run": run_id, **state}
            connection.execute(insert(tables.district_state).values(values))
        change = {"patron_id": 1, "kind": "update", "run_id": 1}
        images = {"before": '{"grade": "02", "given_name": "Anna"}', "after": '{"grade": "03", "given_name": "Ana"}'}
        connection.execute(insert(tables.changes).values(**change, **images))
    return pages.sign_in("desk")


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    """The file that knows the newest entry of the audit."""
    return tmp_path / "audit-heads.jsonl"


def text(page: str) -> str:
    """What a page says."""
    return unescape(re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page)))


def version(clerk: Visitor, path: str = PATRON) -> str:
    found = re.search(r'name="version" value="([^"]+)"', clerk.get(path).text)
    assert found
    return found[1]


def mend(clerk: Visitor, deed: str, **fields: str) -> str:
    """Send a form of the first student's page, and follow it; what the next page says."""
    fields.setdefault("version", version(clerk))
    answer = clerk.post(f"{PATRON}/{deed}", fields, follow_redirects=True)
    assert answer.status_code == 200, text(answer.text)
    return text(answer.text)


def entries(pages: Pages, *actions: str) -> list[Entry]:
    with pages.databases.reader.connect() as connection:
        return [entry for entry in audit.entries(connection) if entry.action in actions]


def signs_in(pages: Pages, pin: str) -> PinResult:
    return seed.directory(pages.databases).authenticate("290012345", pin, seed.client()).pin


def test_any_form_of_the_number_leads_to_one_answer(pages: Pages, clerk: Visitor) -> None:
    """In big letters, why and what to do; the address has the patron's id and nothing that was typed."""
    for typed in ("290012345", " 29-0012345 ", "A290012345B"):
        answer = clerk.post(HOME, {"number": typed})
        assert (answer.status_code, answer.headers["Location"]) == (303, PATRON), typed
    said = text(clerk.get(PATRON).text)
    assert "Works The card is good through 2027-09-15. It has a PIN." in said
    assert "Where each field comes from" in said and "library number owner library; " in said
    assert "Ana M." in said and "Morales" not in said
    assert "Does not work The card is good, and no PIN was made for it." in text(clerk.get(f"{HOME}patrons/2").text)
    gone = text(clerk.get(f"{HOME}patrons/3").text)
    assert "Does not work The school's roster has not had the student since 2026-11-03" in gone
    assert "Ana Morales" in pages.sign_in("library-admin").get(PATRON).text
    assert clerk.get(f"{HOME}patrons/99").status_code == clerk.get(f"{HOME}patrons/{2**63}").status_code == 404
    views = entries(pages, "patron_view")
    assert {entry.subject for entry in views} == {"patron 1", "patron 2", "patron 3"}
    assert {entry.by for entry in views} == {"staff a-desk", "staff a-library-admin"}


def test_an_ambiguous_number_shows_schools_to_choose(pages: Pages, clerk: Visitor) -> None:
    """With a school it is that one; the list is on record, and whoever sees one district has one answer."""
    answer = clerk.post(HOME, {"number": "0012345"})
    said = text(answer.text)
    assert answer.status_code == 200 and "Ask which school it is" in said
    assert "Abbott Elementary School Maple County Schools (synthetic) Grade 3 Ana M." in said
    assert "Grade 3 Bo L." in said
    assert [entry.facts("after") for entry in entries(pages, "patron_view")] == [{"patrons": [1, 4]}]
    assert clerk.post(HOME, {"number": "0012345", "school": "oak/201"}).headers["Location"] == f"{HOME}patrons/4"
    here = pages.sign_in("desk", "demo", name="clerk-of-demo")
    assert here.post(HOME, {"number": "0012345"}).headers["Location"] == PATRON
    assert here.get(f"{HOME}patrons/4").status_code == 404
    assert here.post(f"{HOME}patrons/4/pin").status_code == 404


def test_a_name_and_a_school_lead_there_too(clerk: Visitor) -> None:
    """By beginnings, near spellings and without accents; a name alone asks for the school."""
    for typed in ("morales", "MOR ana", "Moraless"):
        assert clerk.post(HOME, {"number": typed, "school": "demo/101"}).headers["Location"] == PATRON, typed
    for fields, line in (
        ({"number": "morales"}, NO_SCHOOL),
        ({"number": "morales", "school": "demo/301"}, NO_NAME),
        ({"number": "morales", "school": "elm/101"}, NO_NAME),
        ({"number": "x" * 200}, TOO_LONG),
        ({"number": "29\x000012345"}, TOO_LONG),
        ({"number": HOSTILE.replace("1", "")}, NO_SCHOOL),
    ):
        answer = clerk.post(HOME, fields)
        assert answer.status_code == 422 and line in unescape(answer.text), fields
        assert "<script>alert" not in answer.text
    assert clerk.post(HOME, {"number": ""}).status_code == 200


def test_a_name_at_a_school_of_another_district_is_not_sought(pages: Pages, clerk: Visitor) -> None:
    """Not even whether there is one is told."""
    assert clerk.get(HOME).status_code == 200
    oak = pages.sign_in("desk", "oak")
    answer = oak.post(HOME, {"number": "morales", "school": "demo/101"})
    assert answer.status_code == 422 and NO_NAME in unescape(answer.text)


def test_nobodys_number_says_why(pages: Pages, clerk: Visitor, heads: Path) -> None:
    """A number that is new, and one of a family that opted out."""
    said = text(clerk.post(HOME, {"number": "7654321"}).text)
    assert "Nobody's number" in said and "Check the number with the school" in said
    by = Auditor(seed.VAULT, "a form", heads, seed.at_noon)
    Office(pages.databases, by, seed.district()).add([Given("0000002")], "a form")
    answer = clerk.post(HOME, {"number": "0000002"}).text
    assert "Opted out" in text(answer) and "What to do: Nothing, unless the family asks" in text(answer)
    assert 'href="/admin/setup/opt-outs"' in answer and "access-service" not in answer
    assert clerk.get(f"{HOME}patrons/2").status_code == 404


def test_a_new_pin_is_shown_once_and_opens(pages: Pages, clerk: Visitor) -> None:
    """On the answer to the form alone; the lock goes too, and the same form sent again makes no second one."""
    for n in range(7):
        signs_in(pages, f"8{n:03}")
    assert "Not just now Too many wrong PINs" in text(clerk.get(PATRON).text)
    form = {"version": version(clerk)}
    slip = clerk.post(f"{PATRON}/pin", form)
    shown = re.search(r'class="secret">([0-9]{6})<', slip.text)
    assert slip.status_code == 200 and shown and slip.headers["Cache-Control"] == "no-store"
    assert signs_in(pages, shown[1]) is PinResult.OK
    page = clerk.get(PATRON).text
    assert shown[1] not in page and "Works" in page
    again = clerk.post(f"{PATRON}/pin", form)
    assert again.status_code == 409 and "New PIN (at the desk)" in text(again.text)
    assert signs_in(pages, shown[1]) is PinResult.OK
    assert shown[1] not in "".join(map(str, entries(pages, "pin_choose")))


def test_who_is_locked_is_unlocked(pages: Pages, clerk: Visitor) -> None:
    """From scan to a right PIN in two actions."""
    for n in range(7):
        signs_in(pages, f"8{n:03}")
    assert signs_in(pages, "0412") is PinResult.LOCKED
    assert "Unlocked: the right PIN works again." in mend(clerk, "unlock")
    assert signs_in(pages, "0412") is PinResult.OK


def test_a_block_a_note_and_a_link_come_and_go(pages: Pages, clerk: Visitor, heads: Path) -> None:
    """Each is on record with who and why, and the page tells it; nothing is merged."""
    assert "Blocked: the card no longer works." in mend(clerk, "block", block_reason=HOSTILE, block_until="2026-12-01")
    page = clerk.get(PATRON).text
    assert f"The library blocks the card through 2026-12-01: {HOSTILE}" in unescape(page)
    assert "<script>alert" not in page
    assert "The block is lifted." in mend(clerk, "unblock") and "Works" in clerk.get(PATRON).text
    assert "Asked for Braille." in mend(clerk, "note", note="Asked for Braille.\nTwice.")
    assert "The note is removed." in mend(clerk, "remove-note", number="1")
    assert "Linked card 21999999990001" in mend(clerk, "link", card="2 1999 99999 0001")
    assert clerk.post(HOME, {"number": "21999999990001"}).headers["Location"] == PATRON
    assert "no longer linked" in mend(clerk, "unlink", number="21999999990001")
    with pages.databases.reader.connect() as connection:
        kept = connection.execute(
            select(tables.identifiers.c.kind).where(tables.identifiers.c.patron_id == 1)
        ).scalars()
        assert {*kept} == {IdentifierKind.STUDENT_NUMBER, IdentifierKind.LIBRARY_NUMBER}
        assert not list(verify(connection, seed.VAULT, heads))
    said = text(clerk.get(PATRON).text)
    for line in ("Blocked by the library", "Block lifted", "Note added", "Another card linked", "staff a-desk"):
        assert line in said
    assert "Changed with the roster given name grade: 02 → 03 the schedule run 1" in said and "Anna" not in said
    assert "given name: Anna → Ana" in text(pages.sign_in("library-admin").get(PATRON).text)


def test_what_cannot_be_done_keeps_what_was_typed(clerk: Visitor) -> None:
    """One clear line, and the page again."""
    for deed, fields, line in (
        ("block", {"block_reason": "lost", "block_until": "2001-01-01"}, "2001-01-01 has passed"),
        ("block", {"block_reason": "lost", "block_until": "soon"}, "should be a date"),
        ("block", {"block_reason": "two\nlines"}, "one line of at most"),
        ("unblock", {}, "has no block here"),
        ("note", {"note": "x" * 501}, "a note has 1 to 500 characters"),
        ("remove-note", {"number": "9" * 40}, "There is no such note."),
        ("link", {"card": "290000002"}, "finds patron 2 of demo already"),
        ("link", {"card": "390012345"}, "finds a patron of another district already"),
        ("link", {"card": "€"}, "should be the number of a library card"),
        ("unlink", {"number": "1"}, "nothing was decided of 1"),
        ("opt-out", {"opt_out_reason": "the mother, by phone"}, "Tick the box"),
    ):
        answer = clerk.post(f"{PATRON}/{deed}", {**fields, "version": version(clerk)})
        assert answer.status_code == 422 and line in text(answer.text), (deed, text(answer.text))
        for typed in fields.values():
            assert typed in unescape(answer.text) or deed in ("remove-note", "unlink", "block"), typed


def test_two_people_do_not_overwrite_each_other(pages: Pages, clerk: Visitor) -> None:
    """Whoever is later reads what the other did, and has what they typed still."""
    known = version(clerk)
    other = pages.sign_in("library-admin")
    mend(other, "block", block_reason="a laptop in the rain")
    late = clerk.post(f"{PATRON}/block", {"version": known, "block_reason": "lost twice"})
    said = text(late.text)
    assert late.status_code == 409 and FASTER in said and 'value="lost twice"' in late.text
    assert "staff a-library-admin: Blocked by the library (a laptop in the rain)" in said
    assert "Blocked: the card" in mend(clerk, "block", block_reason="lost twice")
    for forged in ("", "0.0", "x", "9" * 50, "²"):
        assert clerk.post(f"{PATRON}/unlock", {"version": forged}).status_code == 409, forged


def test_an_opt_out_leaves_nothing(pages: Pages, clerk: Visitor) -> None:
    """The card is gone with the next lookup, notes and block with it."""
    mend(clerk, "note", note="Called twice.")
    assert "Kept on record for good: no names." in text(clerk.get(PATRON).text)
    said = mend(clerk, "opt-out", opt_out_reason="the mother, by phone", sure="yes")
    assert "Opted out: the card is gone" in said and "Does this card work?" in said
    assert clerk.get(PATRON).status_code == 404
    with pages.databases.reader.connect() as connection:
        assert not list(connection.execute(select(tables.notes)))


def test_what_is_not_on_record_is_not_seen(clerk: Visitor, heads: Path) -> None:
    """Where nothing can be put on record there is no patron's page, and no list of names."""
    heads.unlink(missing_ok=True)
    heads.mkdir()
    page = clerk.get(PATRON)
    assert page.status_code == 409 and "what is not on record is not done" in text(page.text)
    assert "Ana" not in page.text and "Ana" not in clerk.post(HOME, {"number": "0012345"}).text


@pytest.mark.parametrize("role", sorted(set(StaffRole) - {StaffRole.DESK, StaffRole.LIBRARY_ADMIN}))
def test_who_has_no_business_at_the_desk_sees_nobody(pages: Pages, role: StaffRole) -> None:
    """IT, auditors and operators look nobody up, and mend nothing."""
    seed.store(pages.databases, seed.patron())
    visitor = pages.sign_in(role, "demo")
    assert {visitor.get(HOME).status_code, visitor.get(PATRON).status_code} == {403}
    assert {visitor.post(f"{PATRON}/{deed}").status_code for deed in ("pin", "block", "opt-out")} == {403}


def test_who_is_a_moment_later_is_refused_too(pages: Pages, clerk: Visitor, heads: Path) -> None:
    """Between the look and the writing: what is put on record is looked at where nobody else can write."""
    with pages.databases.reader.connect() as connection:
        record = next(patrons.records(connection, [1]))
    known = version(clerk)
    late = Careful(seed.VAULT, "staff late", heads, seed.at_noon, record, known)
    mend(clerk, "unlock")
    with pytest.raises(FasterError):
        BlockDesk(pages.databases, late, seed.district()).block(record, "lost", None)
    with pages.databases.reader.connect() as connection:
        assert next(patrons.records(connection, [1])).blocked_until is None
    assert [entry.by for entry in entries(pages, "block", "unlock")] == ["staff a-desk"]


def test_a_person_of_two_districts_has_one_page(pages: Pages, clerk: Visitor) -> None:
    """It is that of the card that counts; whoever sees one district alone has the card of that one."""
    with pages.databases.writer.begin() as connection:
        connection.execute(update(tables.patrons).where(tables.patrons.c.patron_id.in_((1, 4))).values(person=1))
    assert "390012345" in clerk.get(PATRON).text
    mend(clerk, "block", block_reason="lost", version=version(clerk))
    assert signs_in(pages, "0412") is PinResult.OK
    for visitor in (clerk, pages.sign_in("desk", "demo", name="clerk-of-demo")):
        assert "Does not work The library blocks the card" in text(visitor.get(PATRON).text)
    here = pages.sign_in("desk", "demo", name="clerk-of-demo")
    assert here.post(HOME, {"number": "0012345"}).headers["Location"] == PATRON
    assert "390012345" not in here.get(PATRON).text


def test_the_log_has_neither_name_nor_number(clerk: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor a PIN, nor what was written down: only which page it was, and how it ended."""
    clerk.post(HOME, {"number": "290012345"})
    clerk.post(HOME, {"number": "morales", "school": "demo/101"})
    mend(clerk, "note", note="Called twice.")
    slip = clerk.post(f"{PATRON}/pin", {"version": version(clerk)})
    pin = re.findall(r'class="secret">([0-9]{6})<', slip.text)
    logged = "".join(capsys.readouterr())
    assert "/admin/desk/" in logged and len(pin) == 1
    for secret in ("12345", "morales", "Morales", "Ana", "Called", *pin):
        assert secret not in logged, secret


def test_notes_of_another_districts_card_are_not_read(pages: Pages, clerk: Visitor) -> None:
    """Of a person with cards in two districts a desk of one sees its own notes, and removes no other."""
    with pages.databases.writer.begin() as connection:
        connection.execute(update(tables.patrons).where(tables.patrons.c.patron_id.in_([1, 4])).values(person=1))
    demo, other, oak = pages.sign_in("desk", "demo"), pages.sign_in("desk", "oak"), "/admin/desk/patrons/4"
    assert "a word of demo" in mend(demo, "note", note="a word of demo", version=version(demo))
    page = other.get(oak)
    assert "a word of demo" not in page.text
    fields = {"number": "1", "version": version(other, oak)}
    assert "There is no such note." in other.post(f"{oak}/remove-note", fields).text
    assert "a word of demo" in clerk.get(PATRON).text
