"""An answer of the directory in the words of SIP2. Without a right PIN nothing is told of a person: they are children.

A flag that holds is Y and one that does not is blank, CQ is always there, AF is last and every field ends with `|`:
clients that were run let a wrong PIN in, or blocked the patron, where one of these was otherwise.
"""

from collections.abc import Iterator
from datetime import date, datetime

from access_service.domain.access import IN_GOOD_STANDING, Answer, PinResult, Standing
from access_service.domain.client import Client, Options, Release
from access_service.domain.patron import PatronRecord
from access_service.domain.relayed import RelayedMessage
from access_service.domain.sip2 import Sip2Options
from access_service.domain.wording import Language, Message, words
from access_service.protocols.sip2.codec import LONGEST, rendered
from access_service.protocols.sip2.codec import Message as Asked

DENIED = "YYYY" + 10 * " "
NO_FLAGS = 14 * " "
# Holds, overdue, charged, fines, recalls, unavailable: the ILS knows.
COUNTS = 6 * "0000"
# Patron status, SC status, resend, login, patron information and end of session.
SUPPORTED = "YNNNYYYYYNNNNNNN"
_LANGUAGES = {"001": Language.ENGLISH, "008": Language.SPANISH, "021": Language.SPANISH}

# What is answered to what only an ILS can do: no, in the shape of each; and what of the question comes back.
_REFUSALS = {
    "09": ("100NUN", ("AB", "AQ")),
    "11": ("120NUN", ("AA", "AB", "AJ", "AH")),
    "15": ("160N", ("AA",)),
    "17": ("18010001", ("AB", "AJ")),
    "19": ("200", ("AB",)),
    "29": ("300NUN", ("AA", "AB", "AJ", "AH")),
    "37": ("38N", ("AA",)),
    "65": ("66000000000", ()),
}
# What an ILS's answer is kept to in a 24 or 26, and without a right PIN.
BRIEF_HEAD = 35
_BRIEF_FIELDS = frozenset("AO AA AE BL CQ BH BV AF AG".split())
_BARE_FIELDS = frozenset("AO AA AE BL CQ AF".split())
MOST_WORDS = 3
# A whole message, without its check and its end.
ROOM = LONGEST - len("AY000000AZ0000") - len("\r\n")
_WITHOUT_INSTITUTION = frozenset({"17", "19"})
REFUSED = frozenset(_REFUSALS)
# Where the language of the question stands, in front of all else.
_WITH_LANGUAGE = frozenset({"23", "63"})


def when(now: datetime) -> str:
    """18 characters of local time, as `YYYYMMDD    HHMMSS`."""
    return f"{now:%Y%m%d    %H%M%S}"


def status(institution: str, online: bool, options: Options, now: datetime) -> bytes:
    """98: what we can do, and whether anybody can be asked about just now."""
    fields = [("AO", institution), ("BX", SUPPORTED)]
    said = words(Message.WELCOME if online else Message.UNAVAILABLE, options.language)
    head = f"98{'Y' if online else 'N'}NNNNN100003{when(now)}2.00"
    return rendered(head, [*fields, ("AF", said)], options.sip2.encoding)


def patron(asked: Asked, answer: Answer, client: Client, institution: str, now: datetime) -> bytes:
    """24, 64 or 26, to 23 or 01, 63 and 25."""
    language = _language(asked, client.options)
    said = answer.relayed if isinstance(answer.relayed, RelayedMessage) and asked.code != "01" else None
    if said and _says_right(said) == (answer.pin is PinResult.OK):
        return _of_the_ils(asked, said, client.options.sip2, ("AF", words(answer.message, language)))
    good = answer.told_standing in IN_GOOD_STANDING
    code = _code(asked)
    spoken = asked.fixed[:3] if asked.code in _WITH_LANGUAGE and _is_number(asked.fixed[:3]) else "000"
    counts = COUNTS if code == "64" else ""
    # A block that was asked for is not made here, and a person is told so.
    message = Message.NOT_SUPPORTED if asked.code == "01" else answer.message
    fields = [
        ("AO", institution),
        ("AA", asked.fields.get("AA", "")),
        *_told(answer, client, whole=code == "64"),
        ("AF", words(message, language)),
    ]
    head = f"{code}{NO_FLAGS if good else DENIED}{spoken}{when(now)}{counts}"
    return rendered(head, fields, client.options.sip2.encoding)


def ended(asked: Asked, options: Options, institution: str, now: datetime) -> bytes:
    """36: there is nothing to end, so it went well."""
    fields = [("AO", institution), ("AA", asked.fields.get("AA", ""))]
    said = words(Message.GOODBYE, options.language)
    return rendered(f"36Y{when(now)}", [*fields, ("AF", said)], options.sip2.encoding)


def refusal(asked: Asked, options: Options, institution: str, now: datetime) -> bytes:
    """No to what needs an ILS: silence would keep the client waiting."""
    head, echoed = _REFUSALS[asked.code]
    first = [] if asked.code in _WITHOUT_INSTITUTION else [("AO", institution)]
    fields = [*first, *((name, asked.fields.get(name, "")) for name in echoed)]
    said = words(Message.NOT_SUPPORTED, options.language)
    return rendered(f"{head}{when(now)}", [*fields, ("AF", said)], options.sip2.encoding)


def _told(answer: Answer, client: Client, *, whole: bool) -> Iterator[tuple[str, str]]:
    options = client.options.sip2
    right = answer.record if answer.pin is PinResult.OK else None
    found = _released(right, answer.told_expiry, client) if right else ()
    released = {name: value for name, value in found if value and name not in options.hidden_fields}
    yield "AE", released.pop("AE", "")
    # N makes PC booking forget a patron, so it is for the unknown alone.
    yield "BL", "N" if answer.told_standing is Standing.UNKNOWN else "Y"
    yield "CQ", "Y" if right else "N"
    if whole:
        yield from released.items()


def _released(record: PatronRecord, expiry: date | None, client: Client) -> Iterator[tuple[str, str]]:
    card, options, releases = record.patron, client.options.sip2, client.releases
    if Release.NAME in releases:
        name = options.name.replace("{given_name}", card.given_name).replace("{family_name}", card.family_name)
        yield "AE", " ".join(name.split())
    # Whoever has no end has no date: one far ahead is another century's to some clients.
    if Release.EXPIRES in releases and expiry and expiry.year < date.max.year:
        yield "PA", f"{expiry:%Y%m%d}"
    if Release.PATRON_TYPE in releases:
        yield "PC", card.patron_type
    if Release.PATRON_ID in releases:
        yield "XI", str(record.told_id)
    if Release.BRANCH in releases and options.home_library:
        yield options.home_library, card.branch


def _of_the_ils(asked: Asked, said: RelayedMessage, options: Sip2Options, ours: tuple[str, str]) -> bytes:
    """What the ILS said, as it said it, but with words last, `ours` if it has none, and in one read. Of a person it
    tells with a right PIN only: an ILS that tells more without is not to be heard through us."""
    right, whole = _says_right(said), asked.code == "63"
    kept = [(name, value if right or name != "AE" else "") for name, value in said.fields]
    heard = _BRIEF_FIELDS if right else _BARE_FIELDS
    kept = [pair for pair in kept if (right and whole) or pair[0] in heard]
    spoken = [pair for pair in kept if pair[0] == "AF"][:MOST_WORDS] or [ours]
    fields = [pair for pair in kept if pair[0] != "AF" and pair[0] not in options.hidden_fields]
    flags = "".join("Y" if flag == "Y" else " " for flag in said.head[:14])
    head = _code(asked) + flags + said.head[14 : None if whole else BRIEF_HEAD]
    while len(told := rendered(head, [*fields, *spoken], options.encoding)) > ROOM:
        del fields[max(at for at, (name, _) in enumerate(fields) if name not in _BARE_FIELDS)]
    return told


def _says_right(said: RelayedMessage) -> bool:
    return ("CQ", "Y") in said.fields


def _code(asked: Asked) -> str:
    return {"63": "64", "25": "26"}.get(asked.code, "24")


def _language(asked: Asked, options: Options) -> Language:
    named = asked.fixed[:3] if asked.code in _WITH_LANGUAGE else ""
    return _LANGUAGES.get(named, options.language)


def _is_number(text: str) -> bool:
    return len(text) == len("000") and text.isascii() and text.isdigit()
