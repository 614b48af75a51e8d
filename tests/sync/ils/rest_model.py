"""Models of ILSs that take patrons by REST, as strict as their published schemas."""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft4Validator

from access_service.ils import Ils
from tests.sync.ils.http_server import Asked, Said

SCHEMAS = Path(__file__).parents[4] / "shared" / "ils-schemas"
KEY, SECRET = "a key", "a word of secret"
CODE = "SISID"
PREFIX = "sia-"


class Seen(NamedTuple):
    """An account as the ILS shows it."""

    numbers: tuple[str, ...]
    key: str
    name: str
    patron_type: str
    branch: str
    expires: str
    pin: str
    note: str


def table(url: str, form: str, **keys: Any) -> Ils:
    """[ils] for a model at `url`."""
    own: dict[str, Any] = {
        "koha-rest": {"koha_rest": {"key_attribute": CODE}},
        "sierra": {"sierra": {"key_prefix": PREFIX}},
    }[form]
    delivery = {"to": "api", "url": url, "timeout_seconds": 5, "tries": 3}
    return Ils.model_validate({"format": form, "delivery": delivery, **own, **keys})


def schema(name: str, own: Mapping[str, Any]) -> Draft4Validator:
    """The vendor's, where it is at hand, else what of it is used here."""
    path = SCHEMAS / f"{name}.schema.json"
    return Draft4Validator(json.loads(path.read_text()) if path.exists() else own)


@dataclass
class RestModel(ABC):
    """What both have: tokens, and records by their id."""

    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    tokens: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Said:
        with self.lock:
            if asked.path in ("/token", "/oauth/token"):
                return self.token(asked)
            if asked.headers.get("authorization") != f"Bearer t{self.tokens}":
                return Said(401, {"error": "Authentication failure."})
            return self.answer(asked)

    def token(self, asked: Asked) -> Said:
        if not self.knows(asked):
            return Said(401, {"error": "unauthorized"})
        self.tokens += 1
        return Said(200, {"access_token": f"t{self.tokens}", "token_type": "Bearer", "expires_in": 3600})

    @abstractmethod
    def knows(self, asked: Asked) -> bool:
        """Whether somebody who asks for a token has our key and secret."""

    @abstractmethod
    def answer(self, asked: Asked) -> Said:
        """What is said to somebody who has a token."""

    @abstractmethod
    def add(self, number: str, key: str = "", **changed: Any) -> int:
        """Staff register somebody, or an earlier load did."""

    @abstractmethod
    def seen(self) -> list[Seen]:
        """All accounts."""

    def next_id(self) -> int:
        return max(self.records, default=1000) + 1
