"""Districts as their files stand, staff and the record: what those see who look after the service."""

from argon2 import PasswordHasher

from access_service.audit import Action, Auditor, Deed
from access_service.domain.staff import StaffMember, StaffRole
from access_service.staff import StaffRoom
from access_service.storage import audit, freezes
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.admin.visiting import Installed

DEMO = "/admin/setup/districts/demo"


def entries(databases: Databases) -> list[tuple[str, str, str]]:
    with databases.reader.connect() as connection:
        return [(entry.by, entry.action, entry.subject) for entry in audit.entries(connection)]


def test_a_district_is_checked_as_its_file_stands_now(installed: Installed) -> None:
    """The page reads the file, runs its examples, and says where the service goes by an older one."""
    visitor = installed.sign_in("operator")
    page = visitor.get(DEMO).text
    assert str(installed.folder / "districts" / "demo.toml") in page
    assert "This file is good" in page and "examples hold, read just now" in page and "a day of term" in page
    assert "Nobody: synthetic data" in page and "2026-12-21" in page and "was changed since" not in page
    installed.edit('library_number = "290012345"', 'library_number = "300012345"')
    page = visitor.get(DEMO).text
    assert "does not hold" in page and "290012345 (other than expected)" in page and "300012345" in page
    assert "The file was changed since this service started" in page
    assert "1 of its examples do not hold" in visitor.get("/admin/setup/").text
    installed.edit('"29{student_number}"', '"39{student_number}"')
    assert "[rules] library_number of both can make the same number" in visitor.get(DEMO).text
    nearby = installed.sign_in("district-it", "demo").get(DEMO).text
    assert "the same number as another district" in nearby and "oak" not in nearby
    installed.edit("[agreement]", "[agreement]\nsigned = <script>")
    page = visitor.get(DEMO).text
    assert (
        "This file cannot be read" in page and "not TOML" in page and "<script>" not in page.replace("<script src", "")
    )
    (installed.folder / "districts" / "elm.toml").write_text("", encoding="utf-8")
    (installed.folder / "service.toml").write_text("wrong = 1", encoding="utf-8")
    home = visitor.get("/admin/setup/").text
    assert "elm: new here" in home and "service.toml: " in home


def test_warnings_of_a_district(installed: Installed) -> None:
    """What check-config says of the file is on the page too."""
    installed.edit("ends = 2034-06-30", "ends = 2026-11-10")
    installed.edit("[calendar]", "[calendar]\nyears = [{ first_day = 2025-09-01, last_day = 2026-06-20 }]")
    for page in (DEMO, "/admin/setup/"):
        text = installed.sign_in("library-admin").get(page).text
        assert "the agreement ends in 7 days" in text and "add the next year" in text


def test_a_district_of_another_is_not_there(installed: Installed) -> None:
    """Who sees one district finds no page of the other, to see or to change."""
    visitor = installed.sign_in("district-it", "demo")
    assert "oak" not in visitor.get("/admin/setup/").text
    assert visitor.get("/admin/setup/districts/oak").status_code == 404
    for path in ("districts/oak/freeze", "districts/oak/thaw", "opt-outs/oak/add", "opt-outs/oak/import"):
        assert visitor.post(f"/admin/setup/{path}", {"freeze_reason": "x", "thaw_reason": "x"}).status_code == 404
    assert visitor.get("/admin/setup/opt-outs/oak").status_code == 404
    assert visitor.get("/admin/setup/districts/nowhere").status_code == 404
    assert visitor.get("/admin/setup/audit").status_code == 403
    assert visitor.get("/admin/setup/staff").status_code == 403
    assert installed.sign_in("auditor").post(f"{DEMO}/freeze", {"freeze_reason": "x"}).status_code == 403


def test_freeze_and_thaw(installed: Installed) -> None:
    """Now, ahead, changed, called off; what is wrong is said beside what was typed; all on record."""
    visitor = installed.sign_in("district-it", "demo", name="ivy")
    said = visitor.post(f"{DEMO}/freeze", {"freeze_reason": "  ", "until": "2026-11-09"})
    assert said.status_code == 422 and "the reason should be one line" in said.text and "2026-11-09" in said.text
    for first, until, line in (
        ("2026-11-01", "", "the first day, from 2026-11-01, is over"),
        ("", "2026-11-01", "the last day, until 2026-11-01, is before"),
        ("soon", "", "first day: should be a date"),
    ):
        wrong = visitor.post(f"{DEMO}/freeze", {"first": first, "until": until, "freeze_reason": "<b>flood</b>"})
        assert wrong.status_code == 422 and line in wrong.text and "&lt;b&gt;flood" in wrong.text
    assert visitor.post(f"{DEMO}/thaw", {"thaw_reason": "dry"}).status_code == 422
    ahead = {"first": "2026-11-09", "until": "2026-11-13", "freeze_reason": "flood"}
    for _ in range(2):
        assert visitor.post(f"{DEMO}/freeze", ahead).status_code == 303
    page = visitor.get(DEMO).text
    assert page.count("Will be frozen") == 1 and "from 2026-11-09 through 2026-11-13: flood" in page
    visitor.post(f"{DEMO}/freeze", {"freeze_reason": "storm"})
    page = visitor.get(DEMO).text
    assert "from 2026-11-03 until it is thawed: storm" in page and "in a freeze" in page
    assert visitor.post(f"{DEMO}/thaw", {"thaw_reason": "sun"}).status_code == 303
    with installed.databases.reader.connect() as connection:
        assert freezes.read(connection) == {}
    assert entries(installed.databases) == [("staff ivy", "freeze", "district demo")] * 3 + [
        ("staff ivy", "thaw", "district demo")
    ]


def test_an_account_ends_on_the_page(installed: Installed) -> None:
    """Seen with its role and last sign-in, ended with its sessions; nobody ends their own."""
    room = StaffRoom(installed.databases, seed.VAULT, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    by = Auditor(seed.VAULT, "somebody", installed.folder / "heads.jsonl", seed.at_noon)
    for name in ("ann", "a-operator"):
        room.add(by, StaffMember(name, StaffRole.OPERATOR), second_factor=False)
    with by.transaction(installed.databases) as record:
        record.note(Deed(Action.SIGN_IN, "staff ann"))
    visitor, ann = installed.sign_in("operator"), installed.sign_in("operator", name="ann")
    page = visitor.get("/admin/setup/staff").text
    assert "ann" in page and "2026-11-03 17:00 UTC" in page and "good on this machine alone" in page
    assert visitor.post("/admin/setup/staff/end", {"name": "ann"}).status_code == 422
    own = visitor.post("/admin/setup/staff/end", {"name": "a-operator", "sure": "yes"})
    assert own.status_code == 422 and "your own account" in own.text
    assert visitor.post("/admin/setup/staff/end", {"name": "ann", "sure": "yes"}).status_code == 303
    assert "sign-in" in ann.get("/admin/setup/").headers["Location"]
    again = visitor.post("/admin/setup/staff/end", {"name": "ann", "sure": "yes"})
    assert again.status_code == 422 and "there is no such account" in again.text
    assert installed.sign_in("library-admin").get("/admin/setup/staff").status_code == 403


def test_the_record_is_read_filtered_and_verified(installed: Installed) -> None:
    """Newest first and page by page; hostile words do nothing; a changed entry is found."""
    by = Auditor(seed.VAULT, "robo", installed.folder.parent / "audit-heads.jsonl", seed.at_noon)
    for number in range(60):
        with by.transaction(installed.databases) as record:
            code = "oak" if number == 7 else "demo"
            deed = Deed(Action.FREEZE, f"district {code}", f"<script>{number}</script>", code, after={"n": number})
            record.note(deed)
    visitor = installed.sign_in("auditor")
    page = visitor.get("/admin/setup/audit").text
    assert "&lt;script&gt;59&lt;" in page and "<script>5" not in page and 'value="11">Older' in page
    assert "&lt;script&gt;7&lt;" in visitor.post("/admin/setup/audit", {"before": "11"}).text
    found = visitor.post("/admin/setup/audit", {"action": "freeze", "by": "RoB", "subject": "oak"}).text
    assert "&lt;script&gt;7&lt;" in found and "&lt;script&gt;8&lt;" not in found and 'value="RoB"' in found
    for words in ("%", "_", "'; DROP TABLE audit", "x\0y"):
        assert "There is none like this" in visitor.post("/admin/setup/audit", {"by": words}).text
    assert "There is none" in visitor.post("/admin/setup/audit", {"action": "thaw", "before": "-1"}).text
    oak = installed.sign_in("auditor", "oak")
    for near in (oak.get("/admin/setup/audit").text, oak.post("/admin/setup/audit", {"by": "robo"}).text):
        assert "&lt;script&gt;7&lt;" in near and "&lt;script&gt;8&lt;" not in near
    assert "60 entries, none changed" in visitor.post("/admin/setup/audit/verify").text
    with installed.databases.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET reason = 'nothing' WHERE seq = 7")
    assert "entry 7 is not what was written" in visitor.post("/admin/setup/audit/verify").text
