"""May this plan be applied unattended? Pure: counts, the last accepted roster and limits in, a verdict out."""

from dataclasses import dataclass
from enum import StrEnum

from access_service.settings import Limits


class Finding(StrEnum):
    """Why a run is held. docs/codes.md has cause and cure of each."""

    REMOVALS = "removals"
    UPDATES = "updates"
    COLLISIONS = "collisions"
    RENAMED = "renamed"
    REKEYED = "rekeyed"
    RECYCLED = "recycled"
    FAULTS = "faults"
    FILE_SHRUNK = "file_shrunk"
    BLANKS = "blanks"
    GRADE_MIX = "grade_mix"
    ID_SHAPE = "id_shape"
    SCHOOLS_GONE = "schools_gone"
    UNDONE_FILE = "undone_file"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a night would do, in numbers. `population` and `last_size` are of the last accepted roster, or 0.

    `renamed` have another name or birth date; `rekeyed` are missing under one id and new under another; `recycled` are
    ids that another person has now; `faults` are patrons whose row cannot be understood.
    """

    population: int
    size: int
    last_size: int
    removals: int = 0
    updates: int = 0
    collisions: int = 0
    renamed: int = 0
    rekeyed: int = 0
    recycled: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding in words: how much, of how many, and the limit it passed."""

    finding: Finding
    text: str


def judge(facts: Facts, limits: Limits) -> tuple[Reason, ...]:
    """The reasons to hold, none for a clear night. A first roster has nothing to remove or update."""
    amounts = (
        (Finding.REMOVALS, facts.removals, limits.removals_percent, limits.removals_count),
        (Finding.UPDATES, facts.updates, limits.updates_percent, limits.updates_count),
        (Finding.COLLISIONS, facts.collisions, limits.collisions_percent, limits.collisions_count),
        (Finding.RENAMED, facts.renamed, limits.renamed_percent, limits.renamed_count),
        (Finding.REKEYED, facts.rekeyed, limits.rekeyed_percent, limits.rekeyed_count),
        (Finding.RECYCLED, facts.recycled, limits.recycled_percent, limits.recycled_count),
        (Finding.FAULTS, facts.faults, limits.faults_percent, limits.faults_count),
    )
    reasons = [
        Reason(finding, f"{amount} {finding} of {facts.population} patrons; at most {allowed} go unattended")
        for finding, amount, percent, count in amounts
        if amount > (allowed := max(count, int(facts.population * percent / 100)))
    ]
    smallest = facts.last_size * (100 - limits.file_shrink_percent) / 100
    if facts.size < smallest:
        lost = 100 - 100 * facts.size / facts.last_size
        allowed_text = f"at most {limits.file_shrink_percent:g} % goes unattended"
        reasons.append(
            Reason(Finding.FILE_SHRUNK, f"the file is {lost:.0f} % smaller than the last one; {allowed_text}")
        )
    return tuple(reasons)
