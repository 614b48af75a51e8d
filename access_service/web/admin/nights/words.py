"""How nights are told to people who do not read logs."""

from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from access_service.storage.runs import Outcome


class Word(NamedTuple):
    """`mood` is a class of the styles; `mark` is for those who tell no colours apart."""

    word: str
    says: str
    mood: str
    mark: str


OUTCOMES: Mapping[Outcome, Word] = {
    Outcome.RUNNING: Word("running", "It is under way.", "wait", "…"),
    Outcome.APPLIED: Word("applied", "The roster was applied, all of it.", "good", "✓"),
    Outcome.SAME_FILE: Word("nothing new", "The same file as last time: there was nothing to do.", "good", "="),
    Outcome.SAME_STUDENTS: Word("nothing new", "Another file with the same students: nothing changed.", "good", "="),
    Outcome.HELD_IN_PART: Word("held in part", "Newcomers and changes went in; removals did not.", "wait", "!"),
    Outcome.HELD: Word("held", "Nothing was changed.", "wait", "!"),
    Outcome.DISCARDED: Word("discarded", "A person threw the file away; nothing was changed.", "soft", "-"),
    Outcome.EDITED: Word("by hand", "No night: a person changed patrons by hand.", "soft", "·"),
    Outcome.FAILED: Word("failed", "Nothing was changed; everybody is served from the last good night.", "bad", "✗"),
}
MISSED = Word("missed", "A night was due, and none ran.", "bad", "?")
NONE = Word("no night", "No night was due.", "soft", "")
UNDONE = Word("undone", "It was applied, and undone later.", "soft", "↶")

KINDS = {
    "create": "new cards",
    "update": "changed",
    "renew": "renewed",
    "return": "came back",
    "seen_again": "seen again",
    "absent": "missing",
    "leave": "left",
    "graduate": "graduated",
    "opted_out": "opted out",
    "unchanged": "unchanged",
    "put_back": "put back as they were",
    "withdraw": "leave, for the run made them",
    "restore": "are back, for the run withdrew them",
}
PHASES = {
    "extract": "Hear what the library system says",
    "fetch": "Fetch the roster",
    "read": "Read it",
    "plan": "Plan, and look for anything odd",
    "apply": "Apply the plan",
    "load": "Tell the library system",
}


def kind(name: str) -> str:
    """What happened to patrons, as a column's head."""
    return KINDS.get(name, name.replace("_", " "))


def age(since: timedelta) -> str:
    """How long ago, such as "6 hours ago"."""
    for seconds, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if (count := int(since.total_seconds() // seconds)) >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
