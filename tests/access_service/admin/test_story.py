"""The pages of the story: the numbers of the district, and the same to take away."""

import csv
import io
import re

import pytest
from pypdf import PdfReader

from access_service.settings import District, Settings
from access_service.storage import audit, story_mails
from access_service.storage.engine import Databases
from access_service.storage.story_mails import StoryMail
from tests.access_service import seed
from tests.access_service.admin.visiting import Pages, Visitor
from tests.access_service.story import settled

DEMO = "/admin/story/demo"


@pytest.fixture
def configured(configured: Settings) -> Settings:
    """The district "demo" with names of schools that mean harm, and contacts."""
    table = configured.district("demo").model_dump()
    table["district"]["school_names"] = {"101": "Maple", "102": "<script>alert(1)</script>"}
    table["agreement"]["contacts"] = ["board@example.org"]
    districts = {**configured.districts, "demo": District.model_validate(table)}
    return configured.model_copy(update={"districts": districts})


@pytest.fixture
def board(pages: Pages, databases: Databases) -> Visitor:
    """Somebody of the library, and students who use their cards."""
    settled.store(databases, settled.students())
    return pages.sign_in("library-admin")


def test_the_pages_tell_the_story(pages: Pages, board: Visitor) -> None:
    """Of the district, of a school, and as files: one edition for all; what is under ten is nowhere; a name is text."""
    page = board.get(DEMO).text
    assert re.findall(r'class="number">([^<]+)<', page) == ["637", "531", "424", "212", "212", "0", "0 of 0"]
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert "Maple" in page and "424" in page and "None was sent yet" in page and "board@example.org" in page
    school = board.get(f"{DEMO}?school=102").text
    assert re.findall(r'class="number">([^<]+)<', school)[:3] == ["169", "141", "112"]
    assert "&lt; 10" in school and "hidden" in school
    assert board.get(f"{DEMO}?school=999").status_code == 404
    report = board.get(f"{DEMO}/files/report.pdf?school=102")
    assert len(PdfReader(io.BytesIO(report.data)).pages) == 2
    assert report.headers["Content-Disposition"] == 'attachment; filename="demo-102-2026-11-03-report.pdf"'
    lines = list(csv.reader(io.StringIO(board.get(f"{DEMO}/files/students.csv").text)))
    assert lines[-1][5:] == ["637", "531", "424", "212", "212"]
    assert board.get(f"{DEMO}/files/months.svg").content_type.startswith("image/svg+xml")
    assert board.get(f"{DEMO}/files/schools.png?school=102").status_code == 404
    assert board.get(f"{DEMO}/files/secrets.txt").status_code == 404
    assert pages.sign_in("district-it", "demo").get(DEMO).status_code == 200
    assert pages.sign_in("district-it", "oak").get(f"{DEMO}/files/students.csv").status_code == 404


def test_who_may_counts_again(pages: Pages, board: Visitor, databases: Databases) -> None:
    """On record; the desk may look and not count. The state of the mail is shown, with what is in its way."""
    assert 'number">212<' in board.get(DEMO).text
    settled.sign_in(databases, [settled.Student(1, "101", "KG", settled.THIS_MONTH, settled.THIS_MONTH)])
    assert 'number">213<' not in board.get(DEMO).text
    assert pages.sign_in("desk").post(f"{DEMO}/again").status_code == 403
    assert board.post(f"{DEMO}/again").status_code == 303
    assert 'number">213<' in board.get(DEMO).text
    october, later = seed.NOON.date().replace(month=10, day=1), seed.NOON
    with databases.writer.begin() as connection:
        assert next(entry.action for entry in audit.entries(connection)) == "story_again"
        assert story_mails.claim(connection, "demo", october, later, later)
        story_mails.ended(connection, "demo", StoryMail(october, None, "", "mail server x:25: <refused>"))
    page = board.get(DEMO).text
    assert "October 2026: not sent yet" in page and "&lt;refused&gt;" in page
    with databases.writer.begin() as connection:
        story_mails.ended(connection, "demo", StoryMail(october, later, "board@example.org", ""))
    assert "October 2026: sent 2026-11-03 12:00 to board@example.org" in board.get(DEMO).text
