"""A plan in the making."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache

from sqlalchemy import Connection

from access_service.domain.calendar import STANDSTILL, Season
from access_service.domain.mapping import FAULTS, Exclusion
from access_service.domain.ownership import keep
from access_service.domain.patron import HERE, Patron, PatronRecord, Presence
from access_service.domain.student import Student
from access_service.storage import overrides, patrons, runs, seen
from access_service.storage.seen import Seen
from sync.awaited import Awaited
from sync.cards import card_of, keeps_pin, kind_of, other_names, pin_of, stranger, students, wants_pepper
from sync.collisions import IN_ILS, Collisions, find_collisions
from sync.marks import kept, marks, other_birth_date, person
from sync.milestones import parting, still_of_age
from sync.night import Night
from sync.plan import Change, ChangeKind, Create, Excluded, Matched, Plan, Sorted, had_the_id
from sync.roster import Roster


class Draft:
    """A plan in the making."""

    def __init__(  # noqa: PLR0913 - what a plan is made of
        self,
        connection: Connection,
        night: Night,
        sorted_: Sorted,
        prints: list[bytes],
        awaited: Awaited | None,
        *,
        partial: bool,
    ) -> None:
        self._connection = connection
        self._night = night
        self._served = sorted_.served
        self._prints = prints
        self._awaited = awaited
        self._excluded = dict(sorted_.excluded)
        self._partial = partial
        self._held = overrides.held(connection, night.district.code, night.today)
        self._creates: dict[str, Create] = {}
        self._changes: dict[str, Change] = {}
        self._refreshed: list[tuple[Seen, Seen]] = []
        self._unchanged = 0
        self._suspended = 0
        self._converted = 0
        self._renamed = 0
        self._rekeyed = 0
        self._faults = 0

    def candidates(self, matched: Matched) -> None:
        """Rows whose content, rules or absence may make the patron another."""
        stored = self._records(row.patron_id for _, row in matched.candidates)
        rows = students(self._served, [index for index, _ in matched.candidates])
        for (index, before), student in zip(matched.candidates, rows, strict=True):
            self._compare(stored[before.patron_id], before, student, self._prints[index])

    def newcomers(self, matched: Matched) -> None:
        """Rows that the last roster had not: new people, and people who had left."""
        ids = self._served["source_id"].tolist()
        known = patrons.by_source_id(self._connection, self._night.district.code, [ids[index] for index in matched.new])
        for index, student in zip(matched.new, students(self._served, matched.new), strict=True):
            record = known.get(student.source_id)
            if record and record.presence is Presence.CONVERTED:
                self._converted += 1
                continue
            if record:
                self._compare(record, None, student, self._prints[index])
                continue
            if card := self._card(student):
                pin = pin_of(student, card, self._night)
                found = marks(self._night.key, student)
                self._creates[student.source_id] = Create(card, pin, self._prints[index], found)
        missing = {person(row.marks) for row in matched.missing if row.marks}
        self._rekeyed = sum(1 for create in self._creates.values() if create.marks and person(create.marks) in missing)

    def excluded_now(self, rows: list[Seen]) -> None:
        """Patrons whose row the rules now exclude, or whose exit the roster states, leave at once, or as soon as
        anybody may."""
        stored = self._records(row.patron_id for row in rows)
        for row in rows:
            self._refused(stored[row.patron_id], row, self._excluded[row.source_id].code)

    def _refused(self, record: PatronRecord, row: Seen, code: Exclusion) -> None:
        if code in FAULTS:
            self._faults += 1
            self._seen_all_the_same(row, record)
        elif self._night.season in STANDSTILL:
            self._suspended += 1
        elif code is Exclusion.STATED_EXIT:
            self._part(record, row)
        else:
            self._leave(record, row)

    def missing(self, rows: list[Seen], roster: Roster, same: bool) -> None:
        """Absence is not departure: count it, and only then part. A rejected row is a present student."""
        rejected = {reject.source_id for reject in roster.rejects}
        unreadable = {reject.school for reject in roster.rejects if reject.source_id is None}
        stored = self._records(row.patron_id for row in rows if row.source_id not in rejected or row.missed)
        today = self._night.today
        has_left = cache(lambda missed, since: self._night.calendar.has_left(missed, since, today))
        standing_still = self._night.season is not Season.TERM
        for row in rows:
            if row.source_id in rejected:
                self._seen_all_the_same(row, stored.get(row.patron_id))
                continue
            record = stored[row.patron_id]
            suspended = standing_still or None in unreadable or record.patron.school in unreadable
            missed, since = row.missed + (not same), row.absent_since or today
            if suspended or (same and not row.missed):
                self._suspended += 1
            elif has_left(missed, since):
                self._part(record, row)
            elif not same:
                self._changes[row.source_id] = Change(
                    kind=ChangeKind.ABSENT,
                    before=record,
                    seen_before=row,
                    patron=record.patron,
                    presence=Presence.ABSENT,
                    fingerprint=row.fingerprint,
                    marks=row.marks,
                    missed=missed,
                    absent_since=since,
                )

    def _seen_all_the_same(self, row: Seen, record: PatronRecord | None) -> None:
        """One whose row cannot be used is here: an absence ends, and nothing else is another."""
        if record is None or not row.missed:
            self._unchanged += 1
            return
        self._changes[row.source_id] = Change(
            ChangeKind.SEEN_AGAIN, record, row, record.patron, Presence.PRESENT, row.fingerprint, row.marks
        )

    def finish(self, present: frozenset[str], unchanged: int) -> Plan:
        """Take out whoever claims a number that is another's, and close the plan."""
        night, code = self._night, self._night.district.code
        collisions = find_collisions(
            self._connection, night.key, night.ils_key, code, self._creates, self._changes, present
        )
        self._exclude(collisions)
        unchanged += self._unchanged - sum(1 for source_id in collisions.owners if source_id not in self._changes)
        self._dispossess(collisions.owners)
        return Plan(
            creates=tuple(self._creates.values()),
            changes=tuple(self._changes.values()),
            refreshed=tuple(self._refreshed),
            excluded=self._excluded,
            contested=collisions.contested,
            unchanged=unchanged,
            absence_suspended=self._suspended,
            converted=self._converted,
            renamed=self._renamed,
            rekeyed=self._rekeyed,
            faults=self._faults,
            partial=self._partial,
        )

    def _dispossess(self, owners: Mapping[str, PatronRecord]) -> None:
        """Owners of a number that somebody else claims leave, whatever else was planned for them."""
        if not owners:
            return
        stored = seen.stream(self._connection, self._night.district.code)
        for row in [row for row in stored if row.source_id in owners]:
            self._leave(owners[row.source_id], row)
        self._refreshed = [pair for pair in self._refreshed if pair[0].source_id not in owners]

    def _exclude(self, collisions: Collisions) -> None:
        for source_id, detail in collisions.claimants.items():
            if create := self._creates.pop(source_id, None):
                card = create.patron
            else:
                change = self._changes.pop(source_id)
                card = change.patron
                if change.before.presence in HERE:
                    self._leave(change.before, change.seen_before)
            code = Exclusion.NUMBER_IN_ILS if detail == IN_ILS else Exclusion.NUMBER_COLLISION
            self._excluded[source_id] = Excluded(code, card.student_number, detail, card.role)

    def _compare(self, record: PatronRecord, before: Seen | None, student: Student, fingerprint: bytes) -> None:
        found = marks(self._night.key, student)
        card = self._card(student)
        if card and self._partial and student.birth_date is None:
            card = still_of_age(card, record.patron, self._night.district.rules.of_age)
        renamed = other_names(student, record.patron)
        stored = (before.marks if before else self._left_with(record) if all(renamed) else None) or b""
        reborn = other_birth_date(stored, found)
        if self._partial:
            # One that leaves the birth date out does not make anybody forget it.
            found = kept(found, stored)
        if card and (code := stranger(card, record.patron, all(renamed) and reborn)):
            card = None
            self._exclude_row(student, code, had_the_id(record.patron_id))
        if card is None:
            if before:
                self._refused(record, before, self._excluded[student.source_id].code)
            return
        # A library number is minted once.
        card = replace(card, library_number=record.patron.library_number)
        card = keep(self._night.owners, self._held.get(record.patron_id, ()), record.patron, card)
        self._renamed += any(other_names(card, record.patron)) or reborn
        pin, same_pin, new_pin = self._pin(record, card, student)
        kind = kind_of(record, card, same_pin=same_pin, new_pin=new_pin)
        if kind is None:
            self._unchanged += 1
            if before and (before.fingerprint, before.marks) != (fingerprint, found):
                self._refreshed.append((before, before._replace(fingerprint=fingerprint, marks=found)))
            return
        self._changes[student.source_id] = Change(
            kind, record, before, card, Presence.PRESENT, fingerprint, found, new_pin=new_pin, pin=pin
        )

    def _pin(self, record: PatronRecord, card: Patron, student: Student) -> tuple[str | None, bool, bool]:
        """The PIN that a patron is to have, whether it works now, and whether it is to be stored."""
        pin = pin_of(student, card, self._night)
        if self._awaited:
            # What waits for the ILS is no part of the card.
            pin, new_pin = self._awaited.judge(record, pin, self._night, partial=self._partial)
            return pin, True, new_pin
        same_pin = keeps_pin(record, pin, self._night, partial=self._partial)
        return pin, same_pin, not same_pin or wants_pepper(record, card, pin, self._night)

    def _card(self, student: Student) -> Patron | None:
        made = card_of(student, self._night)
        if isinstance(made, Patron):
            return made
        self._exclude_row(student, made)
        return None

    def _exclude_row(self, student: Student, code: Exclusion, detail: str = "") -> None:
        self._excluded[student.source_id] = Excluded(code, student.student_number, detail, student.role)

    def _left_with(self, record: PatronRecord) -> bytes | None:
        """The marks of one who left, as the change says by which they did."""
        last = runs.last_change(self._connection, record.patron_id)
        return bytes.fromhex(last[1].before.get("marks") or "") if last else None

    def _part(self, record: PatronRecord, before: Seen) -> None:
        """Of one who is gone by the district's word, or missing long enough: left, or graduated."""
        graduates, today = self._night.district.rules.graduates, self._night.today
        self._changes[before.source_id] = parting(record, before, graduates, today)

    def _leave(self, record: PatronRecord, before: Seen | None) -> None:
        source_id = record.patron.source_id
        self._changes[source_id] = Change(ChangeKind.LEAVE, record, before, record.patron, Presence.LEFT)

    def _records(self, patron_ids: Iterable[int]) -> Mapping[int, PatronRecord]:
        return {record.patron_id: record for record in patrons.records(self._connection, list(patron_ids))}
