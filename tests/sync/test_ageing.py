"""What is kept no longer, and that nothing else goes with it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from structlog.testing import capture_logs

from access_service import exceptions
from access_service.audit import Auditor
from access_service.domain.access import Standing
from access_service.domain.mapping import Exclusion
from access_service.errors import OperatorError
from access_service.explain import Explainer
from access_service.pin_vault import PinVault
from access_service.settings import Agreement, load
from access_service.storage import story
from access_service.storage.engine import Databases, snapshot
from access_service.storage.runs import Outcome
from access_service.storage.tables import metadata, overrides, patron_use, patrons
from sync import ageing, holds
from sync.console import Installation
from sync.schedule import work
from sync.shred import shred
from tests.access_service import seed
from tests.commands import Commands
from tests.place import Place
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, package, pupils

CANARY = Pupil("s-Zephyr", "0907077", born="2017-04-12", given="Zephyrantheska", family="Quillenbrander")
SAYS_WHO = ("s-Zephyr", "0907077", "Zephyrantheska", "Quillenbrander")


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    """Twenty students and one more."""
    installed = Nights(databases, tmp_path, dict(load(Path("config")).districts))
    installed.configure(limits={"file_shrink_percent": 100, "schools_gone_count": 9})
    installed.night([*pupils(20), CANARY])
    return installed


def age(nights: Nights, **passed: float) -> dict[str, int]:
    """Without a run, after so much time."""
    nights.now += timedelta(**passed)
    job = replace(nights.job(Path("nowhere")), file=None)
    return ageing.age_alone(job)


def cells(nights: Nights) -> Iterator[tuple[str, Any]]:
    """Every cell of every table."""
    with snapshot(nights.databases) as connection:
        for table in metadata.tables.values():
            for row in connection.execute(select(table)):
                yield from ((f"{table.name}.{name}", cell) for name, cell in row._asdict().items())


def saying_who(nights: Nights) -> set[str]:
    """Where something still says who the canary is."""
    return {where for where, cell in cells(nights) for said in SAYS_WHO if said in str(cell)}


def stored(nights: Nights, patron_id: int) -> dict[str, Any]:
    with nights.databases.reader.connect() as connection:
        return dict(connection.execute(select(patrons).where(patrons.c.patron_id == patron_id)).one()._mapping)


def leave(nights: Nights) -> int:
    """The canary is renamed and renumbered, is used, and leaves; her patron id."""
    before = CANARY.moved(family="Quillenbrander-Old", number="0907071")
    nights.night([*pupils(20), before])
    nights.night([*pupils(20), CANARY])
    record = nights.find(CANARY.number).record
    assert record
    nights.sign_in(CANARY.number, "9999")
    with nights.databases.reader.connect() as connection:
        connection.execute(
            insert(patron_use).values(
                patron_id=record.patron_id, first_day=date(2026, 10, 8), last_day=date(2026, 10, 8)
            )
        )
    nights.night([*pupils(20), CANARY.moved(status="tobedeleted")])
    assert nights.find(CANARY.number).standing is Standing.LEFT
    return record.patron_id


def test_who_left_is_forgotten_in_every_table(nights: Nights) -> None:
    """After the agreed days no cell says who it was; what counts stays, and nobody else is touched."""
    patron_id = leave(nights)
    assert age(nights, days=729) == {"undos": 4} and "patrons.family_name" in saying_who(nights)
    others = {each: stored(nights, each) for each in range(1, 21) if each != patron_id}
    numbers = sorted(row for row in nights.everything()["identifiers"] if row[-1] != patron_id)
    assert age(nights, days=3) == {"patrons": 1}
    assert saying_who(nights) == set()
    assert {each: stored(nights, each) for each in others} == others
    assert sorted(nights.everything()["identifiers"]) == numbers
    assert not [where for where, cell in cells(nights) if where.startswith(("attempts", "patron_use"))]
    row = stored(nights, patron_id)
    kept = ("district", "school", "grade", "presence", "left_on", "created_on")
    assert {name: row[name] for name in kept} == {
        "district": "demo",
        "school": "101",
        "grade": "03",
        "presence": "left",
        "left_on": date(2026, 10, 9),
        "created_on": date(2026, 10, 6),
    }
    assert (row["pin_digest"], row["library_number"], row["student_number"]) == (None, "", "")
    for number in (CANARY.number, f"29{CANARY.number}", "0907071"):
        assert nights.find(number).standing is Standing.UNKNOWN
    assert age(nights, days=1) == {}


def test_a_night_lets_go_and_says_so(nights: Nights) -> None:
    """In its report and on record, also where it is the same file."""
    leave(nights)
    nights.now += timedelta(days=735)
    report = nights.night(pupils(20))
    assert report.facts["aged"] == {"undos": 4, "patrons": 1}
    assert "  let go   1 patrons, 4 undos" in report.as_text()
    assert saying_who(nights) == set()
    said = {cell for where, cell in cells(nights) if where == "audit.after" and "undos" in cell}
    assert said == {'{"patrons":1,"undos":4}'}


def test_who_returns_is_somebody_new_with_the_same_number(nights: Nights) -> None:
    """The mark of the number knows its holder; to anybody else the number is never given."""
    patron_id = leave(nights)
    age(nights, days=800)
    other = CANARY.moved(source_id="s-other", given="Testa", family="Other")
    report = nights.night([*pupils(20), other])
    assert report.facts["exclusions"][Exclusion.NUMBER_COLLISION] == 1
    assert nights.find(CANARY.number).standing is Standing.UNKNOWN
    nights.night([*pupils(20), CANARY])
    record = nights.find(CANARY.number).record
    assert record and record.patron_id != patron_id and record.patron.library_number == f"29{CANARY.number}"
    nights.night([*pupils(20), CANARY.moved(status="tobedeleted")])
    assert age(nights, days=800)["patrons"] == 1 and saying_who(nights) == set()


def test_an_undo_leaves_the_forgotten_alone(nights: Nights) -> None:
    """A run that touched them is too old to be undone; a younger one brings nothing back."""
    patron_id = leave(nights)
    nights.now += timedelta(days=735)
    young = nights.night([pupil.moved(school="102") for pupil in pupils(20)])
    row = stored(nights, patron_id)
    assert nights.undo(young.run_id).facts["counts"] == {"put_back": 20, "withdraw": 0, "restore": 0, "left_alone": 0}
    assert stored(nights, patron_id) == row and saying_who(nights) == set()
    for touched in range(1, 5):
        with pytest.raises(OperatorError, match=f"run {touched}: too old"):
            nights.undo(touched)


def test_an_old_run_is_known_by_its_columns(nights: Nights) -> None:
    """What it was is gone; that it was is not, and explain still names it. A young one is undone as ever."""
    moved = [pupil.moved(school="102", given="Zephyrantheska") for pupil in pupils(20)]
    old = nights.night([*moved, CANARY])
    assert age(nights, days=91) == {"undos": 2}
    with pytest.raises(OperatorError, match="too old; what it changed was forgotten after"):
        nights.undo(old.run_id)
    with nights.databases.reader.connect() as connection:
        explained = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now).explain("0000007")
    assert f"last change: update by run {old.run_id}, of branch, fingerprint, given_name" in "\n".join(explained.lines)
    assert not {where for where, cell in cells(nights) if where.startswith("changes") and "Zephyr" in str(cell)}
    young = nights.night([*pupils(20), CANARY])
    assert nights.undo(young.run_id).facts["counts"]["put_back"] == 20
    record = nights.find("0000007").record
    assert record and record.patron.school == "102"


def test_another_child_gets_no_card_by_an_old_id(nights: Nights) -> None:
    """Also when nobody can undo any more what the first one's leaving changed."""
    nights.night([*pupils(20), CANARY.moved(status="tobedeleted")])
    assert age(nights, days=100) == {"undos": 2}
    other = CANARY.moved(given="Another", family="Child", born="2016-01-02")
    report = nights.night([*pupils(20), other])
    assert report.facts["exclusions"][Exclusion.ID_RECYCLED] == 1
    assert nights.find(CANARY.number).standing is Standing.LEFT


def stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_held_file_is_kept_so_long(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is gone, and the hold says so."""
    held = nights.night([pupil.moved(family="New") for pupil in pupils(300)])
    assert held.outcome is Outcome.HELD and held.run_id
    job = replace(nights.job(Path("nowhere")), file=None)
    assert age(nights, days=13) == {} and holds.look(job, held.run_id).outcome is Outcome.HELD
    with monkeypatch.context() as late:
        late.setattr("sync.ageing._forget", stop)
        with pytest.raises(KeyboardInterrupt):
            age(nights, days=2)
    assert list((nights.folder / "spool/held").iterdir()), "nothing goes before it is on record"
    assert age(nights) == {"held_files": 1}
    assert holds.standing(nights.settings(), nights.databases) == []
    with pytest.raises(OperatorError, match=r"its file was kept for \[agreement\] raw_days and is gone"):
        holds.approve(job, held.run_id, "too late")


def test_what_a_killed_run_left_is_shredded(nights: Nights) -> None:
    """The roster, or a folder of it. Another district's is not."""
    spool = nights.folder / "spool"
    left = [spool / "demo" / "ab12.zip", spool / "demo" / "folder" / "users.csv"]
    for path in (*left, spool / "other" / "ab12.zip"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"Quillenbrander" * 1000)
    link = nights.folder / "link"
    link.hardlink_to(left[0])
    age(nights)
    assert not any(path.exists() or path.parent.exists() for path in left)
    assert link.read_bytes() == bytes(14_000)
    assert (spool / "other" / "ab12.zip").exists()


def test_a_shredded_link_harms_nobody(tmp_path: Path) -> None:
    """Only the link goes, and a file that is not there is no error."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "folder" / "link").symlink_to(tmp_path / "kept")
    shred(tmp_path / "folder")
    shred(tmp_path / "nothing")
    assert (tmp_path / "kept").read_text() == "kept" and not (tmp_path / "folder").exists()


# -- the end of an agreement ----------------------------------------------------------------------------------------


def test_cards_end_with_the_agreement(nights: Nights) -> None:
    """After its last day and the agreed days of winding down, whatever is on the card; before, no later is told."""
    ends = nights.now.date() + timedelta(days=10)
    nights.configure(agreement={"ends": ends, "wind_down_days": 5})
    assert nights.night([*pupils(20), CANARY]).facts["agreement"] == f"the agreement ends in 9 days, on {ends}"
    nights.now += timedelta(days=14)
    answer = nights.find("0000007")
    assert (answer.standing, answer.told_expiry) == (Standing.ACTIVE, ends + timedelta(days=5))
    nights.now += timedelta(days=1)
    assert nights.find("0000007").standing is Standing.EXPIRED
    with nights.databases.reader.connect() as connection:
        explained = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now).explain("0000007")
    assert "renew the agreement" in explained.next_step and "no card works after" in "\n".join(explained.lines)
    nights.configure(agreement={"ends": ends + timedelta(days=365)})
    assert nights.find("0000007").standing is Standing.ACTIVE


def test_the_last_district_leaves_nothing_but_counts(nights: Nights) -> None:
    """Everybody is forgotten, the agreed days after the end of winding down, without a run. A new agreement starts
    with a first roster."""
    ends = nights.now.date() + timedelta(days=10)
    nights.configure(agreement={"ends": ends, "wind_down_days": 5, "undo_days": 20, "forget_days": 30})
    vault = PinVault.from_environment()
    clerk = Auditor(vault, "kim by command", nights.folder / "heads", lambda: nights.now)
    grant = exceptions.Grant(nights.districts["demo"], nights.now.date() + timedelta(days=200), "the family CANARY")
    exceptions.add_skip(nights.databases, clerk, grant, "0000001", None)
    exceptions.add_skip(nights.databases, clerk, grant, "7777777", None)
    assert age(nights, days=44) == {"undos": 3} and saying_who(nights)
    assert age(nights, days=2) == {"patrons": 21}
    assert saying_who(nights) == set()
    assert not [where for where, _ in cells(nights) if where.startswith("exceptions.")]
    names = {str(cell) for where, cell in cells(nights) if where.endswith("_name") and where.startswith("patrons")}
    assert names == {""}
    left = {cell for where, cell in cells(nights) if where == "patrons.left_on"}
    assert {str(day) for day in left} == {str(ends + timedelta(days=6))}
    assert age(nights, days=1) == {}
    with pytest.raises(OperatorError, match="too old"):
        nights.undo(1)
    nights.configure(agreement={"ends": ends + timedelta(days=365)})
    report = nights.night([*pupils(20), CANARY])
    assert (report.outcome, report.facts["counts"]["create"]) == (Outcome.APPLIED, 21)


def test_a_card_of_the_librarys_own_stays(nights: Nights) -> None:
    """What became a full card is no matter of the agreement; a graduate is forgotten from the card's own end on."""
    ends = nights.now.date() + timedelta(days=10)
    nights.configure(agreement={"ends": ends, "wind_down_days": 5, "undo_days": 20, "forget_days": 30})
    left = {"left_on": nights.now.date(), "expires": ends + timedelta(days=20)}
    with nights.databases.writer.begin() as connection:
        for number, presence in (("0000001", "converted"), ("0000002", "graduated")):
            mine = patrons.c.student_number == number
            connection.execute(update(patrons).where(mine).values(presence=presence, **left))
        held = {"patron_id": 2, "field": "branch", "district": "demo", "by": "desk", "reason": "", "set_on": ends}
        connection.execute(insert(overrides).values(**held))
    nights.now += timedelta(days=28)
    assert nights.find("0000001").standing is Standing.ACTIVE and nights.find("0000002").standing is Standing.LEFT
    assert "patrons" not in age(nights, days=3)
    assert age(nights, days=20) == {"patrons": 20}
    assert nights.find("0000001").record and nights.find("0000002").standing is Standing.UNKNOWN
    assert not [where for where, _ in cells(nights) if where.startswith("overrides")]


def test_a_wrong_date_forgets_nobody(nights: Nights) -> None:
    """An end in the past ends the cards, which the right one brings back; the clock begins at the last good night."""
    right = nights.districts["demo"]
    nights.configure(agreement={"starts": date(2020, 1, 1), "ends": date(2021, 1, 1)})
    before = nights.everything()
    assert age(nights, days=1) == {} and nights.everything() == before
    assert nights.find("0000007").standing is Standing.EXPIRED
    with pytest.raises(OperatorError, match="the agreement holds from 2020-01-01 to 2021-01-01"):
        nights.night(pupils(20))
    assert nights.everything() == before
    wrong, nights.districts["demo"] = nights.districts["demo"], right
    assert nights.find("0000007").standing is Standing.ACTIVE
    nights.districts["demo"] = wrong
    assert age(nights, days=727) == {"undos": 1} and age(nights, days=4) == {"patrons": 21}


def test_warnings_come_ahead() -> None:
    """From sixty days before the end."""
    agreed = Agreement(
        signed_by="x", starts=date(2026, 1, 1), ends=date(2026, 12, 31), fields=frozenset({"grade"}), wind_down_days=30
    )
    assert agreed.warning(date(2026, 11, 1)) == "the agreement ends in 60 days, on 2026-12-31"
    assert agreed.warning(date(2026, 10, 31)) == ""
    assert agreed.warning(date(2027, 1, 1)).endswith("no run starts, and no card works after 2027-01-30")


def test_ageing_by_command(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """Without a run, of one district or all; refused while a run is under way."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    assert place.sync("age").out == "demo: nothing is too old\n"
    with place.nights(datetime.now(UTC) - timedelta(days=200)) as nights:
        nights.again(package(tmp_path / "old.zip", pupils(20)))
    assert place.sync("age", "demo", "--json").json == {"aged": {"demo": {"undos": 1}}}
    assert "no district 'nowhere'" in place.sync("age", "nowhere").refused()


def test_the_schedule_ages_where_no_run_comes(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """Never raises; the log says what went, with no word of whom."""
    place = Place.on_sqlite(tmp_path, commands, empty)
    with place.nights(datetime.now(UTC) - timedelta(days=200)) as nights, pytest.MonkeyPatch.context() as patch:
        nights.again(package(tmp_path / "old.zip", pupils(20)))
        patch.setenv("DATABASE_URL", place.database_url)
        installation = Installation(place.config)
        with capture_logs() as said:
            work.age(installation, "demo")
            work.age(installation, "nowhere")
    assert [(line["event"], line.get("counts")) for line in said] == [("aged", {"undos": 1}), ("not aged", None)]


def test_the_schedule_counts_the_day_ahead(databases: Databases) -> None:
    """So nobody waits for it on the page; and a database that is away is a line of log."""
    with capture_logs() as said:
        work.count(databases, seed.district())
        with databases.reader.connect() as connection:
            assert list(story.published(connection, "demo", date.min)) == [datetime.now(seed.district().zone).date()]
            connection.exec_driver_sql("DROP TABLE day.editions")
        work.count(databases, seed.district())
    assert [line["event"] for line in said] == ["not counted"]
