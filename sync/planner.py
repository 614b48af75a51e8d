"""From a roster and what is stored to a Plan. Only rows that may differ become students."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from hashlib import sha256

from sqlalchemy import Connection

from access_service.domain.calendar import STANDSTILL, Freeze, SchoolCalendar, Season
from access_service.domain.mapping import FAULTS, Exclusion, at_age, to_patron
from access_service.domain.ownership import FieldOwners, keep
from access_service.domain.patron import HERE, Patron, PatronRecord, Presence
from access_service.domain.pins import PinKind, Reissue, issued_pin
from access_service.domain.student import Role, Student
from access_service.opt_outs import Ledger
from access_service.pin_vault import PinVault
from access_service.settings import District
from access_service.storage import overrides, patrons, runs, seen
from access_service.storage.runs import DistrictState
from access_service.storage.seen import Seen
from sync.collisions import Collisions, find_collisions
from sync.marks import kept, marks, other_birth_date, person
from sync.milestones import come_of_age, parting, still_of_age
from sync.opted_out import OptedOut, without_opted_out
from sync.plan import ROLES, Change, ChangeKind, Create, Excluded, Matched, Plan, Sorted, had_the_id, match, sort_roster
from sync.profile import Profile
from sync.roster import COLUMNS, Roster, content, fingerprints
from sync.rules import Rules, rules_of
from sync.skips import left_alone, standing, taken_up_again

# Raise it when to_patron or issued_pin gives another answer to the same facts: every row is then worked out again.
MAPPING_VERSION = 2

# Student's fields in their order.
STUDENT_COLUMNS = tuple(name for name in Student.__dataclass_fields__ if name in COLUMNS)


@dataclass(frozen=True)
class Night:
    """For whom and when a plan is made. `key` is the fingerprint key, which only the night holds; `freezes` are all
    that the district ever had."""

    district: District
    today: date
    vault: PinVault
    key: bytes
    freezes: tuple[Freeze, ...] = ()

    @cached_property
    def calendar(self) -> SchoolCalendar:
        return self.district.calendar.frozen_in(self.freezes, self.today)

    @cached_property
    def season(self) -> Season:
        return self.calendar.season(self.today)

    @cached_property
    def reissues_pins(self) -> Mapping[Role, bool]:
        """By role whether a changed fact changes a PIN tonight that was issued before."""
        rules = {role: terms.pin.reissue for role, terms in self.district.rules.terms.items()}
        window = self.calendar.reissues_pins(self.today)
        return {role: rule is Reissue.ALWAYS or (rule is Reissue.WINDOW and window) for role, rule in rules.items()}

    @cached_property
    def expires(self) -> Mapping[Role, date]:
        """The last day of a card that is seen today, by role."""
        return {role: terms.expiry.date_for(self.today) for role, terms in self.district.rules.terms.items()}

    @cached_property
    def owners(self) -> FieldOwners:
        return self.district.rules.owners.agreed(self.district.agreement.fields)

    @cached_property
    def rules(self) -> Rules:
        return rules_of(self.district)

    @property
    def basis(self) -> str:
        """What a stored patron was made from besides its row. When it differs, every row is worked out again: at the
        pivot, when the days of an issue of PINs begin, and when those end on which nobody leaves."""
        days = sorted(self.expires.items()), self.season in STANDSTILL, sorted(self.reissues_pins.items())
        facts = MAPPING_VERSION, self.rules.version, days, self.vault.key_id
        return sha256(repr(facts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and basis, digest and profile of the last complete roster: tonight's, unless it was partial.

    `basis` is "" where a partial roster was mapped by other rules than the last complete one, for then no row can be
    taken for what the rules make of it; `profile` is None where nothing is known of any complete one."""

    plan: Plan
    basis: str
    content: bytes
    profile: Profile | None
    opted_out: OptedOut


def make_plan(connection: Connection, night: Night, roster: Roster, state: DistrictState | None) -> Planned:
    """What this roster would change tonight. A partial one is `completed`. `connection` is a snapshot; nothing is
    written."""
    rules, ledger = night.district.rules, Ledger.read(connection, night.vault, night.district.code)
    opted = without_opted_out(connection, ledger, rules, roster)
    sorted_ = sort_roster(opted.roster, rules)
    sorted_ = replace(sorted_, excluded={**sorted_.excluded, **opted.excluded})
    ids = sorted_.served["source_id"].tolist()
    rows = fingerprints(sorted_.served, night.key)
    # A birthday is no other content: nobody would be missing from another roster by it.
    prints = come_of_age(sorted_.served, rows, night.district.rules.of_age, night.today)
    everyone = state is None or state.basis != night.basis
    stored = seen.stream(connection, night.district.code)
    again = taken_up_again(connection, night.district.code, night.today, stored)
    everybody = match(ids, prints, again, sorted_, everyone)
    skips = standing(connection, night.district.code, night.today)
    matched, skipped = left_alone(skips, night.district, night.vault, sorted_.served, everybody)
    found = state.content if state and roster.partial else content(rows + fingerprints(opted.rows, night.key))
    draft = Draft(connection, night, sorted_, prints, partial=roster.partial)
    draft.candidates(matched)
    forgotten = {record.patron_id for record in opted.gone}
    draft.excluded_now([row for row in matched.excluded if row.patron_id not in forgotten])
    if not roster.partial:
        draft.missing(matched.missing, roster, same=state is not None and state.content == found)
    draft.newcomers(matched)
    unnamed = len(matched.missing) if roster.partial else 0
    plan = draft.finish(frozenset(ids) - skipped, matched.unchanged + unnamed)
    plan = replace(plan, skipped=everybody.touched - matched.touched, forgotten=opted.gone)
    basis = "" if everyone and roster.partial else night.basis
    return Planned(plan, basis, found, _profile(night, roster, state), opted)


def _profile(night: Night, roster: Roster, state: DistrictState | None) -> Profile | None:
    if not roster.partial:
        return Profile.of(roster, night.district.agreement.fields, night.rules.version)
    last = Profile.from_json(state.profile) if state and state.profile else None
    return last and replace(last, orgs={**last.orgs, **roster.orgs})


class Draft:
    """A plan in the making."""

    def __init__(
        self,
        connection: Connection,
        night: Night,
        sorted_: Sorted,
        prints: list[bytes],
        *,
        partial: bool,
    ) -> None:
        self._connection = connection
        self._night = night
        self._served = sorted_.served
        self._prints = prints
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
        students = self._students([index for index, _ in matched.candidates])
        for (index, before), student in zip(matched.candidates, students, strict=True):
            self._compare(stored[before.patron_id], before, student, self._prints[index])

    def newcomers(self, matched: Matched) -> None:
        """Rows that the last roster had not: new people, and people who had left."""
        ids = self._served["source_id"].tolist()
        known = patrons.by_source_id(self._connection, self._night.district.code, [ids[index] for index in matched.new])
        for index, student in zip(matched.new, self._students(matched.new), strict=True):
            record = known.get(student.source_id)
            if record and record.presence is Presence.CONVERTED:
                self._converted += 1
                continue
            if record:
                self._compare(record, None, student, self._prints[index])
                continue
            mapped = self._map(student)
            if isinstance(mapped, Patron):
                pin = self._pin(student, mapped)
                found = marks(self._night.key, student)
                self._creates[student.source_id] = Create(mapped, pin, self._prints[index], found)
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
        key, code = self._night.key, self._night.district.code
        collisions = find_collisions(self._connection, key, code, self._creates, self._changes, present)
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
            self._excluded[source_id] = Excluded(Exclusion.NUMBER_COLLISION, card.student_number, detail, card.role)

    def _compare(self, record: PatronRecord, before: Seen | None, student: Student, fingerprint: bytes) -> None:
        found = marks(self._night.key, student)
        mapped = self._map(student)
        if mapped and self._partial and student.birth_date is None:
            mapped = still_of_age(mapped, record.patron, self._night.district.rules.of_age)
        renamed = _other_names(student, record.patron)
        stored = (before.marks if before else self._left_with(record) if all(renamed) else None) or b""
        reborn = other_birth_date(stored, found)
        if self._partial:
            # One that leaves the birth date out does not make anybody forget it.
            found = kept(found, stored)
        if mapped and (code := _stranger(mapped, record.patron, all(renamed) and reborn)):
            mapped = None
            self._exclude_row(student, code, had_the_id(record.patron_id))
        if mapped is None:
            if before:
                self._refused(record, before, self._excluded[student.source_id].code)
            return
        # A library number is minted once.
        mapped = replace(mapped, library_number=record.patron.library_number)
        mapped = keep(self._night.owners, self._held.get(record.patron_id, ()), record.patron, mapped)
        self._renamed += any(_other_names(mapped, record.patron)) or reborn
        pin = self._pin(student, mapped)
        same_pin = self._same_pin(record, pin)
        new_pin = not same_pin or (
            pin is not None
            and record.pin_key != self._night.vault.key_id
            and (self._night.reissues_pins[mapped.role] or self._night.vault.matches(record, pin))
        )
        kind = _kind(record, mapped, same_pin, new_pin)
        if kind is None:
            self._unchanged += 1
            if before and (before.fingerprint, before.marks) != (fingerprint, found):
                self._refreshed.append((before, before._replace(fingerprint=fingerprint, marks=found)))
            return
        self._changes[student.source_id] = Change(
            kind, record, before, mapped, Presence.PRESENT, fingerprint, found, new_pin=new_pin, pin=pin
        )

    def _exclude_row(self, student: Student, code: Exclusion, detail: str = "") -> None:
        self._excluded[student.source_id] = Excluded(code, student.student_number, detail, student.role)

    def _left_with(self, record: PatronRecord) -> bytes | None:
        """The marks of one who left, as the change says by which they did."""
        last = runs.last_change(self._connection, record.patron_id)
        return bytes.fromhex(last[1].before.get("marks") or "") if last else None

    def _same_pin(self, record: PatronRecord, pin: str | None) -> bool:
        if record.pin_digest is not None and not self._night.reissues_pins[record.patron.role]:
            return True
        if pin is None:
            # A partial roster that leaves the birth date out does not take the PIN away.
            return self._partial or record.pin_digest is None
        return self._night.vault.matches(record, pin)

    def _map(self, student: Student) -> Patron | None:
        night, role, rules = self._night, student.role, self._night.district.rules
        mapped = to_patron(student, rules, night.district.code, night.expires.get(role, night.today))
        if isinstance(mapped, Patron):
            mapped = at_age(mapped, student.birth_date, rules, night.today)
        if isinstance(mapped, Exclusion):
            self._exclude_row(student, mapped)
            return None
        return mapped

    def _pin(self, student: Student, card: Patron) -> str | None:
        rule = self._night.district.rules.terms[card.role].pin
        if rule.rule is PinKind.LAST:
            # Of the number on the badge: a cell can hold "12345@school.example".
            student = replace(student, student_number=card.student_number)
        return issued_pin(rule, student, self._night.today)

    def _part(self, record: PatronRecord, before: Seen) -> None:
        """Of one who is gone by the district's word, or missing long enough: left, or graduated."""
        graduates, today = self._night.district.rules.graduates, self._night.today
        self._changes[before.source_id] = parting(record, before, graduates, today)

    def _leave(self, record: PatronRecord, before: Seen | None) -> None:
        source_id = record.patron.source_id
        self._changes[source_id] = Change(ChangeKind.LEAVE, record, before, record.patron, Presence.LEFT)

    def _records(self, patron_ids: Iterable[int]) -> Mapping[int, PatronRecord]:
        return {record.patron_id: record for record in patrons.records(self._connection, list(patron_ids))}

    def _students(self, indexes: Sequence[int]) -> Iterator[Student]:
        """The students at these positions of the served frame."""
        columns = [self._served[name].tolist() for name in STUDENT_COLUMNS]
        dates: dict[str, date | None] = {"": None}
        for index in indexes:
            source_id, number, school, grade, given, family, born, pin, role, state_id = (
                cells[index] for cells in columns
            )
            if born not in dates:
                dates[born] = date.fromisoformat(born)
            yield Student(source_id, number, school, grade, given, family, dates[born], pin, ROLES[role], state_id)


def _stranger(mapped: Patron, stored: Patron, other_person: bool) -> Exclusion | None:
    """Why the row with a patron's id may be somebody else's, who must not get the card."""
    if other_person:
        return Exclusion.ID_RECYCLED
    return Exclusion.ROLE_CHANGED if mapped.role is not stored.role else None


def _other_names(student: Student | Patron, patron: Patron) -> tuple[bool, bool]:
    """Whether given and family name are others than the stored ones; a blank is not another name."""
    names = (student.given_name, patron.given_name), (student.family_name, patron.family_name)
    given, family = (bool(now and then) and now != then for now, then in names)
    return given, family


def _kind(record: PatronRecord, mapped: Patron, same_pin: bool, new_pin: bool) -> ChangeKind | None:
    """What kind of change this is, or None where it is none."""
    if record.presence not in HERE:
        return ChangeKind.RETURN
    if not same_pin or replace(mapped, expires=record.patron.expires) != record.patron:
        return ChangeKind.UPDATE
    if record.presence is Presence.ABSENT:
        return ChangeKind.SEEN_AGAIN
    return ChangeKind.RENEW if new_pin or mapped.expires != record.patron.expires else None
