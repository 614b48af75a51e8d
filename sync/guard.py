"""May this plan be applied unattended? Pure: counts, the last accepted roster and limits in, a verdict out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from access_service.limits import GroupLimits, Limits

# Of many schools and grades a person is told so many.
MOST_GROUPS = 5


class Finding(StrEnum):
    """Why a run is held. docs/codes.md has cause and cure of each."""

    CREATES = "creates"
    UPDATES = "updates"
    RETURNS = "returns"
    REMOVALS = "removals"
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
    COLUMNS_CHANGED = "columns_changed"
    ENCODING_CHANGED = "encoding_changed"
    OPT_OUTS_SHRANK = "opt_outs_shrank"
    OPT_OUTS_FLIPPED = "opt_outs_flipped"
    UNDONE_FILE = "undone_file"
    OLDER_FILE = "older_file"
    REPLAYED_FILE = "replayed_file"
    RULES_CHANGED = "rules_changed"


OF_DISTRICT = (
    *(Finding.CREATES, Finding.UPDATES, Finding.RETURNS, Finding.REMOVALS),
    *(Finding.COLLISIONS, Finding.RENAMED, Finding.REKEYED, Finding.RECYCLED, Finding.FAULTS),
)
OF_GROUP = (Finding.REMOVALS, Finding.UPDATES)

Amounts = Mapping[Finding, int]


class Verdict(StrEnum):
    """What goes: all of the plan, all but the removals, or nothing."""

    CLEAR = "clear"
    REMOVALS_WAIT = "removals_wait"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Group:
    """The students of one school or one grade: how many there were, and what a night would do to them."""

    name: str
    population: int
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class Facts:
    """What a night would do, in numbers. `population` and `last_size` are of the last accepted roster, or 0."""

    population: int
    size: int
    last_size: int
    amounts: Amounts = field(default_factory=dict)
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding in words: how much, of how many, and the limit it passed."""

    finding: Finding
    text: str


def judge(facts: Facts, limits: Limits) -> tuple[Reason, ...]:
    """The reasons to hold, none for a clear night. A first roster has nothing to remove, update or be more than."""
    whole = Group("", facts.population, facts.amounts)
    # A first roster is all new.
    watched = [finding for finding in OF_DISTRICT if finding is not Finding.CREATES or facts.population]
    reasons = [Reason(finding, text) for finding in watched if (text := _breach(whole, finding, limits))]
    if limits.group:
        reasons += _groups(facts.groups, limits.group)
    smallest = facts.last_size * (100 - limits.file_shrink_percent) / 100
    if facts.size < smallest:
        lost = 100 - 100 * facts.size / facts.last_size
        allowed_text = f"at most {limits.file_shrink_percent:g} % goes unattended"
        reasons.append(
            Reason(Finding.FILE_SHRUNK, f"the file is {lost:.0f} % smaller than the last one; {allowed_text}")
        )
    return tuple(reasons)


def verdict(reasons: tuple[Reason, ...]) -> Verdict:
    """Removals alone wait alone: newcomers must not pay for a school that was left out."""
    findings = {reason.finding for reason in reasons}
    if not findings:
        return Verdict.CLEAR
    return Verdict.REMOVALS_WAIT if findings == {Finding.REMOVALS} else Verdict.HELD


def _groups(groups: tuple[Group, ...], limits: GroupLimits) -> Iterator[Reason]:
    for finding in OF_GROUP:
        found = [text for group in groups if (text := _breach(group, finding, limits))]
        yield from (Reason(finding, text) for text in found[:MOST_GROUPS])
        if more := found[MOST_GROUPS:]:
            yield Reason(finding, f"the same at {len(more)} more schools or grades")


def _breach(group: Group, finding: Finding, limits: Limits | GroupLimits) -> str:
    amount = group.amounts.get(finding, 0)
    percent, count = getattr(limits, f"{finding}_percent"), getattr(limits, f"{finding}_count")
    allowed = max(count, int(group.population * percent / 100))
    if amount <= allowed:
        return ""
    return f"{amount} {finding} of {group.population} patrons{group.name}; at most {allowed} go unattended"
