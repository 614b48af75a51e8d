"""What an API answers: JSON or nothing, and of a refusal its own words."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

MOST_WORDS = 200
# Where APIs say why, in the order in which it is read.
_SAID_IN = ("error", "conflict", "errorMessage", "description", "message", "name", "errors")


class RefusedError(Exception):
    """The ILS does not take this one order; the text says why, in its words or ours. The others go on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is what its JSON says, None where there was none. Of `headers` any spelling finds one."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)

    def words(self) -> str:
        """Why something was refused, as long as the ILS said it: not for a person before `shown`."""
        found = "; ".join(dict.fromkeys(_said(self.body)))
        return f"HTTP {self.status}: {found}" if found else f"HTTP {self.status}"


def shown(words: str, secrets: Iterable[str] = ()) -> str:
    """The beginning of words, on one line and without these values."""
    for value in sorted(filter(None, secrets), key=len, reverse=True):
        words = re.sub(re.escape(value), "…", words, flags=re.IGNORECASE)
    return "".join(c if c.isprintable() else " " for c in " ".join(words.split()))[:MOST_WORDS]


def _said(body: Any) -> Iterator[str]:
    if isinstance(body, str):
        yield body
    elif isinstance(body, list):
        for each in body:
            yield from _said(each)
    elif isinstance(body, dict):
        for name in _SAID_IN:
            yield from _said(body.get(name))
