"""The Patron API of Innovative (III): a page of HTML, one `LABEL[code]=value<BR>` a line, always HTTP 200.

Sources: documentation.iii.com "Patron API", and the clients that read it (PROTOCOLS 1.3). Palace Manager goes by the
code in brackets and by ERRNUM, VuFind and Pika by the label, UC Berkeley by the exact ERRMSG; so all are kept exact.
"""

from collections.abc import Callable, Collection
from datetime import date

from access_service.domain.access import Answer, PinResult
from access_service.domain.client import Release
from access_service.domain.patron import PatronRecord
from access_service.domain.relayed import RelayedPages

NOT_FOUND = ("ERRNUM=1", "ERRMSG=Requested record not found")
WRONG_PIN = ("RETCOD=1", "ERRNUM=4", "ERRMSG=Invalid patron PIN")
RIGHT_PIN = ("RETCOD=0",)

NO_DATE = "  -  -  "
# Clients read 69-99 as 19xx, and 00-68 as 20xx: outside, a date would say the opposite of what it means.
FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2068, 12, 31)


def _date(day: date | None) -> str:
    return NO_DATE if day is None or day > LAST_DATE else max(day, FIRST_DATE).strftime("%m-%d-%y")


def _name(record: PatronRecord) -> str:
    """LAST, FIRST; nothing without a family name. Clients compare what stands before the first comma, or the last word
    where there is none, with what was typed in place of a PIN: it must be the family name, and never be empty."""
    family = " ".join(_clean(record.patron.family_name).replace(",", " ").split())
    return f"{family}, {_clean(record.patron.given_name)}".rstrip() if family else ""


def _clean(text: str) -> str:
    """One line of text: nothing in a name can end its line, be HTML or look like the beginning of another field."""
    kept = (char for char in text if char.isspace() or (char.isprintable() and char not in "<>[]="))
    return " ".join("".join(kept).split())


# In III's order. EXP DATE and MBLOCK carry the standing, so a client cannot do without them; REC INFO and REC TYPE
# say that this is a patron. The others are told only where the client was released them.
_FIELDS: tuple[tuple[str, Release | None, Callable[[PatronRecord], str]], ...] = (
    ("P TYPE[p47]", Release.PATRON_TYPE, lambda record: _clean(record.patron.patron_type)),
    ("HOME LIBR[p53]", Release.BRANCH, lambda record: _clean(record.patron.branch).ljust(5)),
    ("MBLOCK[p56]", None, lambda record: "b" if record.blocked else "-"),
    ("REC TYPE[p80]", None, lambda _: "p"),
    ("RECORD #[p81]", Release.PATRON_ID, lambda record: str(record.told_id)),
    ("CREATED[p83]", Release.PATRON_ID, lambda record: _date(record.created_on)),
    ("UPDATED[p84]", Release.PATRON_ID, lambda record: _date(record.updated_on)),
    ("PATRN NAME[pn]", Release.NAME, _name),
    ("P BARCODE[pb]", Release.LIBRARY_NUMBER, lambda record: _clean(record.patron.library_number)),
    ("UNIV ID[pu]", Release.STUDENT_NUMBER, lambda record: _clean(record.patron.student_number)),
)


def pintest(answer: Answer) -> str:
    """RETCOD=0 for a right PIN whatever the standing: the client takes that from date and block in the dump."""
    if isinstance(answer.relayed, RelayedPages) and answer.relayed.pintest is not None:
        return answer.relayed.pintest
    if answer.record is None:
        return _page(*NOT_FOUND)
    return _page(*(RIGHT_PIN if answer.pin is PinResult.OK else WRONG_PIN))


def dump(answer: Answer, releases: Collection[Release]) -> str:
    """What is on the card. Dates are MM-DD-YY; EXP DATE of one who left has passed."""
    if isinstance(answer.relayed, RelayedPages):
        return answer.relayed.dump
    record = answer.record
    if record is None:
        return _page(*NOT_FOUND)
    told = ((label, value(record)) for label, release, value in _FIELDS if release is None or release in releases)
    lines = [f"{label}={value}" for label, value in told if value]
    return _page("REC INFO[p!]=p", f"EXP DATE[p43]={_date(answer.told_expiry)}", *lines)


def _page(*lines: str) -> str:
    body = "".join(f"{line}<BR>\n" for line in lines)
    return f"<HTML><BODY>\n{body}</BODY></HTML>\n"
