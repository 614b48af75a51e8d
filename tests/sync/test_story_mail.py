"""The report of a month goes to the contacts of the agreement, once."""

import io
import socket
from datetime import datetime, timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from access_service.errors import ConfigError
from access_service.notices import Mail
from access_service.settings import District, Service, Settings, load
from access_service.storage import story_mails
from access_service.storage.engine import Databases
from sync import notify
from sync.notify import reporting, telling
from sync.schedule.shift import WATCH
from tests.access_service import seed
from tests.access_service.story import settled
from tests.sync.listeners import MailServer

TO = ("board@schools.example", "director@library.example")
OCTOBER = seed.NOON.date().replace(month=10, day=1)


def configured(port: int, contacts: tuple[str, ...] = TO, **keys: Any) -> Settings:
    table = seed.district().model_dump()
    table["agreement"] |= {"contacts": contacts}
    table["notify"] |= keys
    mail = Mail(host="localhost", port=port, tls="none", sender="cards@library.example")
    return Settings(service=Service(mail=mail), districts={"demo": District.model_validate(table)})


def tell(settings: Settings, databases: Databases, now: datetime) -> list[str]:
    return [str(told) for told in notify.tell(settings, databases, "demo", now)]


def files(letter: Message) -> dict[str, bytes]:
    parts = (part for part in letter.walk() if part.get_filename())
    return {str(part.get_filename()): bytes(part.get_payload(decode=True)) for part in parts}


def test_a_report_goes_once_a_month(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is down is tried again, and what is in the way is kept to be shown; then each contact gets one mail
    with the two pages of the district and of each school, and the table; the next month is another."""
    monkeypatch.setattr(telling, "WAITS", (0,))
    monkeypatch.setattr(reporting, "MOST_SCHOOLS", 0)
    settled.store(databases, [each for each in settled.students() if each.school == "101"])
    with socket.create_server(("localhost", 0)) as taken:
        nobody = int(taken.getsockname()[1])
    (failed,) = tell(configured(nobody), databases, seed.NOON)
    assert "not sent" in failed
    with databases.reader.connect() as connection:
        (waiting,) = story_mails.newest(connection, "demo")
    assert (waiting.month, waiting.told_at) == (OCTOBER, None) and "is it running" in waiting.error
    with MailServer() as server:
        settings = configured(server.port)
        assert tell(settings, databases, seed.NOON + timedelta(minutes=5)) == []
        # The next look of the schedule, which may come a little early.
        later = seed.NOON + timedelta(seconds=WATCH - 1)
        monkeypatch.setattr(reporting, "MOST_SCHOOLS", 1)
        (sent,) = tell(settings, databases, later)
        assert "mail sent to 2 addresses" in sent
        assert tell(settings, databases, later + timedelta(days=20)) == []
        (letter,) = server.letters
        assert letter["X-Recipients"] == ", ".join(TO)
        assert letter["Subject"].strip() == "demo: student access in October 2026 (Maple County Schools (synthetic))"
        got = files(letter)
        assert got.keys() == {"demo.pdf", "demo.csv", "demo-school-1.pdf"}
        assert {len(PdfReader(io.BytesIO(got[name])).pages) for name in got if name.endswith(".pdf")} == {2}
        assert b"all,all,all,216,180,144,72,72" in got["demo.csv"]
        with databases.reader.connect() as connection:
            (told,) = story_mails.newest(connection, "demo")
            assert told == (OCTOBER, later, ", ".join(TO), "")
            assert story_mails.is_due(connection, "demo", OCTOBER.replace(month=11), later)


def test_one_process_sends_a_report(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that look in the same moment."""
    with databases.writer.begin() as connection:
        assert story_mails.claim(connection, "demo", OCTOBER, seed.NOON, seed.NOON + timedelta(minutes=10))
    monkeypatch.setattr(story_mails, "is_due", lambda *_: True)
    assert tell(configured(1), databases, seed.NOON) == []


def test_when_a_report_is_due() -> None:
    """From the day that is set, in the days of the agreement, and where there is somebody to get it."""
    district = configured(1, report_day=3).district("demo")
    assert reporting.due(district, seed.NOON) == OCTOBER
    assert reporting.due(district, seed.NOON - timedelta(days=1)) is None
    assert reporting.due(district, seed.NOON.replace(year=2040)) is None
    assert reporting.due(configured(1, ()).district("demo"), seed.NOON) is None
    for starts, month in ((seed.TODAY.replace(day=1), None), (OCTOBER, OCTOBER)):
        agreement = district.agreement.model_copy(update={"starts": starts})
        assert reporting.due(district.model_copy(update={"agreement": agreement}), seed.NOON) == month


def test_contacts_need_a_mail_server(tmp_path: Path) -> None:
    """Else the report would never go."""
    (tmp_path / "districts").mkdir()
    (tmp_path / "service.toml").write_text("")
    text = (seed.CONFIG / "districts" / "demo.toml").read_text(encoding="utf-8")
    wanted = text.replace("[feed]", 'contacts = ["board@schools.example"]\n\n[feed]', 1)
    (tmp_path / "districts" / "demo.toml").write_text(wanted, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"agreement\.contacts: needs a \[mail\] server"):
        load(tmp_path)
