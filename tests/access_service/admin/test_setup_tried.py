"""What the night is asked from the set-up: try a source, look at a sample."""

from io import BytesIO
from pathlib import Path

import pytest

from access_service.storage import requests
from access_service.storage.requests import Request, RequestKind
from sync.console import Installation
from sync.schedule.answers import answer
from tests.access_service import seed
from tests.access_service.admin.visiting import Installed
from tests.sync.rosters import package, pupils

SOURCE = "/admin/setup/districts/demo/source"
SAMPLES = "/admin/setup/samples"
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def _pepper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCESS_PEPPER", seed.PEPPER.hex())


def serve(installed: Installed) -> Request:
    """What the schedule does with the one wish that waits."""
    with installed.databases.reader.connect() as connection:
        (wish,) = requests.unanswered(connection)
    found = answer(Installation(installed.folder), installed.databases, wish)
    with installed.databases.writer.begin() as connection:
        requests.answered(connection, wish.request_id, found, seed.NOON)
    return wish


def test_a_source_is_tried_once_and_its_key_shown(installed: Installed) -> None:
    """Whoever asks twice waits for the same answer; the page looks again by itself until then."""
    visitor = installed.sign_in("district-it", "demo", name="ivy")
    assert "not tested on these pages yet" in visitor.get(SOURCE).text
    for _ in range(2):
        assert visitor.post(SOURCE).status_code == 303
    page = visitor.get(SOURCE).text
    assert f'data-poll="{SOURCE}"' in page and "asked for by staff ivy" in page
    installed.edit("port = 2222", "port = 1")
    wish = serve(installed)
    assert (wish.kind, wish.district, wish.asked_by) == (RequestKind.CHECK_SOURCE, "demo", "staff ivy")
    page = visitor.get(SOURCE).text
    assert "There is a problem" in page and "problem    " in page and "data-poll" not in page
    assert "there is a problem" in visitor.get("/admin/setup/districts/demo").text
    visitor.post(SOURCE)
    shown = {"host_keys": ["ssh-ed25519 SHA256:<abc>"], "pinned": False, "problem": None}
    with installed.databases.writer.begin() as connection:
        told = {"text": "host key   <script>", "check": shown}
        requests.answered(connection, wish.request_id + 1, told, seed.NOON)
    page = visitor.get(SOURCE).text
    assert "host_keys = [&#34;SHA256:&lt;abc&gt;&#34;]" in page and "host key   &lt;script&gt;" in page
    visitor.post(SOURCE)
    with installed.databases.writer.begin() as connection:
        requests.answered(connection, wish.request_id + 2, {"error": "<b>nobody</b>"}, seed.NOON)
    assert "&lt;b&gt;nobody" in visitor.get(SOURCE).text
    assert installed.sign_in("district-it", "oak").post(SOURCE).status_code == 404


def test_a_sample_is_sealed_looked_at_and_gone(installed: Installed, tmp_path: Path) -> None:
    """The answer is what inspect prints, for who handed it in alone; nobody's name is in it, and the file is let go."""
    visitor = installed.sign_in("library-admin", name="lea")
    content = package(tmp_path / "roster.zip", pupils(20)).read_bytes()

    def send(content: bytes, name: str = "export.zip", district: str = "") -> int:
        fields = {"file": (BytesIO(content), name), "district": district}
        return visitor.post(SAMPLES, fields).status_code

    assert send(b"") == 422 and visitor.post(SAMPLES).status_code == 422
    assert send(content, district="nowhere") == 404
    assert send(content) == 303
    assert f'data-poll="{SAMPLES}"' in visitor.get(SAMPLES).text
    with installed.databases.reader.connect() as connection:
        payload = requests.payload(connection, 1)
        assert payload and len(payload) > len(content) and content[:200] not in payload
    assert send(content) == 303 and "is not answered yet" in visitor.get(SAMPLES).text
    wish = serve(installed)
    page = visitor.get(SAMPLES).text
    assert "OneRoster 1.1 bulk: 20 rows, 20 students" in page and "pattern = &#34;export.zip&#34;" in page
    assert "9999999" in page and "0000001" not in page and "data-poll" not in page
    with installed.databases.reader.connect() as connection:
        assert requests.payload(connection, wish.request_id) is None
    assert "OneRoster" not in installed.sign_in("library-admin").get(SAMPLES).text
    send(b"\x00<script>", "../../<script>.zip", "demo")
    with pytest.raises(Exception, match=r"\S"):
        serve(installed)
    assert [*installed.folder.parent.glob("**/.sample-*")] == []


def test_a_sample_may_be_large_and_no_larger(installed: Installed) -> None:
    """Far above what other forms may have; over the limit one clear line."""
    visitor = installed.sign_in("library-admin")
    fields = {"file": (BytesIO(b"x" * (MIB // 4)), "big.csv")}
    assert visitor.post(SAMPLES, fields).status_code == 303
    over = visitor.client.post(SAMPLES, data=b"x" * (33 * MIB), content_type="multipart/form-data; boundary=x")
    assert over.status_code == 413 and "more than this page takes" in over.text
