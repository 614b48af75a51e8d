"""Rules are accepted before a night uses them: beforehand by command, or with the held night that shows their plan."""

from collections.abc import Iterator

from sqlalchemy import Connection

from access_service.storage import rule_versions
from access_service.storage.rule_versions import RuleVersion
from sync.guard import Finding, Reason
from sync.order import Job
from sync.report import MOST_LINES, Report
from sync.rules import Rules, difference, rules_of


def rules_reasons(connection: Connection, district: str, rules: Rules, report: Report) -> Iterator[Reason]:
    """The reason to hold a night of rules that nobody has accepted; the first ones come with the first night."""
    standing = rule_versions.standing(connection, district)
    if standing is None or standing.version == rules.version:
        return
    lines = difference(standing.text, rules.text)
    more = len(lines) - MOST_LINES
    whole = [f"and {more:,} lines more; `roster-sync rules show {district}`"] if more > 0 else []
    report.facts["rules_changed"] = [*lines[:MOST_LINES], *whole]
    yield Reason(
        Finding.RULES_CHANGED,
        f"the rules are not those that were accepted on {standing.accepted_at:%Y-%m-%d}: {counted_lines(lines)}",
    )


def counted_lines(lines: list[str]) -> str:
    """How much of a text a difference changes."""
    removed = sum(line.startswith("-") for line in lines)
    changed = max(removed, len(lines) - removed)
    return f"{changed} line{'' if changed == 1 else 's'} changed"


def settle(connection: Connection, job: Job, report: Report) -> None:
    """With a night that is published: keep a district's first rules, and those that were approved with it."""
    standing, approval = rule_versions.standing(connection, job.code), job.approval
    if standing is None:
        accept(connection, job, "the first night", report.run_id)
    elif approval and any(reason.finding is Finding.RULES_CHANGED for reason in report.reasons):
        accept(connection, job, approval.reason, report.run_id)


def accept(connection: Connection, job: Job, reason: str, run_id: int | None = None) -> RuleVersion:
    """Keep a district's rules as the accepted ones, as its file has them now."""
    rules, standing = rules_of(job.district), rule_versions.standing(connection, job.code)
    diff = difference(standing.text if standing else "", rules.text)
    accepted = RuleVersion(rules.version, rules.text, "\n".join(diff), job.started_by, job.now(), reason, run_id)
    rule_versions.keep(connection, job.code, accepted)
    return accepted
