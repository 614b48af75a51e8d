"""What a run did, for people and for programs. Counts, codes and findings; nothing about one child."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from access_service.domain.calendar import STANDSTILL, Season
from access_service.domain.mapping import Exclusion
from access_service.storage.runs import Outcome
from sync.guard import Reason, Verdict, verdict
from sync.plan import Plan
from sync.roster import Roster
from sync.sftp import SourceCheck

# Of a long list a report shows so many; the counts are of all.
MOST_LINES = 20

SENTENCES = {
    Outcome.APPLIED: "applied",
    Outcome.SAME_FILE: "the same file as last time: nothing to do",
    Outcome.SAME_STUDENTS: "another file with the same students: nothing to change",
    Outcome.HELD_IN_PART: "HELD IN PART: newcomers and changes went in, removals wait",
    Outcome.HELD: "HELD: nothing was changed",
    Outcome.DISCARDED: "discarded: nothing was changed",
    Outcome.EDITED: "no night: patrons changed by hand",
    Outcome.FAILED: "FAILED: nothing was changed",
}
SEASONS = {season.value: "nobody becomes absent or leaves" for season in STANDSTILL} | {
    Season.BREAK.value: "nobody becomes absent"
}
EXCEPTIONS = {
    "ended": "ended on its day, and cleared away",
    "ending": "ends within 14 days",
    "overtaken": "a student has the number of this test card now",
}


@dataclass(slots=True)
class Report:
    """A run or a preview as it goes on. Durations are seconds by phase. `approved` are findings that a person let go.
    `examples` are library numbers by kind of change: for a person's eyes, and kept nowhere."""

    district: str
    preview: bool
    run_id: int | None = None
    outcome: Outcome = Outcome.RUNNING
    file: Mapping[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    durations: dict[str, float] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    error: str | None = None
    partial: bool = False
    approved: Collection[str] = ()
    examples: Mapping[str, list[str]] = field(default_factory=dict, repr=False)

    @property
    def verdict(self) -> Verdict:
        found = verdict(tuple(reason for reason in self.reasons if reason.finding not in self.approved))
        # A delta does not say tomorrow again who has gone: its removals cannot wait alone.
        return Verdict.HELD if self.partial and found is Verdict.REMOVALS_WAIT else found

    def read(self, roster: Roster) -> None:
        self.facts |= {
            "format": roster.format,
            "rows": roster.rows,
            "students": len(roster.frame) - roster.educators,
            "educators": roster.educators,
            "rejects": dict(Counter(reject.code.value for reject in roster.rejects)),
            "reject_lines": [f"{reject.file}:{reject.line} {reject.code}" for reject in roster.rejects[:MOST_LINES]],
            "warnings": {code.value: count for code, count in roster.warnings.items() if count},
            "columns": {
                name: {"received": receipt.received, "used": receipt.used, "dropped": receipt.dropped}
                for name, receipt in roster.columns.items()
            },
        }

    def planned(self, roster: Roster, plan: Plan, reasons: tuple[Reason, ...]) -> None:
        excluded = plan.excluded.values()
        codes = Counter(row.code.value for row in excluded) + Counter(
            {Exclusion.NOT_A_STUDENT.value: roster.not_students}
        )
        # Whose exit is stated may have graduated, with a card.
        refused = (row for row in excluded if row.detail and row.code is not Exclusion.STATED_EXIT)
        details = Counter(f"{row.code}: {row.detail}" for row in refused)
        self.reasons, self.partial, self.examples = reasons, roster.partial, plan.examples
        self.facts |= {
            "counts": plan.counts,
            "by_school": plan.by_school,
            "by_grade": plan.by_grade,
            "exclusions": dict(codes),
            "excluded_from": dict(details.most_common(MOST_LINES)),
        }

    def as_json(self) -> dict[str, Any]:
        """One object: what `--json` prints and what the run's row keeps."""
        return {
            "district": self.district,
            "preview": self.preview,
            "run": self.run_id,
            "outcome": self.outcome.value,
            "file": dict(self.file),
            **self.facts,
            "findings": [{"code": reason.finding.value, "text": reason.text} for reason in self.reasons],
            "durations": {phase: round(seconds, 3) for phase, seconds in self.durations.items()},
            "error": self.error,
        }

    def as_text(self) -> str:
        """A page for a person."""
        return "\n".join([self._headline(), *self._lines()])

    def _headline(self) -> str:
        if self.preview:
            would = {
                Outcome.HELD: "would be HELD",
                Outcome.HELD_IN_PART: "would be HELD IN PART: its removals would wait",
            }.get(self.outcome, "would be applied")
            if self.outcome in (Outcome.SAME_FILE, Outcome.SAME_STUDENTS):
                would = SENTENCES[self.outcome]
            return f"{self.district}: preview, nothing was written; the plan {would}"
        if "waits_for" in self.facts:
            return f"{self.district}: run {self.run_id} is still HELD; it waits for {self.facts['waits_for']}"
        if "undoes" in self.facts:
            return f"{self.district}: run {self.run_id} {SENTENCES[self.outcome]}, and undid run {self.facts['undoes']}"
        return f"{self.district}: run {self.run_id} {SENTENCES[self.outcome]}"

    def _lines(self) -> list[str]:
        facts = self.facts
        lines = [
            f"  {'approved' if reason.finding in self.approved else 'because '} {reason.text} [{reason.finding}]"
            for reason in self.reasons
        ]
        lines += [f"           {shown(line)}" for line in facts.get("rules_changed", ())]
        if self.file:
            lines.append(
                f"  file     {shown(self.file['name'])}, {self.file['size']:,} bytes, written {self.file['written']},"
                f" SHA-256 {self.file['sha256'][:16]}..."
            )
        if "students" in facts:
            staff = f", {facts['educators']:,} educators" if facts.get("educators") else ""
            found = f"{facts['rows']:,} rows, {facts['students']:,} students{staff}"
            lines.append(f"  roster   {facts['format']}: {found}")
        lines += self._season()
        if "counts" in facts:
            lines.append(
                "  patrons  " + ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in facts["counts"].items() if n)
            )
        if alone := facts.get("left_alone"):
            more = f" and {len(alone) - MOST_LINES:,} more" if len(alone) > MOST_LINES else ""
            lines.append("  left alone: patrons " + ", ".join(map(str, alone[:MOST_LINES])) + more)
        lines += [f"  without a card: {n:,} {name}" for name, n in facts.get("excluded_from", {}).items()]
        if facts.get("exclusions"):
            lines.append("  excluded " + counted(facts["exclusions"]))
        if facts.get("rejects"):
            lines.append("  rejected " + counted(facts["rejects"]) + ": " + "; ".join(facts["reject_lines"]))
        if facts.get("warnings"):
            lines.append("  warnings " + counted(facts["warnings"]))
        lines += self._afterwards()
        lines.append("  took     " + ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in self.durations.items()))
        return lines

    def _season(self) -> list[str]:
        if not (season := self.facts.get("calendar")):
            return []
        why = f" ({self.facts['frozen']})" if "frozen" in self.facts else ""
        return [f"  calendar {season.replace('_', ' ')}{why}: {SEASONS[season]}"]

    def _afterwards(self) -> list[str]:
        told = self.facts.get("exceptions", {})
        lines = [f"  {EXCEPTIONS[what]}: {'; '.join(told[what])}" for what in EXCEPTIONS if what in told]
        if kept := self.facts.get("quarantine"):
            said = f"{kept['kept']:,} rows kept, {kept['left']:,} left it"
            lines.append(f"  quarantine {said}; roster-sync quarantine list {self.district}")
        if aged := self.facts.get("aged"):
            lines.append(f"  let go   {counted(aged)}")
        if warning := self.facts.get("agreement"):
            lines.append(f"  warning  {warning}")
        if extract := self.facts.get("ils_extract"):
            lines += [f"  ILS says {shown(line)}" for line in extract["lines"]]
        if load := self.facts.get("ils_load"):
            lines.append(f"  ILS load {load['text']}")
        if at_once := self.facts.get("opted_out_at_once"):
            lines.append(f"  opt-outs are never held: {at_once:,} patrons forgotten all the same")
        if told := self.facts.get("feedback"):
            lines.append(f"  feedback {told}")
        return lines


def source_text(check: SourceCheck, now: datetime) -> str:
    """What `check-source` found, a line a step; a key that is not pinned yet is shown as it is to be pinned."""
    lines = [
        f"host key   {key}{'' if check.pinned else '   (not pinned in [feed] host_keys)'}" for key in check.host_keys
    ]
    if check.logged_in:
        lines.append("login      works")
    if check.entries is not None:
        lines.append(f"folder     {check.entries} entries, {check.matching} that could be a roster")
    if check.newest and (age := check.age(now)):
        lines.append(f"newest     {check.newest}, {check.size:,} bytes, written {age.total_seconds() / 3600:.1f} h ago")
    if check.complete:
        lines.append("complete   yes: a run would read it")
    return "\n".join([*lines, *([f"problem    {check.problem}"] if check.problem else [])])


def counted(counts: Mapping[str, int]) -> str:
    """Codes with their counts, for a line."""
    return ", ".join(f"{count:,} {code}" for code, count in sorted(counts.items()))


def shown(name: str) -> str:
    """A name that the district chose, as a terminal may have it: one that would move the cursor is spelled out."""
    return name if name.isprintable() else ascii(name)[1:-1]
