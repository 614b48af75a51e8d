"""Which column of a flat file each field is read from."""

from collections.abc import Mapping, Sequence

from access_service.domain.student import Role
from sync.formats.headers import FlatFormat, candidates, folded
from sync.formats.reader import Reader
from sync.formats.table import shown
from sync.roster import COLUMNS, OPT_OUT, BadRosterError

# Read to decide about a row, whatever the agreement: they say whether somebody is a student and still here.
DECIDING = ("status", "exit_date", "role", "service")
NAMES = ("given_name", "family_name")


def chosen_columns(header: Sequence[str], form: FlatFormat, reader: Reader) -> Mapping[str, str]:
    """The header that each agreed field is read from: the district's own choice, else the best that is there.

    Errors: BadRosterError where a needed one is not there, or several could be meant.
    """
    fields = reader.district.agreement.fields
    agreed = [*(field for field in COLUMNS if field in fields), *DECIDING]
    agreed += [OPT_OUT] if OPT_OUT in fields else []
    agreed += ["full_name"] if fields & {*NAMES} else []
    by_fold: dict[str, list[str]] = {}
    for name in header:
        by_fold.setdefault(folded(name), []).append(name)
    own = {str(field): name for field, name in reader.district.feed.columns.items() if field in agreed}
    if form.role is not Role.STUDENT:
        # What the district says of its students' file may be true of this one too.
        own = {field: name for field, name in own.items() if folded(name) in by_fold}
    chosen = {field: _own(name, header, by_fold) for field, name in own.items()}
    for field in agreed:
        if field not in chosen and (there := [name for name in candidates(form, field) if by_fold.get(name)]):
            chosen[field] = _only(by_fold[there[0]], field)
    if set(chosen) & {*NAMES} and "full_name" not in own:
        chosen.pop("full_name", None)
    needed = [field for field in form.needed if field != "school" or not reader.district.feed.school]
    if missing := [field for field in (*needed, "student_number") if field not in chosen]:
        has = ", ".join(map(shown, header[:12]))
        raise BadRosterError(f"no column is known to be the {missing[0]}; name it in [feed.columns]; there are {has}")
    return chosen


def _own(name: str, header: Sequence[str], by_fold: Mapping[str, list[str]]) -> str:
    return name if name in header else by_fold.get(folded(name), [name])[0]


def _only(names: list[str], field: str) -> str:
    """Two columns that differ in case or table alone are two answers to one question."""
    if len({*names}) > 1:
        raise BadRosterError(f"{len(names)} columns could be {field!r}; name the right one in [feed] columns")
    return names[0]
