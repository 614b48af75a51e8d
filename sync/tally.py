"""What a plan would do, in numbers: for the whole district, each school, each grade and the educators."""

from collections import Counter
from collections.abc import Iterator, Mapping

from access_service.domain.mapping import Exclusion
from access_service.domain.patron import Patron
from access_service.domain.student import Role
from sync.guard import Amounts, Finding, Group
from sync.plan import ChangeKind, Plan
from sync.profile import Profile

KINDS = {
    ChangeKind.UPDATE: Finding.UPDATES,
    ChangeKind.RETURN: Finding.RETURNS,
    ChangeKind.LEAVE: Finding.REMOVALS,
    ChangeKind.GRADUATE: Finding.REMOVALS,
}


def amounts(plan: Plan) -> Amounts:
    """Of the whole plan. Newly missing students count as removals (decision 0008)."""
    excluded = Counter(row.code for row in plan.excluded.values())
    return {
        **Counter(finding for finding, _ in _changes(plan)),
        Finding.CREATES: len(plan.creates),
        Finding.COLLISIONS: excluded[Exclusion.NUMBER_COLLISION] + excluded[Exclusion.NUMBER_IN_ILS],
        Finding.RENAMED: plan.renamed,
        Finding.REKEYED: plan.rekeyed,
        Finding.RECYCLED: excluded[Exclusion.ID_RECYCLED],
        Finding.FAULTS: plan.faults,
    }


def groups(plan: Plan, last: Profile) -> tuple[Group, ...]:
    """By school and by grade of the last roster, in which the student was before tonight; educators apart."""
    schools: Counter[tuple[str, Finding]] = Counter()
    grades: Counter[tuple[str, Finding]] = Counter()
    educators: Counter[tuple[str, Finding]] = Counter()
    for finding, patron in _changes(plan):
        if patron.role is Role.EDUCATOR:
            educators["educators", finding] += 1
        else:
            schools[patron.school, finding] += 1
            grades[patron.grade, finding] += 1
    return (
        *_groups(" at school ", schools, last.schools),
        *_groups(" in grade ", grades, last.grades),
        *_groups(" among ", educators, {"educators": last.educators}),
    )


def _groups(word: str, counts: Counter[tuple[str, Finding]], last: Mapping[str, int]) -> Iterator[Group]:
    for name in sorted({name for name, _ in counts}):
        found = {finding: amount for (of, finding), amount in counts.items() if of == name}
        yield Group(f"{word}{name}", last.get(name, 0), found)


def _changes(plan: Plan) -> Iterator[tuple[Finding, Patron]]:
    for change in plan.changes:
        if change.kind in KINDS:
            yield KINDS[change.kind], change.before.patron
        elif change.kind is ChangeKind.ABSENT and change.missed == 1:
            yield Finding.REMOVALS, change.before.patron
