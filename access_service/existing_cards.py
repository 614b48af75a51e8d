"""What a person decides of a student's existing card: it is theirs, or it is not."""

from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection

from access_service import desk
from access_service.audit import Action, Auditor, Deed
from access_service.domain.identifiers import MAX_TYPED, IdentifierKind, fold
from access_service.domain.patron import PatronRecord
from access_service.edits import Edit, editing
from access_service.errors import OperatorError
from access_service.settings import District, Settings
from access_service.storage import ils_cards, patrons
from access_service.storage import ils_matches as storage
from access_service.storage.engine import Databases
from access_service.storage.ils_matches import MatchRow, MatchState

Whose = str | PatronRecord
LIST = "`roster-sync matches list {}` has those that are"


@dataclass(frozen=True)
class Review:
    """A person who decides on the matches of a district."""

    databases: Databases
    auditor: Auditor
    settings: Settings
    district: District

    def link(self, typed: Whose, card: str, reason: str) -> str:
        """Make a card one more identifier of a patron, or of the one under a number; the patron's library number.
        Errors: OperatorError, and nothing is changed."""
        patron = self._patron(typed)
        self._check_whose(patron, card)
        with self._editing(Action.MATCH_LINK, patron, reason) as edit:
            number, blocked = self._card(edit.connection, card)
            match = storage.get(edit.connection, patron.patron_id, number)
            match = match or MatchRow(patron.patron_id, number, self.district.code, "[]", 0, "")
            storage.put(edit.connection, self._decision(match, MatchState.LINKED, reason))
            storage.link(edit.connection, self.district.code, patron.patron_id, number)
            before = self._blocked(edit, patron.patron_id)
            edit.change(patron.patron_id, "link", {"blocked": before}, {"blocked": before or blocked})
        return patron.patron.library_number

    def reject(self, typed: Whose, card: str, reason: str) -> str:
        """Say that a proposed card is somebody else's: it is not proposed again. Returns and errors as `link`."""
        patron = self._patron(typed)
        with self.auditor.transaction(self.databases) as record:
            match = storage.get(record.connection, patron.patron_id, card)
            if match is None or match.state != MatchState.PROPOSED:
                raise OperatorError(f"{card} is not proposed for this patron; {LIST.format(self.district.code)}")
            storage.put(record.connection, self._decision(match, MatchState.REJECTED, reason))
            record.note(Deed(Action.MATCH_REJECT, f"patron {patron.patron_id}", reason, self.district.code))
        return patron.patron.library_number

    def undo(self, typed: Whose, card: str, reason: str) -> str:
        """Take a decision back: it is proposed again, as long as extracts have evidence. Returns and errors as
        `link`."""
        patron = self._patron(typed)
        with self._editing(Action.MATCH_UNDO, patron, reason) as edit:
            match = storage.get(edit.connection, patron.patron_id, card)
            if match is None or match.state == MatchState.PROPOSED:
                raise OperatorError(f"nothing was decided of {card} and this patron; {LIST.format(self.district.code)}")
            storage.put(
                edit.connection,
                match._replace(state=MatchState.PROPOSED.value, decided_by=None, decided_at=None, reason=None),
            )
            if match.evidence == "[]":
                storage.drop(edit.connection, patron.patron_id, card)
            if match.state == MatchState.LINKED:
                self._unlink(edit, patron.patron_id, card)
        return patron.patron.library_number

    def _unlink(self, edit: Edit, patron_id: int, card: str) -> None:
        storage.unlink(edit.connection, patron_id, card)
        before = self._blocked(edit, patron_id)
        others = storage.linked_cards(edit.connection, patron_id)
        now = storage.is_blocked(edit.connection, patron_id, others)
        edit.change(patron_id, "unlink", {"blocked": before}, {"blocked": now})

    def _blocked(self, edit: Edit, patron_id: int) -> bool:
        (record,) = patrons.records(edit.connection, [patron_id])
        return record.blocked

    def _patron(self, typed: Whose) -> PatronRecord:
        if isinstance(typed, PatronRecord):
            return typed
        with self.databases.reader.connect() as connection:
            return desk.named(connection, {self.district.code: self.district}, typed)

    def _editing(self, action: Action, patron: PatronRecord, reason: str) -> AbstractContextManager[Edit]:
        deed = Deed(action, f"patron {patron.patron_id}", reason, self.district.code)
        today = self.auditor.now().astimezone(self.district.zone).date()
        return editing(self.databases, self.auditor, deed, today)

    def _check_whose(self, patron: PatronRecord, card: str) -> None:
        """Errors: OperatorError where a card finds another patron, or this one already."""
        with self.databases.reader.connect() as connection, suppress(desk.NobodyError):
            other = desk.named(connection, self.settings.districts, card)
            if other.patron_id != patron.patron_id:
                ours = other.patron.district == self.district.code
                whom = f"patron {other.patron_id} of {self.district.code}" if ours else "a patron of another district"
                raise OperatorError(f"{card} finds {whom} already, and one number is one person's: look that patron up")

    def _card(self, connection: Connection, card: str) -> tuple[str, bool]:
        """The card's number as the ILS has it, and whether the ILS blocks it. Where no extract was ever read the number
        is taken as it is given. Errors: OperatorError where it is none from before."""
        key = fold(card)
        there = ils_cards.find(connection, [key]).get(key, ())
        found = [row for row in there if row.number == card] or list(there)
        if not key or len(key) > MAX_TYPED:
            raise OperatorError("should be the number of a library card: letters and digits")
        if len(found) != 1 and (there or ils_cards.last_read(connection, "extract")):
            raise OperatorError(f"{card} is no card in the ILS's newest extract; give its number as the ILS has it")
        if key in storage.linked_keys(connection):
            raise OperatorError(f"{card} is linked already")
        ours = found and found[0].patron_id is not None
        if ours or patrons.owners(connection, IdentifierKind.LIBRARY_NUMBER, [key]):
            raise OperatorError(f"{card} is an account that we made, and not one from before")
        return (found[0].number, found[0].blocked) if found else (key, False)

    def _decision(self, match: MatchRow, state: MatchState, reason: str) -> MatchRow:
        at = self.auditor.now().replace(microsecond=0)
        return match._replace(state=state.value, decided_by=self.auditor.by, decided_at=at, reason=reason)
