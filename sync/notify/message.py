"""One message of all that there is to tell: for a person a subject and plain text, for a program the same in JSON."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from access_service.notices import Event
from access_service.settings import District
from access_service.storage.notices import Notice
from sync.report import shown

VERDICTS = {
    Event.FAILED: "FAILED",
    Event.HELD: "HELD",
    Event.HELD_IN_PART: "HELD IN PART",
    Event.DRIFT: "HELD, the roster is unlike the last one",
    Event.MISSED: "no good night",
    Event.LOAD_LATE: "the load to the ILS is late",
    Event.AGREEMENT_ENDING: "the agreement ends",
    Event.RECOVERED: "good again",
}


@dataclass(frozen=True, slots=True)
class Message:
    """`key` is the same each time that the same is told; `facts` are what a program gets beside the text, and `files`
    what a person gets by mail, by name."""

    key: str
    subject: str
    text: str
    facts: dict[str, Any]
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def compose(district: District, notices: Sequence[Notice], now: datetime) -> Message:
    """The gravest of these is the subject."""
    grave = sorted(notices, key=lambda notice: list(Event).index(notice.news.event))
    parts = [f"{each.news.day}  {each.news.text}" for each in grave]
    told = [{"event": each.news.event, "day": str(each.news.day), "run": each.news.run_id} for each in grave]
    numbers = " ".join(str(each.notice) for each in notices)
    verdict = "; ".join(dict.fromkeys(VERDICTS[each.news.event] for each in grave))
    return _message(district, f"notices {numbers}", verdict, "\n\n".join(parts), now, told)


def trial(district: District, now: datetime) -> Message:
    """A message that says only that messages arrive."""
    text = "This is a test. Nothing is wrong: what the nights of this district have to tell arrives here."
    return _message(district, f"test {now.isoformat()}", "a test", text, now, [])


def report(district: District, month: date, text: str, files: Mapping[str, bytes], now: datetime) -> Message:
    """The story of a month, for the contacts of the agreement."""
    made = _message(district, f"report {month:%Y-%m}", f"student access in {month:%B %Y}", text, now, [])
    return replace(made, files=files)


def _message(  # noqa: PLR0913, PLR0917 - all that a message is made of
    district: District, of: str, verdict: str, text: str, now: datetime, told: list[dict[str, Any]]
) -> Message:
    key = hashlib.sha256(f"{district.code} {of}".encode()).hexdigest()[:32]
    name = shown(district.district.name)
    subject = f"{district.code}: {verdict} ({name})"
    facts = {"district": district.code, "name": name, "at": now.isoformat(timespec="seconds"), "events": told}
    return Message(key, subject, f"{name} ({district.code})\n\n{text}\n", facts)
