"""What is said of a night: counts, schools by code, findings and what to type next. Nothing about one child."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from access_service.settings import District
from access_service.storage.notices import News
from access_service.storage.runs import HOLDS, Outcome, Run
from sync.report import SENTENCES, counted, shown

MOST_LINES = 20


def trouble(run: Run, good: Run | None, same: News | None) -> str:
    """A night that was held or failed. `same` is what was told of the same trouble on an earlier day."""
    lines = [f"Run {run.run_id}: {SENTENCES[run.outcome]}"]
    if same:
        lines.append(f"  the same as run {same.run_id} of {same.day}, with the same file and for the same reasons")
        return "\n".join([*lines, *_next(run)])
    facts = run.report
    if facts.get("error"):
        lines.append(f"  because  {shown(facts['error'])}")
    lines += [f"  because  {shown(each['text'])} [{each['code']}]" for each in facts.get("findings", [])]
    if file := facts.get("file"):
        lines.append(f"  file     {shown(file['name'])}, {file['size']:,} bytes, written {file['written']}")
    lines += _amounts(facts)
    if good and run.outcome is not Outcome.HELD_IN_PART:
        lines.append(f"  everybody is served as after run {good.run_id}, of {_moment(good.started_at)}")
    return "\n".join([*lines, *_next(run)])


def recovered(run: Run) -> str:
    """The first good night after trouble that was told."""
    return "\n".join([f"Run {run.run_id}: a good night again; {SENTENCES[run.outcome]}", *_amounts(run.report)])


def load_late(run: Run, late: str) -> str:
    """A good night of which the ILS does not know."""
    return (
        f"Run {run.run_id}: {SENTENCES[run.outcome]}; vendors and sign-ins know it, but the ILS was not told.\n"
        f"  because  {shown(late)}\n"
        f"  next     mend that, then: roster-sync load {run.district}; or the next night does it"
    )


def missed(good: Run, now: datetime) -> str:
    """Nothing good was heard for too long."""
    hours = (now - good.started_at).total_seconds() / 3600
    return (
        f"No good night for {hours:.0f} hours: the last one was run {good.run_id}, of {_moment(good.started_at)}.\n"
        f"  next     is the schedule running? then: roster-sync check-source {good.district}"
    )


def ending(district: District, today: date) -> str:
    """The agreement is about to end, or has ended."""
    agreement = district.agreement
    days = (agreement.ends - today).days
    when = "ended" if days < 0 else "ends today," if not days else f"ends in {days} days,"
    return (
        f"The agreement {when} on {agreement.ends}; it was signed by {shown(agreement.signed_by)}.\n"
        "  After that day no run starts.\n"
        f"  next     agree on a new end, and set [agreement] ends in districts/{district.code}.toml"
    )


def _amounts(facts: Mapping[str, Any]) -> Iterator[str]:
    if counts := {name: n for name, n in facts.get("counts", {}).items() if n}:
        yield f"  patrons  {_listed(counts)}"
    schools = list(facts.get("by_school", {}).items())
    for school, amounts in schools[:MOST_LINES]:
        yield f"  at {shown(school)}: {_listed(amounts)}"
    if more := schools[MOST_LINES:]:
        yield f"  and at {len(more)} more schools"
    if rejects := facts.get("rejects"):
        yield f"  rejected {counted(rejects)}"


def _next(run: Run) -> Iterator[str]:
    if run.outcome in HOLDS:
        yield f"  next     roster-sync show {run.run_id}"
        yield f"           then: roster-sync approve {run.run_id} --reason ..., or discard it in the same way"
    else:
        yield f"  next     mend what the line says, then: roster-sync preview {run.district}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items())


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
