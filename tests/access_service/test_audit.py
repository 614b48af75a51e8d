"""What is on record cannot be changed unseen, and what cannot be put on record is not done."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from access_service import audit
from access_service.audit import Action, Auditor, Deed, Head
from access_service.errors import OperatorError
from access_service.pin_vault import PinVault
from access_service.storage import audit as rows
from access_service.storage import engine
from access_service.storage.engine import Databases
from access_service.storage.tables import audit as table
from access_service.storage.tables import clients
from tests.commands import Commands
from tests.place import Place

NOW = datetime(2026, 10, 5, 8, 0, 30, 123456, tzinfo=UTC)
ENTRIES = 30


@pytest.fixture
def auditor(tmp_path: Path) -> Auditor:
    return Auditor(PinVault([b"p" * 32]), "somebody@here by command", tmp_path / "elsewhere/heads", lambda: NOW)


@pytest.fixture
def written(databases: Databases, auditor: Auditor) -> Databases:
    """A chain of thirty entries."""
    for n in range(ENTRIES):
        with auditor.transaction(databases) as record:
            record.note(Deed(Action.UNDO, f"run {n}", "because of Ñandú", "demo", {"expires": None}, {"n": n}))
    return databases


def wrong(databases: Databases, auditor: Auditor, noted: Head | None = None) -> list[str]:
    with databases.reader.connect() as connection:
        return list(audit.verify(connection, auditor.vault, auditor.heads, noted))


def test_a_chain_that_nobody_touched_is_whole(written: Databases, auditor: Auditor) -> None:
    """Thirty entries, read back as they were written, in their order."""
    assert wrong(written, auditor) == []
    with written.reader.connect() as connection:
        found = list(rows.entries(connection))
    assert [entry.seq for entry in found] == list(range(1, ENTRIES + 1))
    assert found[7].by == "somebody@here by command"
    assert found[7].at == NOW.replace(microsecond=0)


def _tampered(written: Databases, rng: random.Random) -> Iterator[tuple[str, object]]:
    """A hundred ways to touch one entry, each undone again before the next."""
    columns = ("at", "by", "action", "district", "subject", "reason", "before", "after", "key_id", "mac")
    for _ in range(100):
        seq, column = rng.randint(1, ENTRIES), rng.choice((*columns, "removed"))
        with written.writer.begin() as connection:
            row = connection.execute(select(table).where(table.c.seq == seq)).one()._asdict()
            if column == "removed":
                connection.execute(delete(table).where(table.c.seq == seq))
            else:
                connection.execute(update(table).where(table.c.seq == seq).values({column: _other(row[column], rng)}))
        yield f"{column} of {seq}", row
        with written.writer.begin() as connection:
            connection.execute(delete(table).where(table.c.seq == seq))
            connection.execute(table.insert().values(**row))


def _other(value: object, rng: random.Random) -> object:
    if isinstance(value, bytes):
        place = rng.randrange(len(value))
        return value[:place] + bytes([value[place] ^ 1 << rng.randrange(8)]) + value[place + 1 :]
    return value.replace(year=2027) if isinstance(value, datetime) else f"{str(value)[1:]}."


def test_every_touch_is_found(written: Databases, auditor: Auditor) -> None:
    """A hundred flipped columns and removed entries: each is told, and the chain is whole again when put back."""
    for what, _ in _tampered(written, random.Random(20261122)):  # noqa: S311 - no secret
        assert wrong(written, auditor), what
    assert wrong(written, auditor) == []


def test_a_chain_cut_off_is_found(written: Databases, auditor: Auditor) -> None:
    """By the file of heads; without it by a head that somebody noted; and a missing file is told too."""
    with written.writer.begin() as connection:
        noted = Head(ENTRIES, rows.last(connection)[1].hex())
        connection.execute(delete(table).where(table.c.seq > ENTRIES - 2))
    assert "cut off" in wrong(written, auditor)[0]
    auditor.heads.unlink()
    assert "gone" in wrong(written, auditor)[0]
    auditor.heads.touch()
    assert "cut off" in wrong(written, auditor, noted)[0]


def test_a_chain_written_anew_is_found(written: Databases, auditor: Auditor) -> None:
    """Even by somebody who has the key, as long as the heads lie elsewhere."""
    elsewhere = Auditor(auditor.vault, "somebody else", auditor.heads.with_name("other"), lambda: NOW)
    with written.writer.begin() as connection:
        connection.execute(delete(table))
    for _ in range(ENTRIES):
        with elsewhere.transaction(written) as record:
            record.note(Deed(Action.UNDO, "run 1"))
    assert len(wrong(written, auditor)) == ENTRIES
    assert "written anew" in wrong(written, auditor)[0]


def test_an_inserted_entry_is_found(written: Databases, auditor: Auditor) -> None:
    """Appending without the key, with the mac of another entry."""
    with written.writer.begin() as connection:
        newest = connection.execute(select(table).where(table.c.seq == ENTRIES)).one()._asdict()
        connection.execute(table.insert().values(**newest | {"seq": ENTRIES + 1}))
    assert wrong(written, auditor) == [f"entry {ENTRIES + 1} is not what was written"]


def test_a_new_pepper_continues_the_chain(written: Databases, auditor: Auditor) -> None:
    """After a rotation old entries verify under the old pepper, which must stay in the ring."""
    rotated = Auditor(PinVault([b"q" * 32, b"p" * 32]), "somebody", auditor.heads, lambda: NOW)
    with rotated.transaction(written) as record:
        record.note(Deed(Action.UNDO, "run 31"))
    assert wrong(written, rotated) == []
    assert len(wrong(written, Auditor(PinVault([b"q" * 32]), "somebody", auditor.heads, lambda: NOW))) == ENTRIES


def test_what_cannot_be_put_on_record_is_not_done(databases: Databases, auditor: Auditor, tmp_path: Path) -> None:
    """Without an entry, or with a file of heads that cannot be written, the transaction leaves nothing."""
    client = {"name": "ils", "dialects": "[]", "districts": "[]", "networks": "[]", "releases": "[]", "created_at": NOW}
    with pytest.raises(AssertionError, match="without an entry"), auditor.transaction(databases) as record:
        record.connection.execute(clients.insert().values(**client))
    (tmp_path / "file").touch()
    nowhere = Auditor(auditor.vault, "somebody", tmp_path / "file/heads", lambda: NOW)
    with pytest.raises(OperatorError, match="not on record is not done"), nowhere.transaction(databases) as record:
        record.connection.execute(clients.insert().values(**client))
    with databases.reader.connect() as connection:
        assert not connection.execute(select(clients)).all()


def test_what_is_done_stays_done_without_its_head(
    databases: Databases, auditor: Auditor, capfd: pytest.CaptureFixture[str]
) -> None:
    """A disk that fills between the two is a warning with the head in it; the next head covers that entry too."""
    full = Auditor(auditor.vault, "somebody", Path("/dev/full"), lambda: NOW)
    with full.transaction(databases) as record:
        record.note(Deed(Action.CLIENT_REVOKE, "client ils"))
    assert record.head is not None
    said = capfd.readouterr().err
    assert said.startswith("warning: /dev/full: ") and f"newest entry 1:{record.head.mac}" in said
    with auditor.transaction(databases) as record:
        record.note(Deed(Action.CLIENT_REVOKE, "client other"))
    assert wrong(databases, auditor) == []


def test_an_entry_names_nobody(databases: Databases, auditor: Auditor) -> None:
    """Names and numbers are keyed hashes, the same for the same; a PIN's digest is not there at all."""
    facts = {"given_name": "Zephyrantheska", "library_number": "290012345", "pin_digest": "ab" * 32, "branch": "MAIN"}
    with auditor.transaction(databases) as record:
        record.note(Deed(Action.UNDO, "patron 1", before=facts, after=facts | {"given_name": ""}))
    with databases.reader.connect() as connection:
        (entry,) = rows.entries(connection)
    before, after = json.loads(entry.before), json.loads(entry.after)
    assert "Zephyrantheska" not in entry.before
    assert "290012345" not in entry.before
    assert before["library_number"] == after["library_number"]
    assert (before["branch"], after["given_name"], "pin_digest" in before) == ("MAIN", "", False)


def test_a_half_written_head_is_none(written: Databases, auditor: Auditor) -> None:
    """The power may go while a line is written; the next head is whole."""
    with auditor.heads.open("a") as file:
        file.write('\n{"seq": 31, "ma')
    assert wrong(written, auditor) == []
    with auditor.transaction(written) as record:
        record.note(Deed(Action.UNDO, "run 31"))
    with written.writer.begin() as connection:
        connection.execute(delete(table).where(table.c.seq > ENTRIES))
    assert "cut off" in wrong(written, auditor)[0]


def test_commands_show_and_verify(tmp_path: Path, commands: Commands, database_url: str) -> None:
    """`audit list` and `audit verify` from the command line, on a chain that is whole and on one that is not."""
    place = Place(tmp_path, commands, database_url)
    made = ("--dialect", "rest", "--district", "demo", "--network", "10.0.0.0/8")
    assert place.day("client", "add", "vendor", *made).code == 0
    assert place.day("client", "revoke", "vendor").code == 0
    listed = place.day("audit", "list", "--json").json["entries"]
    assert [(entry["action"], entry["subject"]) for entry in listed] == [
        ("client_revoke", "client vendor"),
        ("client_add", "client vendor"),
    ]
    assert listed[1]["after"]["networks"] == ["10.0.0.0/8"]
    verified = place.day("audit", "verify")
    assert (verified.code, "2 entries" in verified.out) == (0, True)
    head = verified.out.rsplit(" ", 1)[1].strip()
    assert place.day("audit", "verify", "--head", head).code == 0
    opened = engine.connect(database_url)
    with opened.writer.begin() as connection:
        connection.execute(text("UPDATE audit SET reason = 'nothing' WHERE seq = 1"))
    opened.dispose()
    broken = place.day("audit", "verify")
    assert (broken.code, broken.err.strip()) == (1, "entry 1 is not what was written")
    assert place.day("audit", "verify", "--head", "two").code == 1
