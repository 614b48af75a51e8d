"""Is this roster like the last accepted one? Pure: two profiles and limits in, findings out."""

from collections.abc import Collection, Iterator

from access_service.limits import Limits
from sync.guard import Finding, Reason
from sync.profile import Profile, Shares, shares

# A smaller school may be gone because its students are.
SCHOOL = 10
ALL = 100


def drifted(before: Profile, now: Profile, limits: Limits, served: Collection[str]) -> tuple[Reason, ...]:
    """The reasons to hold. `served` are the school codes that the district's rules know."""
    return (
        *_columns(before, now),
        *_mixes(before, now, limits),
        *_schools(before, now, limits, served),
        *_educators(before, now),
    )


def _columns(before: Profile, now: Profile) -> Iterator[Reason]:
    for trait, words in now.written.items():
        then = before.written.get(trait, words)
        if new := [word for word in words if word not in then]:
            yield Reason(Finding.ENCODING_CHANGED, f"the {trait} is {' and '.join(new)}, before {' and '.join(then)}")
    # Other rules may read other columns: then those were looked at.
    if before.rules != now.rules:
        return
    for name in sorted({*before.named, *now.named}):
        then, read = before.named.get(name, ""), now.named.get(name, "")
        if _plain(then) != _plain(read):
            yield Reason(Finding.COLUMNS_CHANGED, f"{name} is read from {_column(read)}, before from {_column(then)}")


def _plain(header: str) -> str:
    """A header that is only spelled otherwise is the same column."""
    return "".join(filter(str.isalnum, header)).lower()


def _column(header: str) -> str:
    return f"'{header}'" if header else "no column"


def opt_outs_drifted(before: Profile | None, now: Profile, limits: Limits) -> Iterator[Reason]:
    """Whether the column of opt-outs means something else by now, or has lost many. `before` is None for a first
    roster: then the column is believed where it opts out the smaller part."""
    if now.opt_outs is None:
        return
    share = ALL * now.opt_outs / max(1, now.students)
    if before is None or before.opt_outs is None:
        if share > ALL / 2:
            yield Reason(Finding.OPT_OUTS_FLIPPED, f"the opt-out column opts out {share:.0f} % of students")
        return
    then = ALL * before.opt_outs / max(1, before.students)
    few = max(limits.opt_outs_count, int(before.opt_outs * limits.opt_outs_percent / ALL))
    moved = max(limits.drift_percent, ALL * limits.drift_count / max(1, now.students))
    if abs(share - then) > moved or (not now.opt_outs and before.opt_outs > few):
        text = f"the opt-out column opts out {share:.0f} % of students, before {then:.0f} %"
        yield Reason(Finding.OPT_OUTS_FLIPPED, f"{text}; at most {moved:.0f} % may differ unattended")
    elif before.opt_outs - now.opt_outs > few:
        text = f"the opt-out column opts out {now.opt_outs} students, before {before.opt_outs}"
        yield Reason(Finding.OPT_OUTS_SHRANK, f"{text}; at most {few} may opt in again unattended")


def _mixes(before: Profile, now: Profile, limits: Limits) -> Iterator[Reason]:
    allowed = max(limits.drift_percent, 100 * limits.drift_count / max(1, now.students))
    unattended = f"at most {allowed:.0f} % may differ unattended"
    for column, share in now.blanks.items():
        # A column that is wholly gone is no matter of a few students, however few there are.
        if share - before.blanks.get(column, share) > (limits.drift_percent if share == ALL else allowed):
            then = f"{before.blanks[column]:.0f} %"
            yield Reason(Finding.BLANKS, f"{column} is blank in {share:.0f} % of rows, before in {then}; {unattended}")
    if (moved := _moved(shares(before.grades), shares(now.grades))) > allowed:
        yield Reason(
            Finding.GRADE_MIX, f"the grades of {moved:.0f} % of students do not fit the last mix; {unattended}"
        )
    for column, shapes in now.shapes.items():
        if (moved := _moved(before.shapes.get(column, shapes), shapes)) > allowed:
            text = (
                f"{column} looks otherwise than before in {moved:.0f} % of rows (most: {_most(shapes)}); {unattended}"
            )
            yield Reason(Finding.ID_SHAPE, text)


def _moved(before: Shares, now: Shares) -> float:
    """How many percent would have to move to make one mix the other."""
    return sum(max(0.0, share - before.get(name, 0.0)) for name, share in now.items())


def _most(shapes: Shares) -> str:
    return max(shapes, key=lambda shape: shapes[shape])


def _schools(before: Profile, now: Profile, limits: Limits, served: Collection[str]) -> Iterator[Reason]:
    gone = sorted(
        school
        for school, students in before.schools.items()
        if school in served and students >= SCHOOL and not now.schools.get(school)
    )
    if len(gone) > limits.schools_gone_count:
        were = "1 school that was" if len(gone) == 1 else f"{len(gone)} schools that were"
        yield Reason(
            Finding.SCHOOLS_GONE,
            f"nobody is left at {were} there ({', '.join(gone[:SCHOOL])});"
            f" at most {limits.schools_gone_count} may be gone unattended",
        )


def _educators(before: Profile, now: Profile) -> Iterator[Reason]:
    """However few they are: a file of their own that did not come takes them all."""
    if before.educators and not now.educators:
        yield Reason(Finding.REMOVALS, f"none of {before.educators} educators is in the roster any more")
