"""The wire of the dialects over HTTP: what is sent, what came back, and the same for the screen."""

import base64
import http.client
import json
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from access_service.trying.trial import MASKED, SECONDS, Outcome, Secrets, Trial, UnreachedError

_TOKEN = re.compile(r'("access_token"\s*:\s*")[^"]*')


class Question(NamedTuple):
    """A request but for the server's name."""

    method: str
    path: str
    headers: Mapping[str, str] = {}
    body: str = ""


class Page(NamedTuple):
    """An answer."""

    status: int
    text: str

    def fields(self) -> dict[str, Any]:
        """The JSON object, empty where it is none."""
        try:
            told = json.loads(self.text)
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


@dataclass
class Wire:
    """Asks and writes down both sides."""

    trial: Trial
    outcome: Outcome
    token: str = field(default="", repr=False)

    def ask(self, question: Callable[[Secrets], Question]) -> Page:
        """Send what `question` makes of the secrets; what it makes of the masked ones is shown."""
        masked, asked = question(MASKED), question(self.trial.secrets)
        self.outcome.sent(f"{masked.method} {masked.path}")
        self.outcome.sent("\n".join(f"{name}: {value}" for name, value in masked.headers.items()))
        self.outcome.sent(masked.body)
        page = self._answer(asked)
        self.outcome.came(f"{page.status} {http.client.responses.get(page.status, '')}")
        self.outcome.came(_TOKEN.sub(r"\1****", page.text))
        return page

    def _answer(self, asked: Question) -> Page:
        trial = self.trial
        connection = http.client.HTTPConnection(trial.host, trial.port, timeout=SECONDS)
        try:
            with closing(connection):
                connection.request(asked.method, asked.path, asked.body.encode(), dict(asked.headers))
                response = connection.getresponse()
                return Page(response.status, response.read().decode(errors="replace"))
        except OSError as error:
            raise UnreachedError(trial.unanswered(error, "serve")) from None
        except http.client.HTTPException:
            said = f"what answers at {trial.host} port {trial.port} is not HTTP: look at [http] in service.toml"
            raise UnreachedError(said) from None

    def basic(self, secrets: Secrets) -> dict[str, str]:
        """Name and key of the client; on the screen they are not encoded."""
        pair = f"{self.trial.client.name}:{secrets.key}"
        return {"Authorization": f"Basic {pair if secrets is MASKED else base64.b64encode(pair.encode()).decode()}"}

    def bearer(self, secrets: Secrets) -> dict[str, str]:
        """The token that was given for name and key."""
        return {"Authorization": f"Bearer {secrets.key if secrets is MASKED else self.token}"}
