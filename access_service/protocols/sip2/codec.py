"""SIP2 messages, 3M's version 2.00: bytes in, values out, and back. Generous in reading, strict in writing.

Sources: the specification, and eight clients that were run against servers with small mistakes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from unicodedata import normalize

from access_service.domain.sip2 import Encoding, Terminator, adds_up, checksum

# One field never takes so much that a message is more than the 1024 bytes of Libki's one read; the number that was
# typed may be as long as the standard lets it be, for it is to come back as it came.
VALUE_BYTES = 100
NUMBER_BYTES = len("AA") + 255
LONGEST = 1024

# How long what stands before the fields is, of each message that we know.
FIXED = {
    **{"01": 19, "09": 37, "11": 38, "15": 19, "17": 18, "19": 18, "23": 21, "25": 18, "29": 38},
    **{"35": 18, "37": 25, "63": 31, "65": 18, "93": 2, "97": 0, "99": 8},
}
_JUNK_BEFORE = re.compile(rb"\A[^0-9A-Za-z]+")
_JUNK_AFTER = b"| \t\r\n\x00"
# One digit it is in the standard; sip2-ruby goes on counting past 9, and takes only its own number back.
_DETECTION = re.compile(rb"(?:AY([0-9]{1,6}))?AZ([0-9A-Fa-f]{4})\Z")
_FIRST_FIELD = re.compile(r"A[ACDO]|C[NO]")
# What Libki takes for a verdict wherever in a message it stands.
_VERDICT = re.compile(r"BL(?=N)|CQ(?=Y)", re.IGNORECASE)
_VERDICTS = frozenset({"BL", "CQ"})
# Letters that Unicode does not take apart.
_PLAIN = dict(
    zip("ØøŁłĐđÐðıßÆæŒœÞþ\u2019\u2018\u2013", "O o L l D d D d i ss Ae ae Oe oe Th th ' ' -".split(), strict=True)
)
_ENDS = {Terminator.CR: b"\r", Terminator.CRLF: b"\r\n"}


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a client. `sequence` is what AY says; `checked`: it has a checksum; `sound`: that is right, or
    there is none. Of a field that comes twice the first counts."""

    code: str
    fixed: str
    fields: Mapping[str, str] = field(repr=False)
    sequence: str = ""
    checked: bool = False
    sound: bool = True


def clean(line: bytes) -> bytes:
    """What stands between two ends of line, without the junk around it that some send."""
    return _JUNK_BEFORE.sub(b"", line, count=1).rstrip(_JUNK_AFTER)


def parse(line: bytes, encoding: Encoding) -> Message:
    """The message of a clean line. `encoding` is that of a client that does not write UTF-8."""
    detection = _DETECTION.search(line)
    sequence, checked, sound, body = "", False, True, line
    if detection:
        covered = line[: detection.start(2)]
        sound = adds_up(covered, _text(covered, encoding), int(detection[2], 16))
        before = line[: detection.start()]
        # A wrong one in the middle of a value is the value's own end.
        if sound or before.endswith(b"|") or b"|" not in before:
            checked, body, sequence = True, before, (detection[1] or b"").decode()
        else:
            sound = True
    text = _text(body, encoding)
    code = text[:2]
    start = _fields_begin(text, 2 + FIXED.get(code, 0))
    fields: dict[str, str] = {}
    for part in text[start:].split("|"):
        fields.setdefault(part[:2], part[2:])
    return Message(code, text[2:start], fields, sequence, checked, sound)


def seal(body: bytes, sequence: str, checked: bool, terminator: Terminator) -> bytes:
    """A message as it is sent: in one piece, with a checksum where the question had one."""
    if checked:
        covered = body + (f"AY{sequence}AZ" if sequence else "AZ").encode()
        body = covered + checksum(covered).encode()
    return body + _ENDS[terminator]


def rendered(head: str, fields: Iterable[tuple[str, str]], encoding: Encoding) -> bytes:
    """A message without its end. No value can end its field, and none reads as a verdict."""
    return b"".join([head.encode(), *(_field(name, value, encoding) for name, value in fields)])


def _field(name: str, value: str, encoding: Encoding) -> bytes:
    if not value.isascii():
        value = _written(value, encoding)
    if not value.isprintable() or "|" in value:
        value = "".join(char for char in value if char.isprintable() and char != "|")
    whole = name + value
    # Of what we say ourselves in these two, nothing is to be broken.
    if name not in _VERDICTS and _VERDICT.search(whole):
        whole = _VERDICT.sub(r"\g<0> ", whole)
    sent = whole.encode(encoding)
    if len(sent) > (most := NUMBER_BYTES if name == "AA" else VALUE_BYTES):
        sent = sent[:most].decode(encoding, "ignore").encode(encoding)
    return sent + b"|"


def _written(value: str, encoding: Encoding) -> str:
    """The value in letters that the encoding has: an accent goes, what has no Latin letter becomes a question mark."""
    return "".join(char if _has(encoding, char) else _folded(char) for char in normalize("NFC", value))


def _has(encoding: Encoding, char: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _folded(char: str) -> str:
    return _PLAIN.get(char) or normalize("NFKD", char).encode("ascii", "ignore").decode() or "?"


def _text(line: bytes, encoding: Encoding) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        # Every byte is a letter in either; "English 850" is the standard's own.
        return line.decode("latin-1" if encoding is Encoding.LATIN_1 else "cp850")


def _fields_begin(text: str, usual: int) -> int:
    """Where the fields begin, also of a client that counts what stands before them otherwise."""
    if "|" not in text or ("|" not in text[:usual] and text[usual : usual + 2].isupper()):
        return usual
    first = _FIRST_FIELD.search(text, 2)
    return first.start() if first else usual
