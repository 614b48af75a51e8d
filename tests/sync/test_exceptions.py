"""What a person grants until a day: test cards, students whom the nights leave alone, and fields that go back."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from access_service import exceptions, overrides
from access_service.audit import Auditor
from access_service.domain.access import PinResult, Standing
from access_service.errors import OperatorError
from access_service.exceptions import Grant, Listed
from access_service.explain import Explainer, Explanation
from access_service.overrides import Setting
from access_service.pin_vault import PinVault
from access_service.settings import load
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import job
from tests.sync.nights import Nights
from tests.sync.rosters import pupils

CARD = "299999999"


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def auditor(nights: Nights) -> Auditor:
    return Auditor(PinVault.from_environment(), "kim by command", nights.folder / "heads", lambda: nights.now)


def grant(nights: Nights, days: int = 3) -> Grant:
    return Grant(nights.districts["demo"], nights.now.date() + timedelta(days=days), "a test")


def made_up(nights: Nights, number: str | None = None, pin: str = "", days: int = 3) -> int:
    return exceptions.add_test_card(nights.databases, auditor(nights), grant(nights, days), number, pin)[0]


def skip(nights: Nights, number: str | None, source_id: str | None = None, days: int = 3) -> int:
    return exceptions.add_skip(nights.databases, auditor(nights), grant(nights, days), number, source_id)[0]


def listed(nights: Nights) -> list[Listed]:
    with nights.databases.reader.connect() as connection:
        return exceptions.listed(connection, nights.districts["demo"], nights.now)


def explained(nights: Nights, number: str) -> Explanation:
    with nights.databases.reader.connect() as connection:
        return Explainer(connection, nights.districts, PinVault.from_environment(), nights.now).explain(number)


def test_a_test_card_works_through_its_last_day(nights: Nights) -> None:
    """Before the first roster too; no night counts, changes or ends it, and the one after that day forgets it."""
    added = made_up(nights, pin="2468")
    first = nights.night(pupils(3))
    assert first.facts["counts"]["create"] == 3
    assert nights.sign_in(CARD, "2468").authenticated
    assert nights.sign_in("9999999", "2468").authenticated
    assert nights.sign_in(CARD, "1357").pin is PinResult.WRONG
    assert nights.find(CARD).told_expiry == date(2026, 10, 8)
    second = nights.night(pupils(4))
    assert (second.facts["counts"]["absent"], second.facts["counts"]["leave"]) == (0, 0)
    assert second.facts["exceptions"] == {"ending": [f"exception {added} (test card, until 2026-10-08)"]}
    nights.undo(first.run_id)
    nights.now += timedelta(days=1)
    assert nights.find(CARD).standing is Standing.ACTIVE
    nights.now += timedelta(days=1)
    assert nights.find(CARD).standing is Standing.EXPIRED
    report = nights.night(pupils(5))
    assert report.facts["exceptions"] == {"ended": [f"exception {added} (test card, until 2026-10-08)"]}
    assert "ended on its day" in report.as_text()
    assert (nights.find(CARD).standing, listed(nights)) == (Standing.UNKNOWN, [])


def test_a_test_card_is_in_no_statistics(nights: Nights) -> None:
    """Its sign-ins are not counted."""
    made_up(nights, pin="2468")
    directory = nights.directory()
    usage = directory._usage
    assert directory.authenticate(CARD, "2468", nights.client()).authenticated
    assert not usage._waiting.sign_ins


def test_a_student_has_the_better_right_to_a_number(nights: Nights) -> None:
    """The roster brings the number of a test card: the student gets card and number, and the next night says so."""
    added = made_up(nights, pin="2468")
    student = pupils(1)[0].moved(source_id="s-9", number="9999999", born="2017-04-12")
    nights.night([*pupils(3), student])
    assert nights.sign_in(CARD, "0412").authenticated
    assert not nights.sign_in(CARD, "2468").authenticated
    report = nights.night([*pupils(4), student])
    assert report.facts["exceptions"]["overtaken"] == [f"exception {added} (test card, until 2026-10-08)"]
    assert [row.overtaken for row in listed(nights)] == [True]


def test_a_test_card_has_a_number_that_is_nobodys(nights: Nights) -> None:
    """Like the district's, or one that is given; never somebody's, nor longer than the ILS holds."""
    nights.night([*pupils(3), pupils(1)[0].moved(source_id="s-9", number="9999999")])
    made_up(nights)
    made_up(nights, number="TEST-X")
    assert [row.library_number for row in listed(nights)] == ["299999998", "TEST-X"]
    assert nights.sign_in("testx", "").pin is PinResult.MISSING
    assert nights.sign_in("TEST-X", "2468").pin is PinResult.NONE_ISSUED
    for number in ("290000001", "1", "TEST-1", "TEST-X", "9" * 21, "---"):
        with pytest.raises(OperatorError, match="--number"):
            made_up(nights, number=number)
    with pytest.raises(OperatorError, match="a year ahead at most"):
        made_up(nights, days=400)
    with pytest.raises(OperatorError, match="should be from"):
        made_up(nights, days=-1)
    assert "nobody's, through 2026-10-09: a test" in "\n".join(explained(nights, "299999998").lines)


def test_a_skipped_patron_is_left_alone(nights: Nights) -> None:
    """Neither changed nor absent nor ended; after the last day the night goes on where it was, with the same file."""
    nights.night(pupils(5))
    skip(nights, "290000001", days=2)
    gone = nights.night([pupils(1)[0].moved(status="tobedeleted"), *pupils(4, 2)])
    assert (gone.facts["counts"]["leave"], nights.find("1").standing) == (0, Standing.ACTIVE)
    file = nights.roster([pupil.moved(school="102", grade="04") for pupil in pupils(5)])
    report = nights.again(file)
    assert (report.facts["counts"]["update"], report.facts["counts"]["skipped"]) == (4, 1)
    record = nights.find("1").record
    assert record and record.patron.school == "101"
    assert "the nights leave this student alone through 2026-10-08: a test" in "\n".join(explained(nights, "1").lines)
    nights.now += timedelta(days=1)
    preview = job.preview(nights.job(file))
    report = nights.again(file)
    assert (report.outcome, report.facts["counts"]) == (Outcome.APPLIED, preview.facts["counts"])
    assert (report.facts["counts"]["update"], listed(nights)) == (1, [])
    record = nights.find("1").record
    assert record and record.patron.school == "102"


def test_a_skipped_patron_keeps_a_number_that_another_claims(nights: Nights) -> None:
    """The claimant gets none; the patron stays."""
    nights.night(pupils(3))
    skip(nights, "1")
    one, two, three = pupils(3)
    report = nights.night([one, two.moved(number="0000001"), three])
    assert report.facts["exclusions"]["number_collision"] == 1
    assert nights.find("1").standing is Standing.ACTIVE


@pytest.mark.parametrize("known_by", ["number", "source_id"])
def test_one_who_is_not_known_yet_gets_no_card(nights: Nights, known_by: str) -> None:
    """By number or by source id, before the first roster too; once it is removed the same file makes the card."""
    added = skip(nights, "4", None) if known_by == "number" else skip(nights, None, "s-0000004")
    file = nights.roster(pupils(4))
    report = nights.again(file)
    assert (report.facts["counts"]["create"], report.facts["counts"]["skipped"]) == (3, 1)
    assert nights.find("4").record is None
    if known_by == "number":
        assert f"exception {added} of demo" in explained(nights, "4").lines[1]
    exceptions.remove(nights.databases, auditor(nights), nights.districts["demo"], added, "asked to")
    assert nights.again(file).facts["counts"]["create"] == 1
    assert nights.find("4").standing is Standing.ACTIVE
    assert nights.again(file).outcome is Outcome.SAME_FILE


def test_a_skip_survives_a_new_pepper(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyed mark of somebody who is no patron is known under the older one."""
    skip(nights, "4")
    monkeypatch.setenv("ACCESS_PEPPER", "6f" * 32 + "\n" + "5e" * 32)
    assert nights.night(pupils(4)).facts["counts"]["create"] == 3


def test_a_field_goes_back_by_itself(nights: Nights) -> None:
    """The night after its last day takes the roster's value, though the file is the same; an undo keeps it so."""
    nights.night(pupils(3))
    file = nights.roster([pupil.moved(family="King") for pupil in pupils(3)])
    nights.again(file)
    record = nights.find("1").record
    assert record
    until = nights.now.date() + timedelta(days=1)
    held = Setting({"family_name": "Byron"}, "for a day", until)
    overrides.hold(nights.databases, auditor(nights), nights.districts["demo"], record.patron_id, held)
    assert [(row.kind, row.field, row.days_left) for row in listed(nights)] == [("override", "family_name", 1)]
    assert nights.again(file).outcome is Outcome.SAME_FILE
    nights.now += timedelta(days=1)
    assert job.preview(nights.job(file)).facts["counts"]["update"] == 1
    report = nights.again(file)
    assert report.facts["exceptions"]["ended"] == [f"family_name of patron 1 (set by hand, until {until})"]
    record = nights.find("1").record
    assert record and record.patron.family_name == "King"
    nights.undo(report.run_id)
    record = nights.find("1").record
    assert record and record.patron.family_name == "Byron"
    assert nights.night([pupil.moved(family="King") for pupil in pupils(4)]).facts["counts"]["update"] == 1


def test_only_what_stands_can_be_removed(nights: Nights) -> None:
    """And a number is never given twice."""
    first = made_up(nights)
    exceptions.remove(nights.databases, auditor(nights), nights.districts["demo"], first, "done")
    assert made_up(nights) == first + 1
    with pytest.raises(OperatorError, match=f"no exception {first}"):
        exceptions.remove(nights.databases, auditor(nights), nights.districts["demo"], first, "again")
