"""Opt-outs and exceptions on the pages."""

import re
from io import BytesIO

import pytest
from sqlalchemy import update

from access_service.storage import audit, exceptions, opt_outs
from access_service.storage.tables import opt_outs as rows
from access_service.web.admin.setup.opt_outs import MOST_LINES
from tests.access_service import seed
from tests.access_service.admin.visiting import Installed

OUT = "/admin/setup/opt-outs/demo"
EXCEPTIONS = "/admin/setup/exceptions"


def csv(text: str) -> tuple[BytesIO, str]:
    return BytesIO(text.encode()), "out.csv"


def test_from_the_form_to_the_ils_and_back(installed: Installed, capsys: pytest.CaptureFixture[str]) -> None:
    """Opted out by number, told to the ILS, opted in again; no number in an address, a list or the record."""
    seed.crowd(installed.databases, 5)
    visitor = installed.sign_in("desk", name="dot")
    form = {"add_number": "0000002", "add_reason": "a form"}
    for said in ("Opted out; the patron is forgotten", "Opted out already"):
        done = visitor.post(f"{OUT}/add", form)
        assert done.status_code == 303 and done.headers["Location"] == OUT
        page = visitor.get(OUT).text
        assert said in page and "1 by the library" in page and "0000002" not in page
    with installed.databases.writer.begin() as connection:
        sealed = seed.VAULT.seal("opt-out card", "290000002")
        connection.execute(update(rows).where(rows.c.kind == "library_number").values(card=sealed))
    assert "1 library numbers are to be expired" in visitor.get(OUT).text
    cards = visitor.get(f"{OUT}/cards").text
    entry = re.search(r'name="entry" value="(\d+)"', cards)
    assert entry and "290000002" in cards
    assert visitor.post(f"{OUT}/cards", {"entry": "999"}, follow_redirects=True).text.count("0 cards are done") == 1
    assert "1 cards are done" in visitor.post(f"{OUT}/cards", {"entry": entry[1]}, follow_redirects=True).text
    end = {"remove_number": "2", "remove_reason": "they asked"}
    assert "has ended; the next roster" in visitor.post(f"{OUT}/remove", end, follow_redirects=True).text
    assert visitor.post(f"{OUT}/remove", end).status_code == 422
    with installed.databases.reader.connect() as connection:
        on_record = list(audit.entries(connection))
    assert [entry.action for entry in on_record] == ["opt_out_add", "opt_out_add", "opt_out_cards", "opt_out_remove"]
    logged = capsys.readouterr()
    assert (
        "0000002" not in str(on_record) + logged.out + logged.err and "opt-outs/<code>/add" in logged.out + logged.err
    )
    assert {entry.by for entry in on_record} == {"staff dot"}


def test_a_number_that_is_none_is_said_beside_what_was_typed(installed: Installed) -> None:
    """One clear line, in words of the page, and nobody is opted out."""
    visitor = installed.sign_in("desk")
    for number, reason, line in (
        ("<b>oops", "a form", "fits no number of the district"),
        ("9" * 5000, "a form", "fits no number of the district"),
        ("\0", "a form", "type a number"),
        ("3", "", "one line of words"),
        ("3", "two\nlines", "one line of words"),
    ):
        wrong = visitor.post(f"{OUT}/add", {"add_number": number, "add_reason": reason})
        assert wrong.status_code == 422 and line in wrong.text and "--kind" not in wrong.text
    assert 'value="&lt;b&gt;oops"' in visitor.post(f"{OUT}/add", {"add_number": "<b>oops"}).text
    assert "0 by the library" in visitor.get(OUT).text


def test_a_list_is_imported_whole_or_not_at_all(installed: Installed) -> None:
    """First what it would do; a wrong line is named; sent twice nobody is opted out twice."""
    seed.crowd(installed.databases, 3)
    visitor = installed.sign_in("library-admin")
    reason = {"import_reason": "the spring forms"}

    def send(text: str, **more: str) -> tuple[int, str]:
        answer = visitor.post(f"{OUT}/import", {**reason, "file": csv(text), **more}, follow_redirects=True)
        return answer.status_code, answer.text

    code, said = send("number\n1\noops\n3\n", write="yes")
    assert code == 422 and "line 3: fits no number" in said and "oops" not in said
    assert send("1\n2\n", write="yes")[0] == 422
    assert send("", write="yes")[0] == 422
    assert "name the column of the numbers with column" in send("number,why\n1,=cmd()\n", write="yes")[1]
    code, said = send("number,why\n1,=cmd()\n2,x\n", import_column="number")
    assert code == 200 and "It would be: 2 opted out, 0 opted out already, 2 patrons forgotten" in said
    with installed.databases.reader.connect() as connection:
        assert opt_outs.of_district(connection, "demo") == []
    for counted in ("2 opted out, 0 opted out already, 2", "0 opted out, 2 opted out already, 0"):
        assert counted in send("number,why\n1,=cmd()\n2,x\n", import_column="number", write="yes")[1]
    assert "Oak Schools (synthetic)</a>: 0" in visitor.get("/admin/setup/opt-outs").text
    near = installed.sign_in("district-it", "demo")
    assert near.get("/admin/setup/opt-outs").headers["Location"] == OUT
    assert visitor.post(f"{OUT}/import", {"import_reason": "x"}).status_code == 422
    many = "number\n" + "7\n" * (MOST_LINES + 1)
    assert "2001 lines are too many for a page" in send(many)[1]
    big = visitor.client.post(f"{OUT}/import", data=b"x" * 3_000_000, content_type="multipart/form-data; boundary=x")
    assert big.status_code == 413 and "more than this page takes" in big.text


def test_exceptions_are_granted_listed_and_ended(installed: Installed) -> None:
    """A test card with its PIN once, a student left alone; what is wrong is said; another district's is not there."""
    seed.crowd(installed.databases, 2, first=1001)
    visitor = installed.sign_in("district-it", "demo", name="ivy")
    grant = {"card_district": "demo", "card_until": "2027-01-31", "card_reason": "for the <i>kiosk</i>", "newest": "0"}
    made = visitor.post(f"{EXCEPTIONS}/test-card", {**grant, "with_pin": "yes"})
    number, pin = re.findall(r'class="secret">([^<]+)<', made.text)
    assert number.startswith("29") and pin.isdecimal()
    late = visitor.post(f"{EXCEPTIONS}/test-card", grant)
    assert late.status_code == 422 and "look below whether it is this one" in late.text
    page = visitor.get(EXCEPTIONS).text
    assert number in page and "&lt;i&gt;kiosk" in page and pin not in re.sub(r"\d{5,}", "", page)
    for wrong, line in (
        ({"card_until": "tomorrow"}, "last day: should be a date"),
        ({"card_until": "2030-01-01"}, "2027"),
        ({"card_reason": " "}, "one line of words"),
        ({"card_number": "0001001"}, "number 0001001: means somebody already"),
    ):
        answer = visitor.post(f"{EXCEPTIONS}/test-card", {**grant, "newest": "1", **wrong})
        assert answer.status_code == 422 and line in answer.text, line
    skip = {"skip_district": "demo", "skip_until": "2027-01-31", "skip_reason": "in court", "newest": "1"}
    assert visitor.post(f"{EXCEPTIONS}/skip", skip).status_code == 422
    done = visitor.post(f"{EXCEPTIONS}/skip", {**skip, "skip_number": "1001"}, follow_redirects=True)
    assert "Exception 2: nights leave patron 1001 alone through 2027-01-31" in done.text
    assert visitor.post(f"{EXCEPTIONS}/skip", {**skip, "skip_district": "oak"}).status_code == 404
    far = installed.sign_in("district-it", "oak")
    assert number not in far.get(EXCEPTIONS).text
    assert far.post(f"{EXCEPTIONS}/remove", {"exception": "1", "end_reason": "x"}).status_code == 404
    assert visitor.post(f"{EXCEPTIONS}/remove", {"exception": "1", "end_reason": ""}).status_code == 422
    for exception in ("1", "2"):
        ended = visitor.post(f"{EXCEPTIONS}/remove", {"exception": exception, "end_reason": "done"})
        assert ended.status_code == 303
    gone = visitor.post(f"{EXCEPTIONS}/remove", {"exception": "1", "end_reason": "done"})
    assert gone.status_code == 422 and "there is no exception 1" in gone.text
    assert visitor.post(f"{EXCEPTIONS}/remove", {"exception": "9" * 30, "end_reason": "x"}).status_code == 422
    with installed.databases.reader.connect() as connection:
        assert exceptions.of_district(connection, "demo") == []
    assert installed.sign_in("auditor").post(f"{EXCEPTIONS}/skip", skip).status_code == 403
