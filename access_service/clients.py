"""Who asks? A key or an address becomes a Client."""

import hashlib
import secrets
import time
from collections.abc import Callable
from ipaddress import ip_address

from sqlalchemy import Engine

from access_service.domain.client import Client, DialectName
from access_service.storage import clients
from access_service.storage.engine import database_errors

# A revoked key is refused this many seconds later at most.
FRESH_SECONDS = 2.0


def new_key() -> str:
    """A key to be shown once."""
    return secrets.token_urlsafe(32)


def key_sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Clients:
    """The clients of this installation, read again every few seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._read_at = float("-inf")
        self._all: list[Client] = []
        self._by_key: dict[str, Client] = {}

    def by_key(self, key: str) -> Client | None:
        """The client that this key was made for."""
        self._refresh()
        return self._by_key.get(key_sha256(key))

    def by_address(self, address: str, dialect: DialectName) -> Client | None:
        """The one client of a dialect without credentials that asks from this address."""
        self._refresh()
        asking = ip_address(address)
        return next((c for c in self._all if dialect in c.dialects and c.may_ask_from(asking)), None)

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._read_at < FRESH_SECONDS:
            return
        with database_errors(), self._engine.connect() as connection:
            found = clients.active(connection)
        self._all = [client for _, client in found]
        self._by_key = {key: client for key, client in found if key}
        self._read_at = now
