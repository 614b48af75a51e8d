"""The words of the standard's cells, and how exporters spell them."""

from collections import Counter
from collections.abc import Callable, Mapping

from sync.formats.dates import iso_date
from sync.formats.oneroster.columns import bare
from sync.formats.reader import Reader
from sync.roster import WarningCode

STUDENT, SCHOOL = "student", "school"
PRIMARY, SECONDARY = "primary", "secondary"
DELTA, BULK, ABSENT = "delta", "bulk", "absent"

# What a status says of one who has gone. 1.0 and drafts of 1.1 have "inactive": the record, not its login, is over.
GONE = frozenset({"tobedeleted", "inactive"})


def _words(spelled: str, **synonyms: str) -> Mapping[str, str]:
    """Word by its bare spelling; synonyms are of the word that they are given for."""
    others = {other: word for word, listed in synonyms.items() for other in listed.split()}
    return others | {bare(word): word for word in spelled.split()}


MODES = _words("bulk delta absent", bulk="full complete", delta="incremental changes", absent="none no false")
STATUSES = _words("active tobedeleted inactive", tobedeleted="deleted delete todelete tobedelete")
ROLE_TYPES = _words("primary secondary")
ORG_TYPES = _words(
    "department school district local state national", school="schools", district="lea schooldistrict", state="sea"
)
# Who works at a school. All other adults are family, or nobody's concern.
EDUCATORS = frozenset(
    "educator teacher aide proctor counselor principal administrator siteAdministrator districtAdministrator"
    " systemAdministrator admin staff faculty employee librarian nurse coach secretary substitute instructor"
    " paraprofessional superintendent".split()
)
# Adults of 1.0 to 1.2, and the words that exporters have for them besides.
ROLES = _words(
    "administrator aide guardian parent proctor relative student teacher counselor districtAdministrator principal"
    " siteAdministrator systemAdministrator staff faculty admin employee librarian nurse coach secretary substitute"
    " instructor paraprofessional superintendent volunteer mentor tutor contact mother father educator other",
    student="students pupil pupils learner",
    teacher="teachers coteacher teacherofrecord",
    parent="parents",
    guardian="guardians legalguardian",
    counselor="counsellor guidancecounselor",
    principal="assistantprincipal viceprincipal",
    systemAdministrator="sysadmin systemadmin",
    siteAdministrator="schooladministrator schooladmin siteadmin",
    districtAdministrator="districtadmin",
    staff="stafff staffmember schoolstaff districtstaff",
)


def role_word(cell: str) -> str:
    """The role that a cell names, or "". What a district calls "ext:..." is its own, and no student."""
    return cell if cell[:4].lower() == "ext:" else ROLES.get(bare(cell), "")


def understood(cells: list[str], word: Callable[[str], str], reader: Reader) -> list[str]:
    """The word of each cell, "" for what is none, worked out once for each different one; counts those that are
    spelled otherwise."""
    if not any(cells):
        return cells
    counts = Counter(cells)
    words = {cell: word(cell) for cell in counts}
    reader.warnings[WarningCode.VALUE_SPELLING] += sum(n for cell, n in counts.items() if words[cell] not in ("", cell))
    return [words[cell] for cell in cells]


def among(words: Mapping[str, str]) -> Callable[[str], str]:
    """What a cell means in a vocabulary."""
    return lambda cell: words.get(bare(cell), "")


def iso_dates(cells: list[str], reader: Reader) -> list[str]:
    """Dates in any spelling; the standard has one."""
    return understood(cells, lambda cell: iso_date(cell, reader.today), reader)
