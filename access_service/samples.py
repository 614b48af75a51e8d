"""A sample roster that somebody hands in to have it looked at, and what was seen in it: where columns are swapped that
holds names too. Between the day and the night nobody can read either."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from access_service.pin_vault import PinVault

_SAMPLE, _SEEN = "sample roster", "seen in a sample roster"
_KEY_ID = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """A file as it came. Its name may say whose it is."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


def sealed(vault: PinVault, sample: Sample) -> bytes:
    """For the `payload` of a request: the id of the pepper, and the sample sealed under it."""
    return _seal(vault, _SAMPLE, {"name": sample.name, "content": b64encode(sample.content).decode()})


def unsealed(vault: PinVault, payload: bytes) -> Sample:
    """What was sealed, under a pepper of the ring."""
    facts = _unseal(vault, _SAMPLE, payload)
    return Sample(facts["name"], b64decode(facts["content"]))


def sealed_answer(vault: PinVault, seen: Mapping[str, str]) -> Mapping[str, str]:
    """For the `answer` of a request."""
    return {"sealed": b64encode(_seal(vault, _SEEN, seen)).decode()}


def unsealed_answer(vault: PinVault, answer: Mapping[str, str]) -> Mapping[str, str]:
    """What was seen, under a pepper of the ring; empty where there is no such answer."""
    return _unseal(vault, _SEEN, b64decode(answer["sealed"])) if "sealed" in answer else {}


def _seal(vault: PinVault, purpose: str, facts: Mapping[str, str]) -> bytes:
    return vault.key_id.encode() + vault.seal(purpose, json.dumps(facts))


def _unseal(vault: PinVault, purpose: str, sealed: bytes) -> dict[str, str]:
    facts: dict[str, str] = json.loads(vault.unseal(sealed[:_KEY_ID].decode(), purpose, sealed[_KEY_ID:]))
    return facts
