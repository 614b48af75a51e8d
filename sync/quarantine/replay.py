"""From the quarantine back to a roster: a package of the kept rows alone, in memory, as their files had them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from access_service.errors import OperatorError
from access_service.storage.quarantine import Entry
from sync.formats.bad_rows import BadRow
from sync.package import Package
from sync.package.members import Member
from sync.roster import Reject, Sent

# What stands before the columns of the files in an export.
OURS = ("entry", "code", "column", "file", "line")
NAME = "quarantine"
_BREAK = re.compile("\r\n|\r|\n")

Kept = tuple[Entry, tuple[Sent, ...]]


@dataclass(frozen=True, slots=True)
class Replay:
    """A partial roster of kept rows. `places` says which entry stands on a line of it."""

    package: Package = field(repr=False)
    size: int
    sha256: str
    places: Mapping[tuple[str, int], Entry]

    @property
    def entries(self) -> set[int]:
        return {entry.entry for entry in self.places.values()}

    def origin(self, reject: Reject) -> Reject:
        """A reject of this package, with the line that the district knows."""
        entry = self.places.get((reject.file, reject.line))
        return replace(reject, line=entry.line) if entry else reject

    def still_bad(self, bad: Iterable[BadRow]) -> list[tuple[Entry, BadRow]]:
        """The entries whose rows are bad again; once each."""
        found: dict[int, tuple[Entry, BadRow]] = {}
        for row in bad:
            if entry := self.places.get((row.file, row.line)):
                lines = tuple(replace(sent, line=entry.line) for sent in row.sent[:1])
                found[entry.entry] = entry, replace(row, line=entry.line, sent=(*lines, *row.sent[1:]))
        return list(found.values())


def build(kept: Sequence[Kept]) -> Replay:
    """A package of these entries. Errors: OperatorError where nothing of them was kept but where they stand."""
    files: dict[str, list[Sent]] = {}
    places: dict[tuple[str, int], Entry] = {}
    next_line: Counter[str] = Counter()
    for entry, (own, *_) in ((entry, sent) for entry, sent in kept if sent):
        places[own.file, next_line[own.file] + 2] = entry
        next_line[own.file] += 1 + sum(len(_BREAK.findall(cell)) for cell in own.cells.values())
        files.setdefault(own.file, []).append(own)
    # Of a person with two entries the same row of another file is needed once.
    others = {(row.file, *row.cells.items()): row for _, sent in kept for row in sent[1:]}
    for row in others.values():
        files.setdefault(row.file, []).append(row)
    if not places:
        raise OperatorError("none of these entries has cells to replay; the district mends the file")
    written = {file: _csv(rows) for file, rows in files.items()}
    digest = sha256(b"".join(name.encode() + written[name] for name in sorted(written))).hexdigest()
    members = [_member(name, content) for name, content in written.items()]
    return Replay(Package(members), sum(map(len, written.values())), digest, places)


def export(kept: Sequence[Kept], hidden: Container[str]) -> str:
    """One CSV of the rows at fault, verbatim but for `hidden` columns, for a person to mend and `replay` to read."""
    rows = [(entry, sent[0]) for entry, sent in kept if sent]
    headers = list(dict.fromkeys(header for _, sent in rows for header in sent.cells if header not in hidden))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*OURS, *headers])
    for entry, sent in rows:
        ours = (entry.entry, entry.code, entry.header, entry.file, entry.line)
        writer.writerow([*ours, *(sent.cells.get(header, "") for header in headers)])
    return text.getvalue()


def mended(kept: Sequence[Kept], header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> list[Kept]:
    """The entries of a mended export, with its cells in place of theirs. What was taken out of it stays as it is.

    Errors: OperatorError where it is not one, or names an entry that is not among `kept`.
    """
    if tuple(header[: len(OURS)]) != OURS:
        raise OperatorError(f"the file should begin with the columns {', '.join(OURS)}, as `quarantine export` writes")
    by_number = {str(entry.entry): (entry, sent) for entry, sent in kept}
    found: dict[str, Kept] = {}
    for line, row in rows:
        if not row:
            continue
        number = row[0].strip()
        if len(row) != len(header) or number in found or number not in by_number:
            raise OperatorError(
                f"line {line}: not a row of the header's width with the number of an entry that is kept, each once"
            )
        entry, sent = by_number[number]
        if not sent:
            raise OperatorError(f"line {line}: nothing was kept of entry {number} but where it stands")
        found[number] = entry, tuple(_corrected(sent, dict(zip(header[len(OURS) :], row[len(OURS) :], strict=True))))
    return list(found.values())


def _corrected(sent: tuple[Sent, ...], cells: Mapping[str, str]) -> Iterator[Sent]:
    """The person's rows, what was corrected in the first also in the others of its file."""
    own = sent[0]
    changed = {name: cells[name] for name, cell in own.cells.items() if cells.get(name, cell) != cell}
    for row in sent:
        yield replace(row, cells={**row.cells, **changed}) if row.file == own.file else row


def _csv(rows: Sequence[Sent]) -> bytes:
    headers = list(dict.fromkeys(header for sent in rows for header in sent.cells))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headers)
    writer.writerows([sent.cells.get(header, "") for header in headers] for sent in rows)
    return text.getvalue().encode()


def _member(name: str, content: bytes) -> Member:
    return Member(name, f"{NAME}: {name}", len(content), lambda: io.BytesIO(content))
