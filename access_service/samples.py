"""A sample roster that somebody hands in to have it looked at: on its way to the night nobody can read it."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from access_service.pin_vault import PinVault

_PURPOSE = "sample roster"
_KEY_ID = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """A file as it came. Its name may say whose it is."""

    name: str = field(repr=False)
    content: bytes = field(repr=False)


def sealed(vault: PinVault, sample: Sample) -> bytes:
    """For the `payload` of a request: the id of the pepper, and the sample sealed under it."""
    text = json.dumps({"name": sample.name, "content": b64encode(sample.content).decode()})
    return vault.key_id.encode() + vault.seal(_PURPOSE, text)


def unsealed(vault: PinVault, payload: bytes) -> Sample:
    """What was sealed, under a pepper of the ring."""
    facts = json.loads(vault.unseal(payload[:_KEY_ID].decode(), _PURPOSE, payload[_KEY_ID:]))
    return Sample(facts["name"], b64decode(facts["content"]))
