"""Columns that could have the student number where its own is blank, for a person to choose from."""

import re
from collections import Counter
from collections.abc import Mapping

from access_service.domain.sensitive import is_sensitive
from sync.formats.reader import Reader
from sync.roster import Roster

# Words in the header of what can be on a badge; an agency's number, or another person's, is not on it.
NUMBERS = frozenset("id no num number code barcode badge username key alias identifier".split())
NEVER = frozenset("state password org orgs agent agents contact parent guardian school teacher".split())
MOSTLY = 0.5


def shape(number: str) -> str:
    """A number without what is personal in it: "910000001" is "999999999"."""
    return re.sub("[A-Za-z]", "A", re.sub("[0-9]", "9", number)) or "blank"


def stand_ins(reader: Reader, roster: Roster) -> Mapping[str, str]:
    """Columns that tell students apart by digits, where most student numbers are blank."""
    frame = roster.students
    file = next((file for file, each in roster.columns.items() if roster.named.get("grade") in each.used), "")
    if not file or not len(frame) or frame["student_number"].eq("").mean() < MOSTLY:
        return {}
    header, key = reader.header(file), roster.named["source_id"]
    names = [name for name in header if name != key and _could_be_a_number(name) and header.count(name) == 1]
    table = reader.table(file, dict.fromkeys([key, *names], True))
    students = set(frame["source_id"])
    at = [index for index, user in enumerate(table.columns[key]) if user in students]
    found: dict[str, str] = {}
    for name in (*names, key):
        cells = Counter(table.columns[name][index] for index in at)
        commonest = Counter(map(shape, cells)).most_common(1)[0][0]
        if cells[""] <= (1 - MOSTLY) * len(at) and len(cells) >= MOSTLY * len(students) and "9" in commonest:
            found[name] = commonest
    return found


def _could_be_a_number(name: str) -> bool:
    """Whether a header says that a card could be made of it; what an agency uses or a secret is none."""
    words = re.findall("[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return bool(set(words) & NUMBERS) and not NEVER & set(words) and not is_sensitive(name)
