"""Bearer tokens, which OAuth2's client credentials are changed for: good for an hour.

Nothing of them is stored. Any worker knows one by its mark, and it ends with its client, or with the key that
it was changed for.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from access_service.clients import Clients
from access_service.domain.client import Client
from access_service.pin_vault import PinVault

TOKEN_SECONDS = 3600
_PURPOSE = "bearer token"
_TOKEN = re.compile(r"([a-z0-9-]+)\.([0-9]{1,12})\.([0-9a-f]{32})")


@dataclass(frozen=True, slots=True)
class Tokens:
    """`now` gives the aware UTC time."""

    clients: Clients
    vault: PinVault
    now: Callable[[], datetime]

    def issue(self, client: Client) -> str:
        """A token of this client: its name, when it ends, and the mark of the two under the pepper."""
        until = str(int(self.now().timestamp()) + TOKEN_SECONDS)
        mark = self.vault.mark(_PURPOSE, client.name, until, self.clients.key_of(client))
        return f"{client.name}.{until}.{mark.hex()}"

    def client(self, token: str) -> Client | None:
        """Whose token this is; None for one that has ended, was never issued, or whose client has ended."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return None
        name, until, mark = parts.groups()
        client = self.clients.named(name)
        if client is None or int(until) <= self.now().timestamp():
            return None
        ours = self.vault.marks(_PURPOSE, name, until, self.clients.key_of(client))
        return client if any(hmac.compare_digest(bytes.fromhex(mark), known) for known in ours) else None
