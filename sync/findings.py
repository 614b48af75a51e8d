"""What a run finds at fault in a district's rows: into the quarantine, and back to the district."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from access_service.domain.mapping import Exclusion
from access_service.errors import OperatorError
from access_service.settings import Feed
from access_service.storage.runs import GOOD_NIGHTS, Outcome
from sync.feedback import as_csv
from sync.formats.bad_rows import BadRow, bad_rows
from sync.formats.reader import Reader
from sync.package import BadPackageError
from sync.plan import Excluded
from sync.quarantine import Replay, Shelf, Staged
from sync.quarantine.shelf import Leaving, everybody, nobody
from sync.report import Report
from sync.roster import BadRosterError, Roster
from sync.sftp import credentials, deliver


@dataclass(slots=True)
class Findings:
    """Of one run, to be written down however it ends. A preview has no `shelf`, and looks at nothing.

    `leaving` says whom a good night cures, and `opted_out` of whom nothing stays whatever the night is.
    """

    replay: Replay | None
    shelf: Shelf | None = None
    bad: list[BadRow] = field(default_factory=list)
    leaving: Leaving = nobody
    opted_out: Leaving = nobody

    def refused(self, reader: Reader, roster: Roster) -> None:
        """Of a roster with too many rejects there is no plan: these are all that is known."""
        if self.shelf:
            self.bad = bad_rows(reader, roster, {})

    def planned(self, reader: Reader, roster: Roster, kept: Roster, excluded: Mapping[str, Excluded]) -> None:
        """Rejects, and rows that the rules refuse for a fault. `kept` is without the rejects of those who opted out."""
        if self.shelf:
            self.bad = bad_rows(reader, replace(roster, rejects=kept.rejects), excluded)
            files = roster.columns
            self.leaving = self.shelf.of(roster.frame["source_id"], files) if roster.partial else everybody
            out = {source_id for source_id, row in excluded.items() if row.code is Exclusion.OPTED_OUT}
            out |= _ids(roster) - _ids(kept)
            self.opted_out = self.shelf.of(out, files)

    def staged(self, report: Report) -> Staged:
        """What the run does to the quarantine, told in its report. Rows leave it on a good night only, but
        for those of who opted out."""
        if not self.shelf:
            return Staged()
        good, run_id = report.outcome in GOOD_NIGHTS, report.run_id or 0
        if not self.replay:
            staged = self.shelf.stage(run_id, self.bad, self.leaving if good else self.opted_out)
        elif good:
            staged = self.shelf.restage(run_id, self.replay.still_bad(self.bad), self.replay.entries)
        else:
            return Staged()
        if staged.entries or staged.gone:
            report.facts["quarantine"] = staged.counts
        return staged

    def tell(self, feed: Feed, name: str, report: Report, error: OperatorError | None) -> bool:
        """Put them into the district's own folder; whether that was tried. No night fails by it."""
        ours = error and not isinstance(error, BadRosterError | BadPackageError)
        if not feed.feedback or ours or report.outcome is Outcome.SAME_FILE:
            return False
        refusal = str(error) if error else None
        content = as_csv(self.bad, report.facts.get("warnings", {}), report.reasons, refusal)
        try:
            older = deliver(feed, credentials(report.district), name, content)
            report.facts["feedback"] = f"{name}; older ones stay: {older}" if older else name
        except OperatorError as trouble:
            report.facts["feedback"] = f"not delivered: {trouble}"
        return True


def _ids(roster: Roster) -> set[str]:
    return {reject.source_id for reject in roster.rejects if reject.source_id}
