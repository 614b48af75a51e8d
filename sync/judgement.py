"""From the roster that landed to a plan, and why a person should look at it before it is applied."""

from collections.abc import Mapping
from dataclasses import replace

from access_service.domain.calendar import Season
from access_service.domain.pins import PinOwner
from access_service.errors import OperatorError
from access_service.opt_outs import Ledger
from access_service.storage import exceptions, ils, runs, seen
from access_service.storage.engine import snapshot
from access_service.storage.runs import DistrictState
from sync.acceptance import rules_reasons
from sync.arrival import opened, written
from sync.drift import drifted, opt_outs_drifted
from sync.findings import Findings
from sync.formats import read_package
from sync.formats.reader import Reader
from sync.guard import Facts, Finding, Verdict, judge
from sync.night import Night
from sync.opted_out import keeping_none_of
from sync.order import Job, timed
from sync.package import Package
from sync.partial import completed
from sync.planner import Planned, make_plan
from sync.precedents import file_reasons
from sync.profile import Profile
from sync.report import Report
from sync.roster import BadRosterError, Roster
from sync.sftp import Landed
from sync.tally import amounts, groups


def last_state(job: Job) -> DistrictState | None:
    """What the last applied run left behind. Errors: OperatorError for a replay before there was one."""
    with job.databases.reader.connect() as connection:
        state = runs.state(connection, job.code)
    if job.replay and not state:
        raise OperatorError(
            f"no roster of {job.code} was applied yet; kept rows are added to one, so run the next first"
        )
    return state


def same_file(job: Job, landed: Landed, night: Night, state: DistrictState | None) -> bool:
    """The bytes and the rules of the last run, and nobody who is another by them now, or may be of age today:
    only the file knows the birthdays."""
    if (
        job.replay
        or night.district.rules.of_age
        or state is None
        or state.file_sha256 != landed.sha256
        or state.basis != night.basis
    ):
        return False
    with job.databases.reader.connect() as connection:
        ended = exceptions.anyone_ended(connection, job.code, night.today)
        refused = night.pin_owner is PinOwner.ILS and ils.refused_without_pin(connection, job.code)
        return not (ended or refused or seen.anyone_due(connection, job.code))


def plan_for(  # noqa: PLR0913, PLR0917 - all that a night is made of
    job: Job, night: Night, landed: Landed, state: DistrictState | None, report: Report, found: Findings
) -> Planned:
    last = Profile.from_json(state.profile) if state and state.profile else None
    with opened(job, landed) as package:
        with timed(job, report, "read"):
            roster = _read(job, package, night, last.orgs if last else {})
        report.read(_as_the_district_knows(job, roster))
        report.facts |= seasonal(night)
        kept = _kept(job, night, roster)
        again = Reader(package, night.district, night.today)
        try:
            _refuse(job, roster, landed, state)
        except BadRosterError:
            found.refused(again, kept)
            raise
        with timed(job, report, "plan"), snapshot(job.databases) as connection:
            if roster.partial:
                roster = completed(connection, job.code, roster, mended=job.replay is not None)
            planned = make_plan(connection, night, roster, state)
        found.planned(again, roster, kept, planned.plan.excluded)
    limits = night.district.limits.on(night.today)
    facts = Facts(
        population=state.population if state else 0,
        size=landed.size,
        last_size=state.file_size if state and not roster.partial else 0,
        amounts=amounts(planned.plan),
        groups=groups(planned.plan, last) if last else (),
    )
    # Who is newly missing, and not who was missing before as well, as counts have it.
    report.facts["removals"] = facts.amounts.get(Finding.REMOVALS, 0)
    with job.databases.reader.connect() as connection:
        reasons = (
            *rules_reasons(connection, job.code, night.rules, report),
            *file_reasons(connection, job, landed, state, partial=roster.partial),
            *judge(facts, limits),
        )
    if last and planned.profile and not roster.partial:
        reasons += drifted(last, planned.profile, limits, night.district.rules.schools.keys())
    if planned.profile and not roster.partial:
        reasons += tuple(opt_outs_drifted(last, planned.profile, limits))
    report.planned(roster, planned.plan, reasons)
    if report.verdict is Verdict.REMOVALS_WAIT:
        return replace(planned, plan=planned.plan.without_removals())
    return planned


def seasonal(night: Night) -> dict[str, str]:
    """What the calendar says of tonight, where it is not an ordinary night."""
    if night.season is Season.TERM:
        return {}
    why = [freeze.reason for freeze in night.freezes if freeze.holds(night.today)]
    return {"calendar": night.season.value} | ({"frozen": why[0]} if why else {})


def _kept(job: Job, night: Night, roster: Roster) -> Roster:
    with job.databases.reader.connect() as connection:
        return keeping_none_of(Ledger.read(connection, night.vault, job.code), roster)


def _read(job: Job, package: Package, night: Night, orgs: Mapping[str, str]) -> Roster:
    roster = read_package(package, night.district, night.today, orgs, partial=job.replay is not None)
    # Whatever a format makes of it: taken for a complete roster, kept rows would make everybody else absent.
    return replace(roster, partial=True) if job.replay else roster


def _as_the_district_knows(job: Job, roster: Roster) -> Roster:
    """The lines of a replay are those of the file that the rows came in."""
    if not job.replay:
        return roster
    return replace(roster, rejects=tuple(map(job.replay.origin, roster.rejects)))


def _refuse(job: Job, roster: Roster, landed: Landed, state: DistrictState | None) -> None:
    """Above a ceiling of bad rows the whole file is bad; so is a complete one without a student, and a partial one
    before there is anything that it could be a part of, or older than that. Kept rows were bad before."""
    if job.replay:
        if roster.frame.empty:
            raise BadRosterError("none of these rows can be used yet; `roster-sync quarantine show` says what to mend")
        return
    limits, bad = job.district.limits, len(roster.rejects)
    if bad > max(limits.rejects_count, int(roster.rows * limits.rejects_percent / 100)):
        first = roster.rejects[0]
        raise BadRosterError(
            f"{bad} of {roster.rows} rows cannot be used (first: {first.file} line {first.line}, {first.code});"
            " ask the district for another export"
        )
    if roster.partial and state is None:
        raise BadRosterError("says only what changed, and there is no roster yet; ask the district for all (bulk) once")
    if roster.partial and state and written(job, landed) < state.seen_at:
        raise BadRosterError(
            f"says only what changed, and was written {landed.modified:%Y-%m-%d %H:%M} UTC, before the roster that was"
            " applied last; ask the district for a newer one, or for all (bulk)"
        )
    if roster.students.empty and not roster.partial:
        raise BadRosterError(f"none of {roster.rows} rows is a student's; ask the district what its roles mean")
