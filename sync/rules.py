"""A district's rules as one canonical text: all that decides about patrons, and nothing else."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import unified_diff
from hashlib import sha256
from itertools import groupby
from typing import Any

from access_service.settings import District

# What of a district's file decides who gets a card and what is on it. Named one by one, because the text is kept: no
# host, key or address of a person comes into it by itself. [calendar] without `freeze`, which must work at once.
DECIDING: Mapping[str, Any] = {
    "district": {"timezone"},
    "agreement": {"fields"},
    "feed": {"columns", "values", "header", "school"},
    "rules": True,
    "calendar": True,
}
AT_ONCE: Mapping[str, Any] = {"calendar": {"freeze"}}
# These say when a person looks, who is told, when nights are, what the ILS has besides, and what must come out: none
# changes a card.
APART = frozenset({"limits", "notify", "schedule", "ils", "examples"})

_BARE = re.compile("[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Rules:
    """`text` is TOML, a line a key with its whole path, sorted; keys that have their default are left out."""

    text: str

    @property
    def version(self) -> str:
        return sha256(self.text.encode()).hexdigest()[:16]


def rules_of(district: District) -> Rules:
    """The rules of a district. A key that a later program adds, or that is written out as its default, changes
    nothing."""
    facts = district.model_dump(include=dict(DECIDING), exclude=dict(AT_ONCE), exclude_defaults=True, exclude_none=True)
    return Rules("".join(f"{line}\n" for line in _lines(facts)))


def difference(before: str, now: str) -> list[str]:
    """The lines that are only in one of two texts, "- " and "+ " before them."""
    changed = unified_diff(before.split("\n"), now.split("\n"), n=0, lineterm="")
    return [f"{line[0]} {line[1:]}" for line in list(changed)[2:] if not line.startswith("@@")]


def as_tables(text: str) -> str:
    """A text as a district's file has it: the same keys, under the headers of their tables."""
    tables = groupby(_entries(text), key=lambda entry: entry.partition(".")[0])
    return "\n".join(
        f"[{table}]\n" + "".join(entry.partition(".")[2] for entry in entries) for table, entries in tables
    )


def _entries(text: str) -> Iterator[str]:
    """The keys of a text with their lines: a list of tables has several."""
    entry = ""
    for line in text.split("\n")[:-1]:
        entry += f"{line}\n"
        if not line.startswith(" ") and not line.endswith("["):
            yield entry
            entry = ""


def _lines(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key in sorted(value):
            yield from _lines(value[key], f"{path}.{_key(key)}" if path else _key(key))
    elif isinstance(value, list | tuple) and any(isinstance(each, Mapping) for each in value):
        yield f"{path} = ["
        yield from (f"    {_toml(each)}," for each in value)
        yield "]"
    else:
        yield f"{path} = {_toml(value)}"


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _toml(key)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(value[key])}" for key in sorted(value)) + " }"
    if isinstance(value, Collection) and not isinstance(value, str):
        # Of a set the order is nobody's.
        listed = sorted(value) if isinstance(value, frozenset | set) else value
        return "[" + ", ".join(map(_toml, listed)) + "]"
    if isinstance(value, date):
        return value.isoformat()
    # A JSON string, number, true or false is also TOML.
    return json.dumps(value, ensure_ascii=False)
