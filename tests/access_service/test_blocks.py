"""The library's own blocks, and notes on patrons."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from access_service import notes
from access_service.audit import Auditor, verify
from access_service.blocks import BlockDesk
from access_service.domain.access import PinResult, Standing
from access_service.domain.patron import PatronRecord
from access_service.errors import OperatorError
from access_service.explain import Explainer
from access_service.opting_out import Given, Office
from access_service.storage import audit, blocks, chosen_pins, patrons, runs, tables
from access_service.storage import notes as rows
from access_service.storage.engine import Databases
from access_service.storage.notes import Note
from tests.access_service import seed

TOMORROW = seed.TODAY + timedelta(days=1)


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    return Auditor(seed.VAULT, "staff Grace", tmp_path / "heads", seed.at_noon)


@pytest.fixture
def desk(databases: Databases, auditor: Auditor) -> BlockDesk:
    return BlockDesk(databases, auditor, seed.district())


def asked(databases: Databases, on: date = seed.TODAY) -> tuple[Standing, PinResult]:
    """What a client that comes `on` a day is answered about the first patron."""
    noon = seed.NOON + (on - seed.TODAY)
    answer = seed.directory(databases, now=lambda: noon).authenticate("0012345", "0412", seed.client())
    return answer.standing, answer.pin


def explained(databases: Databases) -> tuple[str, str]:
    with databases.reader.connect() as connection:
        found = Explainer(connection, {"demo": seed.district()}, seed.VAULT, seed.NOON).explain("0012345")
    return "\n".join(found.lines), found.next_step


def stored(databases: Databases, record: PatronRecord) -> PatronRecord:
    with databases.reader.connect() as connection:
        return next(patrons.records(connection, [record.patron_id]))


def test_a_block_holds_from_the_next_lookup_through_its_last_day(databases: Databases, desk: BlockDesk) -> None:
    """The PIN is right all the same; staff are told why, by whom and how it ends. All of it is on record."""
    record = seed.store(databases, seed.patron())
    desk.block(record, "left a laptop in the rain", TOMORROW)
    said, step = explained(databases)
    assert asked(databases) == asked(databases, TOMORROW) == (Standing.BLOCKED, PinResult.OK)
    assert asked(databases, TOMORROW + timedelta(days=1)) == (Standing.ACTIVE, PinResult.OK)
    told = f"through {TOMORROW}, by staff Grace on {seed.TODAY}: left a laptop in the rain"
    assert f"the library blocks the card {told}" in said and "patron unblock" in step
    desk.block(record, "and another one", None)
    assert asked(databases, seed.TODAY + timedelta(days=3000))[0] is Standing.EXPIRED
    assert asked(databases, TOMORROW + timedelta(days=200))[0] is Standing.BLOCKED
    desk.unblock(stored(databases, record), "it dried")
    assert asked(databases) == (Standing.ACTIVE, PinResult.OK) and "blocks" not in explained(databases)[0]
    with databases.reader.connect() as connection:
        entries = [(entry.action, entry.subject, entry.before, entry.after) for entry in audit.entries(connection)]
        assert not list(verify(connection, seed.VAULT, desk.auditor.heads))
    first, second = f'{{"blocked_until":"{TOMORROW}"}}', '{"blocked_until":"until lifted"}'
    said_of = "patron 1"
    assert entries == [
        ("block", said_of, "{}", first),
        ("block", said_of, first, second),
        ("unblock", said_of, second, "{}"),
    ]


def test_what_cannot_be_blocked_or_lifted_is_told(databases: Databases, desk: BlockDesk) -> None:
    """And leaves nothing behind; a block of the ILS is the ILS's to lift."""
    record = seed.store(databases, seed.patron(blocked=True))
    with pytest.raises(OperatorError, match="has passed"):
        desk.block(record, "too late", seed.TODAY - timedelta(days=1))
    with pytest.raises(OperatorError, match="no block here; its ILS blocks"):
        desk.unblock(record, "please")
    with pytest.raises(OperatorError, match="forgotten this moment"):
        desk.block(replace(record, patron_id=99), "nobody", None)
    with databases.reader.connect() as connection:
        assert audit.last(connection)[0] == 0 and blocks.of_cards(connection, [1, 99]) is None


def test_a_block_is_of_all_cards_of_a_person(databases: Databases, desk: BlockDesk) -> None:
    """Whichever card counts, and whichever it is lifted by."""
    first, second = (seed.store(databases, seed.patron(number, f"{number:07}")) for number in (1, 2))
    with databases.writer.begin() as connection:
        connection.execute(tables.patrons.update().values(person=1))
    desk.block(stored(databases, first), "lost", None)
    answers = [seed.directory(databases).find(number, seed.client()).standing for number in ("0000001", "0000002")]
    assert answers == [Standing.BLOCKED, Standing.BLOCKED]
    desk.unblock(stored(databases, second), "found")
    with databases.reader.connect() as connection:
        assert blocks.of_cards(connection, chosen_pins.cards(connection, stored(databases, first))) is None


def test_notes_are_added_and_removed_and_their_text_is_on_no_record(databases: Databases, auditor: Auditor) -> None:
    """One at a time, a patron's own; what is too long or would move a cursor is refused."""
    record = seed.store(databases, seed.patron())
    other = seed.store(databases, seed.patron(2, "0000002"))
    number = notes.add(databases, auditor, record, "  Prefers to be called Countess.\nAsk first. ")
    for text in ("", " \n ", "x" * (notes.LONGEST + 1), "red \x1b[31m", "turned \u202e round"):
        with pytest.raises(OperatorError, match="a note has 1 to 500 characters"):
            notes.add(databases, auditor, record, text)
    with pytest.raises(OperatorError, match=f"patron 2 has no note {number}"):
        notes.remove(databases, auditor, other, number)
    with databases.reader.connect() as connection:
        at = seed.NOON
        kept = [Note(number, 1, "Prefers to be called Countess.\nAsk first.", "staff Grace", at)]
        assert rows.of_cards(connection, [1, 2]) == kept and "Countess" not in repr(kept)
    notes.remove(databases, auditor, record, number)
    with databases.reader.connect() as connection:
        assert not rows.of_cards(connection, [1])
        assert "Countess" not in "".join(map(str, audit.entries(connection)))


def test_who_opts_out_leaves_no_block_and_no_note(databases: Databases, desk: BlockDesk) -> None:
    """Of them nothing is stored."""
    record = seed.store(databases, seed.patron())
    desk.block(record, "lost", None)
    notes.add(databases, desk.auditor, record, "Called twice.")
    with databases.writer.begin() as connection:
        runs.edit(connection, "demo", "a test", {}, seed.NOON)
    Office(databases, desk.auditor, seed.district()).add([Given("0012345")], "the family asked")
    with databases.reader.connect() as connection:
        counted = [
            connection.execute(select(func.count()).select_from(t)).scalar() for t in (tables.blocks, tables.notes)
        ]
    assert counted == [0, 0]
