"""Who did what, and why: a chain of entries under a key, in the transaction of what was done.

An entry's mac is HMAC-SHA256 over the mac before it and the entry as JSON, under a key made from the pepper: whoever
has the database alone cannot change, remove or add one unseen. The tail could still be cut off, or all of it be put
back to an earlier day, so after each transaction the newest number and mac go to a file elsewhere, a line each.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from access_service.errors import OperatorError
from access_service.pin_vault import PinVault
from access_service.storage import audit, peppers
from access_service.storage.audit import Entry
from access_service.storage.engine import Databases


class Action(StrEnum):
    """What can be done. docs/codes.md says of each what its entry holds."""

    RUN = "run"
    APPROVE_FIRST = "approve_first"
    APPROVE = "approve"
    DISCARD = "discard"
    UNDO = "undo"
    RULES_ACCEPT = "rules_accept"
    FREEZE = "freeze"
    THAW = "thaw"
    PATRON_CONVERT = "patron_convert"
    PATRON_GIVE_BACK = "patron_give_back"
    PATRON_SET = "patron_set"
    PATRON_RELEASE = "patron_release"
    PIN_CHOOSE = "pin_choose"
    PIN_RESET = "pin_reset"
    BLOCK = "block"
    UNBLOCK = "unblock"
    NOTE_ADD = "note_add"
    NOTE_REMOVE = "note_remove"
    PATRON_VIEW = "patron_view"
    REKEY = "rekey"
    RECYCLE = "recycle"
    RENUMBER = "renumber"
    AGE = "age"
    EXCEPTION_ADD = "exception_add"
    EXCEPTION_REMOVE = "exception_remove"
    EXCEPTION_END = "exception_end"
    LINK_CONFIRM = "link_confirm"
    LINK_REJECT = "link_reject"
    LINK_UNDO = "link_undo"
    MATCH_LINK = "match_link"
    MATCH_REJECT = "match_reject"
    MATCH_UNDO = "match_undo"
    CLIENT_ADD = "client_add"
    CLIENT_SET = "client_set"
    CLIENT_CHANGE = "client_change"
    CLIENT_KEY = "client_key"
    CLIENT_REVOKE = "client_revoke"
    OPT_OUT_ADD = "opt_out_add"
    OPT_OUT_REMOVE = "opt_out_remove"
    OPT_OUT_CARDS = "opt_out_cards"
    ACCOUNT_RELEASE = "account_release"
    UNLOCK = "unlock"
    STAFF_ADD = "staff_add"
    STAFF_PASSWORD = "staff_password"  # noqa: S105 - what was done, no password
    STAFF_END = "staff_end"
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    CARDS_PRINT = "cards_print"
    STORY_AGAIN = "story_again"


# Columns of a patron that say who it is: entries have keyed hashes of them.
PERSONAL = frozenset({"source_id", "student_number", "library_number", "given_name", "family_name"})


class Head(NamedTuple):
    """The newest entry of a chain."""

    seq: int
    mac: str


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a person does. `subject` names it without naming anybody: "client ils", "run 17", "patron 4711"."""

    action: Action
    subject: str
    reason: str = ""
    district: str = ""
    before: Mapping[str, Any] = field(default_factory=dict, repr=False)
    after: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Auditor:
    """Puts on record what `by` does. `heads` is the file of the newest numbers and macs."""

    vault: PinVault
    by: str
    heads: Path
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @contextmanager
    def transaction(self, databases: Databases) -> Iterator["Record"]:
        """A writing transaction whose deeds are on record, or do not happen: without an entry it is taken back."""
        self.check_heads()
        with databases.writer.begin() as connection:
            record = Record(self, connection)
            yield record
            if record.head is None:
                raise AssertionError("a deed without an entry in the audit")
        self.checkpoint(record.head)

    def note(self, connection: Connection, deed: Deed) -> Head:
        """Add an entry. The last thing that a transaction does before its end: other writers wait from here on."""
        seq, previous = audit.last(connection)
        entry = Entry(
            seq=seq + 1,
            at=self.now().replace(microsecond=0),
            by=self.by,
            action=deed.action,
            district=deed.district,
            subject=deed.subject,
            reason=deed.reason,
            before=_json(self._hashed(deed.before)),
            after=_json(self._hashed(deed.after)),
            key_id=self.vault.key_id,
            mac=b"",
        )
        entry = entry._replace(mac=self.vault.chain(entry.key_id, previous, _canonical(entry)))
        audit.append(connection, entry)
        peppers.keep(connection, entry.key_id)
        return Head(entry.seq, entry.mac.hex())

    def check_heads(self) -> None:
        """OperatorError where the file of heads cannot be written: then nothing is done."""
        try:
            self.heads.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self.heads.open("a"):
                pass
        except OSError as error:
            raise OperatorError(
                f"{self.heads}: {error.strerror}; what is not on record is not done: mend it, or set audit_heads"
            ) from error

    def checkpoint(self, head: Head) -> None:
        """Put a head on file, after its transaction has ended well. What was done stands where that fails: it is a
        warning, and the next head covers this entry too."""
        try:
            with self.heads.open("a", encoding="utf-8") as file:
                # On a line of its own even after one that a full disk cut short.
                file.write("\n" + json.dumps({"seq": head.seq, "mac": head.mac}))
        except OSError as error:
            said = f"{self.heads}: {error.strerror}; it is done and on record, newest entry {head.seq}:{head.mac}"
            with suppress(OSError):
                print(f"warning: {said}", file=sys.stderr)  # noqa: T201 - the run must end as it did

    def _hashed(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self.vault.mark("audit", name, str(value)).hex() if name in PERSONAL and value else value
            for name, value in facts.items()
            if name != "pin_digest"
        }


@dataclass(slots=True)
class Record:
    """A transaction under way, and the newest entry of it."""

    auditor: Auditor
    connection: Connection
    head: Head | None = None

    def note(self, deed: Deed) -> None:
        """Add an entry; as with Auditor, last."""
        self.head = self.auditor.note(self.connection, deed)


def verify(connection: Connection, vault: PinVault, heads: Path, noted: Head | None = None) -> Iterator[str]:
    """What is wrong with the chain, a line each; none where it is whole. `noted` is a head that somebody kept."""
    known = _known(heads) | (dict([noted]) if noted else {})
    expected, previous = 1, b""
    for entry in audit.entries(connection):
        if entry.seq != expected:
            yield f"entries {expected} to {entry.seq - 1} are missing"
        if vault.chain(entry.key_id, previous, _canonical(entry)) != entry.mac and entry.seq == expected:
            yield f"entry {entry.seq} is not what was written"
        if known.pop(entry.seq, entry.mac.hex()) != entry.mac.hex():
            yield f"entry {entry.seq} is another than {heads} knows: the chain was written anew"
        expected, previous = entry.seq + 1, entry.mac
    if known:
        yield f"the chain ends at entry {expected - 1}, and {heads} knows entry {max(known)}: the newest were cut off"
    if expected > 1 and not heads.exists():
        yield f"{heads} is gone: nobody can tell whether the newest entries were cut off"


def _known(heads: Path) -> dict[int, str]:
    """The macs on file by number. A line that was half written when the power went is none."""
    found: dict[int, str] = {}
    if heads.exists():
        for line in heads.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                facts = json.loads(line)
                found[int(facts["seq"])] = str(facts["mac"])
            except (ValueError, TypeError, KeyError):
                continue
    return found


def _canonical(entry: Entry) -> str:
    return _json([entry.seq, entry.at.isoformat(), *entry[2:-1]])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
