"""Why does this number work, or not? From what was typed to what each client would be told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from access_service.directory import as_persons, linked, meanings, owners, verified_here
from access_service.domain.access import (
    IN_GOOD_STANDING,
    Answer,
    PinResult,
    Standing,
    judge,
    kept_open,
    wound_down,
)
from access_service.domain.calendar import STANDSTILL, Freeze
from access_service.domain.identifiers import BADGES, IdentifierKind, Reading, fold
from access_service.domain.mapping import Exclusion, MappingRules
from access_service.domain.patron import PatronRecord, Presence
from access_service.domain.pins import PinKind, PinOwner
from access_service.domain.student import Role
from access_service.next_steps import (
    ASK_ILS,
    ILS_PIN,
    NEXT_STEPS,
    NO_PIN,
    NOT_IN_ILS,
    REMEDIES,
    RENEW,
    SKIPPED,
    TEST_CARD,
    UNBLOCK,
)
from access_service.opt_outs import Kind, Ledger, Source
from access_service.pin_vault import PinVault
from access_service.provenance import Provenance, provenance
from access_service.settings import District
from access_service.storage import blocks, chosen_pins, clients, exceptions, freezes, ils, patrons, runs
from access_service.storage.blocks import UNTIL_LIFTED
from access_service.storage.exceptions import ExceptionKind, Granted
from access_service.storage.ils import AccountState
from access_service.storage.patrons import Hit
from access_service.storage.runs import Outcome
from access_service.waits import Waits

GRANTED = {
    ExceptionKind.TEST_CARD: "a test card, which is nobody's,",
    ExceptionKind.SKIP: "the nights leave this student alone",
}
NOT_SERVED = "unknown, for it does not serve this district"
CONTESTED = "contested: rows of two districts make this same library number, so it opens nothing for anybody"
ROSTER_SAID = {
    Presence.PRESENT: "has this {}",
    Presence.ABSENT: "does not have this {}, who is still served",
    Presence.LEFT: "does not have this {}, who left",
    Presence.GRADUATED: "does not have this {}, who graduated",
    Presence.CONVERTED: "is not asked: this is a full library card",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`lines` are the story in order, `next_step` what a person can do now; `fields` say where each of the card's has
    its value from."""

    standing: Standing
    lines: tuple[str, ...]
    next_step: str
    fields: Mapping[str, Provenance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the last roster's row of a number got no card."""

    code: Exclusion
    detail: str

    def __str__(self) -> str:
        return f"{self.code} ({self.detail})"


@dataclass(frozen=True, slots=True)
class Explainer:
    """Follows a number, as typed or scanned, through all districts. Names and PINs are never in what it says."""

    connection: Connection
    districts: Mapping[str, District]
    vault: PinVault
    now: datetime
    pin_owner: PinOwner = PinOwner.SERVICE
    relay: bool = False

    def explain(self, typed: str) -> Explanation:
        """How it was read, whom it found, what roster and rules said, what each client would be told, what to do."""
        meant, hits = self._found(typed)
        people = {hit.record.patron_id: (hit, hit.record) for hit in hits if hit.record}
        read = _read_as(meant)
        if len(people) < len({hit.record.patron_id if hit.record else 0 for hit in hits}):
            return Explanation(Standing.AMBIGUOUS, (read, CONTESTED), REMEDIES[Exclusion.NUMBER_COLLISION])
        if len(people) > 1:
            could_be = (f"could be {_who(record)}" for _, record in people.values())
            return Explanation(Standing.AMBIGUOUS, (read, *could_be), NEXT_STEPS[Standing.AMBIGUOUS])
        if not people:
            return self._nobody(read, meant, self._relaying(typed))
        ((_, record),) = people.values()
        kinds = sorted({hit.kind.replace("_", " ") for hit in hits})
        return self._one(record, (read, f"found by its {' and '.join(kinds)}: {_who(record)}"))

    def people(self, typed: str) -> list[PatronRecord]:
        """Everybody whom a number could mean; of linked cards the one that counts."""
        return list({hit.record.patron_id: hit.record for hit in self._found(typed)[1] if hit.record}.values())

    def of(self, record: PatronRecord) -> Explanation:
        """The same of a patron who is found already."""
        return self._one(record, (_who(record),))

    def _found(self, typed: str) -> tuple[frozenset[tuple[str, Reading]], list[Hit]]:
        meant = meanings(typed, {code: district.rules for code, district in self.districts.items()})
        return meant, self._hits(meant) if meant else []

    def _one(self, record: PatronRecord, found: tuple[str, ...]) -> Explanation:
        district = self.districts[record.patron.district]
        today = self.now.astimezone(district.zone).date()
        frozen = freezes.read(self.connection).get(district.code, ())
        last_day = district.agreement.last_day
        standing = judge(wound_down(kept_open(record, frozen, today), last_day), today)
        waits = Waits(self.connection, self.districts, self.now)
        told = tuple(self._told(record, standing, waits))
        if record.patron.role is Role.TEST_CARD:
            story = *self._granted(record), "a PIN was set" if record.has_pin else "no PIN was set"
            return Explanation(standing, (*found, *story, *told), TEST_CARD)
        left = record.presence is Presence.LEFT
        refused = self._exclusion(record.patron.district, [fold(record.patron.student_number)]) if left else None
        story = (
            *self._roster(record, refused),
            *_calendar(district, frozen, today),
            *_rules(record, district.rules),
            _pin(record, district, self.pin_owner),
            *waits.guessed(record),
            *self._blocked(record, today),
            *self._granted(record),
            *self._in_ils(record),
        )
        next_step = REMEDIES[refused.code] if refused else NEXT_STEPS[standing]
        if record.presence is Presence.CONVERTED and standing is Standing.EXPIRED:
            next_step = "give it a new date with `access-service patron convert`"
        elif standing is Standing.EXPIRED and today > last_day:
            next_step = RENEW
        elif standing is Standing.BLOCKED and not record.blocked:
            next_step = UNBLOCK
        if standing in IN_GOOD_STANDING and not verified_here(record, self.pin_owner):
            next_step = ILS_PIN
        elif standing in IN_GOOD_STANDING and not record.has_pin:
            next_step = NO_PIN
        else:
            next_step = waits.step(record) or next_step
        next_step = self._not_in_ils(record, next_step)
        fields = provenance(self.connection, record, district)
        return Explanation(standing, (*found, *story, *told), next_step, fields)

    def _hits(self, meant: frozenset[tuple[str, Reading]]) -> list[Hit]:
        hits = owners(patrons.find(self.connection, {r.key for _, r in meant}, ""), meant)
        persons = linked(hits)
        if not persons:
            return hits
        cards = patrons.of_persons(self.connection, persons, "")
        return as_persons(hits, (card for card in cards if card.record.patron.district in self.districts))

    def _nobody(self, read: str, meant: frozenset[tuple[str, Reading]], relaying: list[str]) -> Explanation:
        if told := next(self._opted_out(meant), None):
            return Explanation(Standing.OPTED_OUT, (read, *told), NEXT_STEPS[Standing.OPTED_OUT])
        for code in sorted(self.districts):
            keys = [r.key for c, r in meant if c == code and r.kind in BADGES]
            if granted := self._skipped(code, keys):
                why = f"exception {granted.exception} of {code}: {GRANTED[granted.kind]} through {granted.until}"
                return Explanation(Standing.UNKNOWN, (read, f"{why}: {granted.reason}"), SKIPPED)
            if refused := self._exclusion(code, keys):
                why = f"the last roster of {code} has it and gave it no card: {refused}"
                return Explanation(Standing.UNKNOWN, (read, why), REMEDIES[refused.code])
        rosters = [line for code in sorted(self.districts) for line in self._last_roster(code)]
        if relaying:
            asked = f"it can be a cardholder's: for client {', '.join(relaying)} the ILS is asked ([relay])"
            return Explanation(Standing.UNKNOWN, (read, *rosters, asked), ASK_ILS.format(relaying[0]))
        return Explanation(Standing.UNKNOWN, (read, *rosters), NEXT_STEPS[Standing.UNKNOWN])

    def _blocked(self, record: PatronRecord, today: date) -> Iterator[str]:
        block = blocks.of_cards(self.connection, chosen_pins.cards(self.connection, record))
        if block and block.until >= today:
            ends = "until that is lifted" if block.until == UNTIL_LIFTED else f"through {block.until}"
            yield f"the library blocks the card {ends}, by {block.by} on {block.at:%Y-%m-%d}: {block.reason}"

    def _in_ils(self, record: PatronRecord) -> Iterator[str]:
        if record.blocked:
            yield "the ILS blocks the card, by its newest extract"
        if account := ils.accounts(self.connection, [record.patron_id]).get(record.patron_id):
            why = f" since {account.reason_on}: {account.reason}" if account.reason_on else ""
            yet = account.made and account.told == "{}" and account.state == AccountState.SENT
            yield f"in the ILS: {'to be told by the next load' if yet else AccountState(account.state).words}{why}"

    def _not_in_ils(self, record: PatronRecord, next_step: str) -> str:
        """What to do about a card that works here and not in the ILS; the step given where it is another case."""
        if next_step not in (NEXT_STEPS[Standing.ACTIVE], ILS_PIN):
            return next_step
        account = ils.accounts(self.connection, [record.patron_id]).get(record.patron_id)
        return NOT_IN_ILS.get(AccountState(account.state), next_step) if account else next_step

    def _granted(self, record: PatronRecord) -> Iterator[str]:
        if granted := exceptions.of_patron(self.connection, record.patron_id):
            yield f"exception {granted.exception}: {GRANTED[granted.kind]} through {granted.until}: {granted.reason}"

    def _skipped(self, code: str, keys: list[str]) -> Granted | None:
        """The exception by which nights leave a student alone who is no patron."""
        marks = {mark for key in keys for mark in self.vault.marks("skip number", code, key)}
        return next((each for each in exceptions.of_district(self.connection, code) if each.number_mark in marks), None)

    def _opted_out(self, meant: frozenset[tuple[str, Reading]]) -> Iterator[tuple[str, ...]]:
        """What the ledgers say of a number that is no patron's."""
        told = Answer(Standing.OPTED_OUT, PinResult.UNCHECKED).told_standing
        for code in sorted(self.districts):
            ledger = Ledger.read(self.connection, self.vault, code)
            read = [(r.kind.value, r.key) for c, r in sorted(meant) if c == code]
            rows = (ledger.find((kind, key)) for kind in Kind for name, key in read if name == kind.value)
            for row in filter(None, rows):
                who = "the library" if row.source == Source.LIBRARY else "the district's roster"
                yield (
                    f"opted out of {code} on {row.added_on}, by {who} (opt-out {row.entry}, {row.by})",
                    *(f"client {client.name} is told: {told}" for _, client in clients.active(self.connection)),
                )

    def _exclusion(self, code: str, keys: list[str]) -> Refused | None:
        marks = [self.vault.mark("excluded", code, key) for key in keys]
        found = runs.exclusion(self.connection, code, marks)
        return Refused(Exclusion(found[0]), found[1] or "this row") if found else None

    def _last_roster(self, code: str) -> Iterator[str]:
        last = runs.latest(self.connection, code, (*runs.GOOD_NIGHTS, *runs.CHANGING))
        if last is None:
            yield f"not in {code}: no roster of it was ever applied"
        else:
            yield f"not in {code}, whose last roster was read {last.started_at:%Y-%m-%d %H:%M} UTC (run {last.run_id})"
        yield from self._since(code, last.run_id if last else 0)

    def _roster(self, record: PatronRecord, refused: Refused | None) -> Iterator[str]:
        if last := runs.latest(self.connection, record.patron.district, (*runs.GOOD_NIGHTS, *runs.CHANGING)):
            hours = (self.now - last.started_at).total_seconds() / 3600
            role = record.patron.role
            said = ROSTER_SAID[record.presence].format(role) + (f" on {record.left_on}" if record.left_on else "")
            if refused:
                said = f"has this {role} and gives no card: {refused}; the card ended on {record.left_on}"
            yield f"the last roster (run {last.run_id}, {hours:.0f} h ago) {said}"
            yield from self._since(record.patron.district, last.run_id)
        yield f"card made {record.created_on}, last changed {record.updated_on}"
        if change := runs.last_change(self.connection, record.patron_id):
            run_id, what = change
            yield f"last change: {what.kind} by run {run_id}, of {', '.join(sorted(what.after)) or 'no other value'}"

    def _told(self, record: PatronRecord, standing: Standing, waits: Waits) -> Iterator[str]:
        for _, client in clients.active(self.connection):
            serves = record.patron.district in client.districts
            told = Answer(standing, PinResult.UNCHECKED).told_standing if serves else NOT_SERVED
            yield f"client {client.name} is told: {told}{waits.at(record, client)}"

    def _relaying(self, typed: str) -> list[str]:
        """For which clients the ILS is asked about a number that is nobody's."""
        if not (self.relay and fold(typed)):
            return []
        return [client.name for _, client in clients.active(self.connection) if client.options.relay]

    def _since(self, code: str, good: int) -> Iterator[str]:
        """What became of the night after the last good one, if it did not end well."""
        last = runs.latest(self.connection, code, (Outcome.HELD, Outcome.FAILED))
        if last and last.run_id > good:
            reasons = [finding["text"] for finding in last.report.get("findings", [])]
            yield f"run {last.run_id} after it was {last.outcome}: {'; '.join(reasons) or last.report.get('error')}"


def _read_as(meant: frozenset[tuple[str, Reading]]) -> str:
    kinds = (*BADGES, IdentifierKind.LIBRARY_NUMBER)
    read = sorted(f"{r.kind.replace('_', ' ')} {r.key} of {code}" for code, r in meant if r.kind in kinds)
    return "read as " + ("; ".join(read) or "nothing: this is no number")


def _who(record: PatronRecord) -> str:
    patron = record.patron
    grade = f"grade {patron.grade}" if patron.role is Role.STUDENT else patron.role
    known = f" (clients are told {record.told_id}: the elder of two that are linked)" if record.person else ""
    return f"patron {record.patron_id}{known} of {patron.district}, school {patron.school}, {grade}"


def _calendar(district: District, frozen: Iterable[Freeze], today: date) -> Iterator[str]:
    """Why nobody leaves today, where that is so, and when all of them will."""
    for freeze in frozen:
        if freeze.holds(today):
            yield f"{district.code} is frozen since {freeze.first} ({freeze.reason}): nobody expires or leaves"
    season = district.calendar.season(today)
    if season in STANDSTILL:
        yield f"by [calendar] it is {season.replace('_', ' ')}: nobody becomes absent or leaves"
    if warning := district.agreement.warning(today):
        yield warning


def _rules(record: PatronRecord, rules: MappingRules) -> Iterator[str]:
    patron = record.patron
    own = rules.educators if patron.role is Role.EDUCATOR else rules
    if own is None:
        yield f"library number {patron.library_number}; the rules have no [rules.educators] any more"
        return
    badge = patron.number_kind.removesuffix("_number")
    yield f"library number {patron.library_number} (template {own.library_number}), {badge} {patron.student_number}"
    yield f"branch {patron.branch} because of school {patron.school}"
    band = rules.band_of.get(patron.grade)
    why = f"because of grade {patron.grade}" if patron.role is Role.STUDENT else f"because of role {patron.role}"
    if band and band.patron_type != patron.patron_type:
        why = "by [rules.of_age]" if record.presence is not Presence.CONVERTED else "as the desk said"
    yield f"patron type {patron.patron_type}, profile {patron.profile or 'none'} {why}"
    if record.presence in (Presence.GRADUATED, Presence.CONVERTED):
        yield f"expires {patron.expires}"
        return
    yield f"expires {patron.expires}: cards end on {own.expiry.expires}, and the pivot is {own.expiry.pivot}"


def _pin(record: PatronRecord, district: District, owner: PinOwner) -> str:
    if not verified_here(record, owner):
        return "the PIN is the ILS's ([pins] owner): none is known here, and [relay] asks the ILS"
    if record.chosen:
        return f"the PIN was chosen on {record.chosen.since}; the issued one opens nothing"
    rule = district.rules.terms.get(record.patron.role, district.rules).pin
    if record.pin_digest is None:
        return "no PIN was issued"
    return f"PIN issued by the rule {rule.rule}" + (f" {rule.digits}" if rule.rule is PinKind.LAST else "")
