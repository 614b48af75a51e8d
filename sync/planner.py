"""From a roster and what is stored to a Plan. Only rows that may differ become students."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from access_service.domain.pins import PinOwner
from access_service.opt_outs import Ledger
from access_service.storage import seen
from access_service.storage.runs import DistrictState
from sync.awaited import Awaited
from sync.draft import Draft
from sync.milestones import come_of_age
from sync.night import Night
from sync.opted_out import OptedOut, without_opted_out
from sync.plan import Plan, match, sort_roster
from sync.profile import Profile
from sync.roster import Roster, content, fingerprints
from sync.skips import left_alone, standing, taken_up_again


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
    awaited = Awaited.read(connection, night) if night.pin_owner is PinOwner.ILS else None
    again = awaited.wanting(again) if awaited else again
    everybody = match(ids, prints, again, sorted_, everyone)
    skips = standing(connection, night.district.code, night.today)
    matched, skipped = left_alone(skips, night.district, night.vault, sorted_.served, everybody)
    found = state.content if state and roster.partial else content(rows + fingerprints(opted.rows, night.key))
    draft = Draft(connection, night, sorted_, prints, awaited, partial=roster.partial)
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
