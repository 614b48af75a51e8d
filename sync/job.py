"""The night: fetch, read, plan, guard, apply. Preview is the same code without the last step."""

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from access_service.errors import ConfigError, OperatorError, StorageError
from access_service.examples import check_examples
from access_service.pin_vault import PinVault
from access_service.settings import District, Settings, secret
from access_service.storage import peppers, runs, schema, seen
from access_service.storage.engine import Databases, database_errors, snapshot
from access_service.storage.runs import DistrictState, Outcome
from sync.apply import Publication, apply, exclusively
from sync.drift import drifted
from sync.formats import read_package
from sync.guard import Facts, Verdict, judge
from sync.package import open_package
from sync.plan import ChangeKind, Plan
from sync.planner import Night, Planned, make_plan
from sync.profile import Profile
from sync.report import Report
from sync.roster import BadRosterError, Roster
from sync.sftp import Landed, credentials, fetch
from sync.tally import amounts, groups

KEY_VARIABLE = "SYNC_KEY"
MIN_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Job:
    """One district's night. `file` is a roster on this machine, in place of the feed; `phase` hears what goes on."""

    settings: Settings
    databases: Databases
    code: str
    started_by: str
    file: Path | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    phase: Callable[[str], None] = lambda _: None

    @property
    def district(self) -> District:
        return self.settings.district(self.code)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """A million rows make millions of objects that live to the end; collections would walk them for nothing."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def preview(job: Job) -> Report:
    """What a run would do now. Writes nothing; errors are OperatorError."""
    report = Report(job.code, preview=True)
    alone = exclusively(job.databases, job.settings.service.spool, job.code)
    with database_errors(), alone, _collector_at_rest(), _landed(job, report) as (landed, night):
        state = _state(job)
        if _same_file(job, landed, night, state):
            report.outcome = Outcome.SAME_FILE
        else:
            planned = _plan(job, night, landed, state, report)
            report.outcome = _outcome(planned.plan, state, report.verdict)
    return report


def run(job: Job) -> Report:
    """One night: a row in the ledger whatever happens, and either all of the plan or none of it."""
    report = Report(job.code, preview=False)
    with database_errors():
        schema.check(job.databases)
        rules_version = Night(job.district, job.now().date(), PinVault.from_environment(), b"").rules_version
        with exclusively(job.databases, job.settings.service.spool, job.code):
            with job.databases.writer.begin() as connection:
                report.run_id = runs.begin(connection, job.code, job.started_by, rules_version, job.now())
            try:
                _run(job, report)
            except OperatorError as error:
                _fail(job, report, str(error))
                raise
            except BaseException as error:
                _fail(job, report, error.__class__.__name__)
                raise
    return report


def _run(job: Job, report: Report) -> None:
    with _collector_at_rest(), _landed(job, report) as (landed, night):
        state = _state(job)
        if _same_file(job, landed, night, state):
            with job.databases.writer.begin() as connection:
                runs.seen_again(connection, job.code, _written(job, landed))
            _close(job, report, Outcome.SAME_FILE)
            return
        planned = _plan(job, night, landed, state, report)
        if report.verdict is Verdict.HELD:
            _close(job, report, Outcome.HELD)
            return
        after = _after(job, landed, night, planned, state)
        if report.verdict is Verdict.REMOVALS_WAIT and state:
            # The file was not accepted: tomorrow it is looked at again, against the last one that was.
            after |= {name: getattr(state, name) for name in ("file_sha256", "file_size", "content", "profile")}
        with _timed(job, report, "apply"):
            report.outcome = _outcome(planned.plan, state, report.verdict)
            publication = Publication(report.run_id or 0, night, state, after, _ledger(report), job.now())
            apply(job.databases, publication, planned.plan, report.outcome)


@contextmanager
def _landed(job: Job, report: Report) -> Iterator[tuple[Landed, Night]]:
    """Tonight's roster on this machine for as long as the block lasts, and whom the night is for.

    Everything that can be refused without asking the district is refused before asking it.
    """
    district, today = job.district, job.now().astimezone(job.district.zone).date()
    if not district.agreement.starts <= today <= district.agreement.ends:
        raise ConfigError(
            f"{job.code}: the agreement holds from {district.agreement.starts} to {district.agreement.ends};"
            " renew it in [agreement] before a run"
        )
    check_examples(district)
    night = Night(district, today, PinVault.from_environment(), _key())
    schema.check(job.databases)
    with job.databases.reader.connect() as connection:
        night.vault.check(peppers.used(connection))
    folder = job.settings.service.spool / job.code
    if folder.exists():
        # A run that was killed left its roster here.
        shutil.rmtree(folder)
    folder.mkdir(parents=True, mode=0o700)
    try:
        with _timed(job, report, "fetch"):
            landed = _given(job.file) if job.file else fetch(district.feed, credentials(job.code), folder)
        report.file = {
            "name": landed.name,
            "sha256": landed.sha256,
            "size": landed.size,
            "written": landed.modified.isoformat(timespec="minutes"),
        }
        yield landed, night
    finally:
        shutil.rmtree(folder)


def _written(job: Job, landed: Landed) -> datetime:
    """When the district wrote the file, by its own clock but not later than now: an export that died grows old."""
    return min(landed.modified, job.now())


def _given(path: Path) -> Landed:
    """A roster that is on this machine already."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    digests = []
    for file in files:
        with file.open("rb") as stream:
            digests.append(file_digest(stream, "sha256").hexdigest())
    listed = "".join(f"{file.name} {digest}\n" for file, digest in zip(files, digests, strict=True))
    digest = sha256(listed.encode()).hexdigest() if path.is_dir() else digests[0]
    newest = max((file.stat().st_mtime for file in files), default=0)
    return Landed(path, path.name, digest, sum(f.stat().st_size for f in files), datetime.fromtimestamp(newest, UTC))


def _key() -> bytes:
    try:
        key = bytes.fromhex(secret(KEY_VARIABLE))
    except ValueError:
        raise ConfigError(f"{KEY_VARIABLE}: should be hexadecimal digits, as `openssl rand -hex 32` prints") from None
    if len(key) < MIN_KEY_BYTES:
        raise ConfigError(f"{KEY_VARIABLE}: should be at least {MIN_KEY_BYTES} bytes in hexadecimal")
    return key


def _state(job: Job) -> DistrictState | None:
    with job.databases.reader.connect() as connection:
        return runs.state(connection, job.code)


def _same_file(job: Job, landed: Landed, night: Night, state: DistrictState | None) -> bool:
    """The bytes and the rules of the last run, and nobody whose absence may have run out."""
    if state is None or state.file_sha256 != landed.sha256 or state.basis != night.basis:
        return False
    with job.databases.reader.connect() as connection:
        return not seen.anyone_absent(connection, job.code)


def _plan(job: Job, night: Night, landed: Landed, state: DistrictState | None, report: Report) -> Planned:
    with _timed(job, report, "read"), open_package(landed.path) as package:
        last = Profile.from_json(state.profile) if state and state.profile else None
        roster = read_package(package, night.district, night.today, last.orgs if last else {})
    report.read(roster)
    _refuse(roster, night.district, state)
    with _timed(job, report, "plan"), snapshot(job.databases) as connection:
        planned = make_plan(connection, night, roster, state)
    limits = night.district.limits.on(night.today)
    facts = Facts(
        population=state.population if state else 0,
        size=landed.size,
        last_size=state.file_size if state and not roster.partial else 0,
        amounts=amounts(planned.plan),
        groups=groups(planned.plan, last) if last else (),
    )
    reasons = judge(facts, limits)
    if last and not roster.partial:
        reasons += drifted(last, planned.profile, limits, night.district.rules.schools.keys())
    report.planned(roster, planned.plan, reasons)
    if report.verdict is Verdict.REMOVALS_WAIT:
        return replace(planned, plan=planned.plan.without_removals())
    return planned


def _outcome(plan: Plan, state: DistrictState | None, found: Verdict) -> Outcome:
    if found is not Verdict.CLEAR:
        return Outcome.HELD if found is Verdict.HELD else Outcome.HELD_IN_PART
    # A first roster of which nobody is served has the same students as no other.
    return Outcome.APPLIED if plan.changes_patrons or state is None else Outcome.SAME_STUDENTS


def _after(job: Job, landed: Landed, night: Night, planned: Planned, state: DistrictState | None) -> dict[str, Any]:
    """What the district's state is once this plan is applied."""
    whole = state is None or not planned.plan.partial
    return {
        # Rows that a partial roster does not name are still as the rules of the last complete one made them.
        "basis": night.basis if state is None or whole else state.basis,
        "file_sha256": landed.sha256,
        "file_size": landed.size if state is None or whole else state.file_size,
        "content": planned.content,
        "population": _population_after(planned.plan, state),
        "seen_at": _written(job, landed),
        "profile": planned.profile.as_json(),
    }


def _refuse(roster: Roster, district: District, state: DistrictState | None) -> None:
    """Above a ceiling of bad rows the whole file is bad; so is a complete one without a student, and a partial one
    before there is anything that it could be a part of."""
    limits, bad = district.limits, len(roster.rejects)
    if bad > max(limits.rejects_count, int(roster.rows * limits.rejects_percent / 100)):
        first = roster.rejects[0]
        raise BadRosterError(
            f"{bad} of {roster.rows} rows cannot be used (first: {first.file} line {first.line}, {first.code});"
            " ask the district for another export"
        )
    if roster.partial and state is None:
        raise BadRosterError("says only what changed, and there is no roster yet; ask the district for all (bulk) once")
    if roster.frame.empty and not roster.partial:
        raise BadRosterError(f"none of {roster.rows} rows is a student's; ask the district what its roles mean")


def _population_after(plan: Plan, state: DistrictState | None) -> int:
    counts = plan.counts
    arrived = counts["create"] + counts[ChangeKind.RETURN]
    return (state.population if state else 0) + arrived - counts[ChangeKind.LEAVE]


def _close(job: Job, report: Report, outcome: Outcome) -> None:
    """End a run that publishes nothing."""
    report.outcome = outcome
    with job.databases.writer.begin() as connection:
        runs.finish(connection, report.run_id or 0, outcome, job.now(), **_ledger(report))


def _ledger(report: Report) -> dict[str, Any]:
    names = {"file_name": report.file["name"], "file_sha256": report.file["sha256"]} if report.file else {}
    return {**names, "report": report.as_json()}


def _fail(job: Job, report: Report, error: str) -> None:
    """Note the failure where the ledger can be reached; what went wrong is told either way."""
    report.error = error
    with suppress(StorageError, SQLAlchemyError):
        _close(job, report, Outcome.FAILED)


@contextmanager
def _timed(job: Job, report: Report, phase: str) -> Iterator[None]:
    job.phase(phase)
    began = perf_counter()
    try:
        yield
    finally:
        report.durations[phase] = perf_counter() - began
