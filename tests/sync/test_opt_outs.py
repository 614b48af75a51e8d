"""The opt-out ledger: who is in it is nobody's patron, whatever comes, and of them nothing is stored."""

from collections.abc import Callable, Set
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from access_service.domain.access import PinResult, Standing
from access_service.errors import ConfigError, OperatorError, OvertakenError
from access_service.examples import check_examples
from access_service.explain import Explainer
from access_service.opt_outs import Kind
from access_service.opting_out import Done, Given, Office
from access_service.pin_vault import PinVault
from access_service.settings import load
from access_service.storage import opt_outs, runs, tables
from access_service.storage.engine import Databases
from access_service.storage.runs import Outcome
from sync import job, undo
from sync.guard import Finding
from sync.judgement import plan_for
from sync.order import auditor
from sync.report import Report
from sync.reversal import stage
from tests.sync.nights import Nights
from tests.sync.rosters import Pupil, files, pupils


@pytest.fixture
def nights(databases: Databases, tmp_path: Path) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def office(nights: Nights) -> Office:
    return Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])


def out(nights: Nights, number: str, kind: Kind | None = None) -> Done:
    return office(nights).add([Given(number, kind)], "a form")


def stored(nights: Nights) -> set[str]:
    """The source ids of all patrons."""
    with nights.databases.reader.connect() as connection:
        return {*connection.execute(tables.patrons.select().with_only_columns(tables.patrons.c.source_id)).scalars()}


def explained(nights: Nights, number: str) -> tuple[Standing, str]:
    with nights.databases.reader.connect() as connection:
        found = Explainer(connection, nights.districts, PinVault.from_environment(), nights.now).explain(number)
    return found.standing, "\n".join(found.lines)


def test_at_the_next_lookup_nobody_has_the_number(nights: Nights) -> None:
    """By either number, with the right PIN too; staff are told when and by whom, and the next nights change nothing."""
    nights.night(pupils(3))
    assert nights.sign_in("0000002", "0303").pin is PinResult.OK
    assert out(nights, "290000002") == Done(new=1, known=0, forgotten=1)
    unknown = nights.sign_in("7777777", "0303")
    assert nights.sign_in("0000002", "0303") == nights.sign_in("290000002", "0303") == unknown
    standing, lines = explained(nights, "2")
    assert standing is Standing.OPTED_OUT
    assert f"opted out of demo on {nights.now.date()}, by the library (opt-out 1, a test)" in lines
    report = nights.night(pupils(4))
    assert (report.outcome, report.facts["exclusions"]["opted_out"]) == (Outcome.APPLIED, 1)
    assert report.facts["counts"]["create"] == 1
    assert stored(nights) == {"s-0000001", "s-0000003", "s-0000004"}
    assert out(nights, "2") == Done(new=0, known=1, forgotten=0)


def test_nothing_stays_but_marks(nights: Nights) -> None:
    """No row of any table has the person's names, ids or numbers, nor a count of their sign-ins."""
    pupil = Pupil("s-canary", "0424242", given="Xylotomachus", family="Quillenbrander")
    nights.night([*pupils(3), pupil])
    nights.night([*pupils(3), pupil.moved(number="0434343", school="102", grade="04")])
    record = nights.find("0434343").record
    assert record
    assert nights.sign_in("0434343", "9999").pin is PinResult.WRONG
    with nights.databases.reader.connect() as connection:
        connection.execute(
            insert(tables.patron_use).values(patron_id=record.patron_id, first_day=nights.now, last_day=nights.now)
        )
    assert out(nights, "0424242").forgotten == 1
    with nights.databases.reader.connect() as connection:
        everything = {t.fullname: repr(connection.execute(t.select()).all()) for t in tables.metadata.sorted_tables}
        assert opt_outs.of_district(connection, "demo")
        for table in (tables.attempts, tables.patron_use, tables.patrons):
            assert connection.execute(table.select().where(table.c.patron_id == record.patron_id)).all() == []
    for word in ("Xylotomachus", "Quillenbrander", "s-canary", "424242", "434343"):
        assert [name for name, rows in everything.items() if word in rows] == []
    for path in nights.folder.glob("access*db*"):
        assert b"Xylotomachus" not in path.read_bytes() and b"0434343" not in path.read_bytes()


@pytest.mark.parametrize(
    ("given", "kind"),
    [("0000002", None), ("2", None), ("290000002", None), ("s-0000002", Kind.SOURCE_ID), ("2", Kind.STUDENT_NUMBER)],
)
def test_before_they_are_known(nights: Nights, given: str, kind: Kind | None) -> None:
    """However the number is written, and before the first roster too; then under a new id and a new number."""
    assert out(nights, given, kind) == Done(new=1, known=0, forgotten=0)
    nights.night(pupils(3))
    assert stored(nights) == {"s-0000001", "s-0000003"}
    assert nights.find("2").standing is Standing.UNKNOWN
    one, two, three = pupils(3)
    nights.night([one, two.moved(source_id="s-rekeyed"), three])
    nights.night([one, two.moved(source_id="s-rekeyed", number="0000222"), three])
    nights.night([one, two.moved(source_id="s-again", number="0000222"), three])
    assert stored(nights) == {"s-0000001", "s-0000003"}


def test_a_number_that_says_nothing_or_too_much_is_refused(nights: Nights) -> None:
    """With one line that names its place, and nobody is opted out."""
    given = [Given("0000001", None, "line 2"), Given("", None, "line 3"), Given("no number", None, "line 4")]
    with pytest.raises(OperatorError, match=r"line 3: fits no number.*; line 4: "):
        office(nights).add(given, "a list")
    with nights.databases.reader.connect() as connection:
        assert opt_outs.of_district(connection, "demo") == []


def test_one_who_opts_in_again_is_a_patron_after_the_same_file(nights: Nights) -> None:
    """Under the same library number, though not a byte of the file is another."""
    file = nights.roster(pupils(3))
    nights.again(file)
    library_number = nights.find("2").record.patron.library_number  # type: ignore[union-attr]
    out(nights, "2")
    assert nights.again(file).outcome is Outcome.SAME_FILE
    assert office(nights).cards() == [(1, library_number)]
    office(nights).remove(Given("2"), "the family came in")
    assert nights.again(file).outcome is Outcome.APPLIED
    record = nights.find("2").record
    assert record and record.patron.library_number == library_number
    assert office(nights).cards() == []
    with pytest.raises(OperatorError, match="nobody with this number"):
        office(nights).remove(Given("2"), "again")


def test_a_card_is_told_to_the_ils_once(nights: Nights) -> None:
    """The library number stays sealed until somebody says that the ILS has expired it."""
    nights.night(pupils(3))
    out(nights, "2")
    out(nights, "3")
    assert office(nights).cards() == [(1, "290000002"), (2, "290000003")]
    office(nights).told([1])
    assert office(nights).cards() == [(2, "290000003")]


def test_an_undo_brings_nobody_back(nights: Nights) -> None:
    """Neither of the night that changed them nor of the one that made them; the others go back."""
    first = nights.night(pupils(3))
    moved = nights.night([pupil.moved(school="102", grade="04") for pupil in pupils(3)])
    out(nights, "2")
    undone = nights.undo(moved.run_id)
    assert undone.facts["counts"]["put_back"] == 2
    again = nights.undo(undone.run_id)
    nights.undo(again.run_id)
    nights.undo(nights.undo(first.run_id).run_id)
    assert stored(nights) == {"s-0000001", "s-0000003"}
    assert nights.find("2").standing is Standing.UNKNOWN


@pytest.mark.parametrize("earlier", [0, 1], ids=["first roster", "second roster"])
def test_an_opt_out_in_the_middle_of_a_night_wins(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, earlier: int
) -> None:
    """The night is planned again, before the first roster too, where there is no fence."""
    if earlier:
        nights.night(pupils(3))
    _meanwhile(monkeypatch, lambda: out(nights, "4"))
    nights.night(pupils(4))
    assert stored(nights) == {"s-0000001", "s-0000002", "s-0000003"}


def test_an_undo_planned_before_an_opt_out_publishes_nothing(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever it would have brought back opted out meanwhile."""
    first = nights.night(pupils(3))
    undone = nights.undo(first.run_id)

    def and_then(*arguments: Any) -> object:
        out(nights, "2")
        return stage(*arguments)

    monkeypatch.setattr(undo, "stage", and_then)
    with pytest.raises(OvertakenError):
        undo.undo(nights.order(undone.run_id or 0))
    assert nights.find("2").standing is Standing.UNKNOWN


def _meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    planned, once = plan_for, iter([True])

    def and_then(*arguments: object) -> object:
        plan = planned(*arguments)  # type: ignore[arg-type]
        if next(once, False):
            happens()
        return plan

    monkeypatch.setattr(job, "plan_for", and_then)


def test_another_pepper_still_knows_them(nights: Nights, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks are found under every pepper of the ring, and the old one cannot be left out."""
    out(nights, "2")
    monkeypatch.setenv("ACCESS_PEPPER", "6f" * 32 + "\n" + "5e" * 32)
    nights.night(pupils(3))
    assert stored(nights) == {"s-0000001", "s-0000003"}
    assert out(nights, "2").known == 1
    monkeypatch.setenv("ACCESS_PEPPER", "6f" * 32)
    with pytest.raises(OperatorError, match="need pepper"):
        nights.night(pupils(4))


def test_another_student_with_their_number_is_not_forgotten(nights: Nights) -> None:
    """A file whose numbers are shifted by one takes a card at most until the next good one, and teaches nothing."""
    nights.configure(limits={"renamed_count": 100, "updates_count": 100})
    one, two, three = pupils(3)
    nights.night([one, two, three])
    out(nights, "2")
    nights.night([one, three.moved(number="0000002")])
    assert nights.find("3").standing is Standing.LEFT
    nights.night([one, three])
    assert nights.find("3").standing is Standing.ACTIVE


def test_removals_by_opt_out_are_not_limited(nights: Nights) -> None:
    """Everybody's opt-out is never a reason to hold, and the population is what is left."""
    nights.configure(limits={"removals_percent": 0, "removals_count": 0})
    nights.night(pupils(6))
    office(nights).add([Given(f"{n}") for n in range(1, 6)], "a list")
    with nights.databases.reader.connect() as connection:
        state = runs.state(connection, "demo")
    assert state and state.population == 1
    report = nights.night(pupils(7))
    assert (report.outcome, report.facts["counts"]["unchanged"]) == (Outcome.APPLIED, 1)


# -- a column of the roster -----------------------------------------------------------------------------------------

EXAMPLE = {"student_number": "12345", "school": "101", "grade": "03", "excluded": "opted_out", "opt_out_cell": "N"}


@pytest.fixture
def column(nights: Nights) -> Nights:
    """The same where metadata.sharing says Y or N: may it be shared?"""
    district = nights.districts["demo"]
    nights.configure(
        agreement={"fields": district.agreement.fields | {"opt_out"}},
        feed={"columns": {"opt_out": "metadata.sharing"}, "values": {"opt_out": {"Y": "in", "N": "out"}}},
        examples=[*(example.model_dump() for example in district.examples), EXAMPLE],
        limits={"drift_count": 3, "opt_outs_count": 1, "file_shrink_percent": 100},
    )
    return nights


def says(students: list[Pupil], refusing: Set[int] = frozenset(), cell: str = "N") -> bytes:
    """users.csv with the column; those at these places refuse."""
    header, *rows = files(students)["users.csv"].decode().splitlines()
    cells = [cell if index in refusing else "Y" for index in range(len(rows))]
    return "\r\n".join([f"{header},metadata.sharing", *(f"{r},{c}" for r, c in zip(rows, cells, strict=True))]).encode()


def sharing(nights: Nights, students: list[Pupil], refusing: set[int], cell: str = "N") -> Report:
    return nights.night(students, users=says(students, refusing, cell))


def test_a_column_opts_out_and_in_again(column: Nights) -> None:
    """At once, with all that is stored; and whom the library opted out stays out whatever the column says."""
    sharing(column, pupils(9), set())
    out(column, "9")
    report = sharing(column, pupils(9), {1})
    assert report.facts["counts"]["opted_out"] == 1
    assert report.facts["excluded_from"] == {"opted_out: by the roster's column": 1, "opted_out: by the library": 1}
    assert stored(column) == {pupil.source_id for pupil in pupils(8)} - {"s-0000002"}
    assert explained(column, "2")[0] is Standing.OPTED_OUT
    sharing(column, [pupil.moved(source_id=f"new-{n}") for n, pupil in enumerate(pupils(9))][1:2] + pupils(9)[2:], {0})
    assert column.find("2").standing is Standing.UNKNOWN
    assert sharing(column, pupils(9), set()).facts["counts"]["create"] == 1
    assert column.find("2").standing is Standing.ACTIVE
    assert column.find("9").standing is Standing.UNKNOWN


def test_a_word_that_nobody_knows_opts_out(column: Nights) -> None:
    """And is told; a student in two rows is out if one of them says so."""
    report = sharing(column, pupils(9), {1}, "maybe")
    assert report.facts["warnings"]["opt_out_unknown"] == 1
    assert column.find("2").standing is Standing.UNKNOWN
    twice = pupils(9)
    users = says([*twice, twice[2]], {9})
    column.night(twice, users=users)
    assert column.find("3").standing is Standing.UNKNOWN


def test_a_column_that_is_turned_round_is_held(column: Nights) -> None:
    """Nobody is forgotten; the library's own opt-outs are what they were."""
    sharing(column, pupils(9), {0})
    report = sharing(column, pupils(9), set(range(1, 9)))
    assert [reason.finding for reason in report.reasons] == [Finding.OPT_OUTS_FLIPPED]
    assert len(stored(column)) == 8
    with column.databases.reader.connect() as connection:
        assert len({row.entry for row in opt_outs.of_district(connection, "demo")}) == 1


def test_the_first_roster_with_a_column_is_believed_for_the_smaller_part(column: Nights) -> None:
    """There is nothing to compare it with; most families share."""
    report = sharing(column, pupils(9), set(range(8)))
    assert [reason.finding for reason in report.reasons] == [Finding.OPT_OUTS_FLIPPED]
    assert stored(column) == set()


def test_a_list_that_shrinks_is_held_and_new_opt_outs_go_through(column: Nights) -> None:
    """Who is new in it is forgotten at once; who is not in it any more waits for a person."""
    sharing(column, pupils(20), {0, 1, 2})
    report = sharing(column, pupils(20), {2, 7})
    assert report.outcome is Outcome.APPLIED
    report = sharing(column, pupils(20), {9})
    assert report.outcome is Outcome.APPLIED
    sharing(column, pupils(20), {9, 10, 11})
    report = sharing(column, pupils(20), {12})
    assert [reason.finding for reason in report.reasons] == [Finding.OPT_OUTS_SHRANK]
    assert (report.outcome, report.facts["opted_out_at_once"]) == (Outcome.HELD, 1)
    assert column.find("13").standing is Standing.UNKNOWN
    assert column.find("10").standing is Standing.UNKNOWN


@pytest.mark.parametrize(
    ("table", "keys", "said"),
    [
        ("agreement", {"fields": {"source_id", "student_number", "school", "grade", "birth_date"}}, "agreement"),
        ("feed", {"values": {}}, "which cells mean"),
        ("feed", {"values": {"opt_out": {"Y": "yes"}}}, 'should be "in" or "out"'),
        ("feed", {"columns": {}}, "should name the roster column"),
    ],
)
def test_polarity_is_never_guessed(column: Nights, table: str, keys: dict[str, Any], said: str) -> None:
    """The district's file is refused, with what is missing in it."""
    tables: dict[str, Any] = {table: keys}
    with pytest.raises(ValueError, match=said):
        column.configure("demo", **tables)


def test_polarity_is_tested_by_example(column: Nights) -> None:
    """An example is missing, or says the opposite of the values."""
    examples = [example.model_dump() for example in column.districts["demo"].examples]
    with pytest.raises(ValueError, match="one should have an opt_out_cell"):
        column.configure(examples=examples[:-1])
    column.configure(examples=[*examples, EXAMPLE | {"opt_out_cell": "Y"}])
    with pytest.raises(ConfigError, match="by the rules excluded is None, not 'opted_out'"):
        check_examples(column.districts["demo"])
