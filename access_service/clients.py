"""Who asks? A key or an address becomes a Client."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from sqlalchemy import Connection, Engine

from access_service.domain.client import Client, DialectName
from access_service.errors import OperatorError
from access_service.storage import clients
from access_service.storage.engine import read

# A revoked key is refused this many seconds later at most.
FRESH_SECONDS = 2.0

Network = IPv4Network | IPv6Network
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def new_key() -> str:
    """A key to be shown once."""
    return secrets.token_urlsafe(32)


def key_sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def admit(connection: Connection, client: Client, key: str | None, now: datetime) -> None:
    """Store a new client. OperatorError where the name is taken, or an address would be two clients'."""
    if not _NAME.fullmatch(client.name):
        raise OperatorError("a client's name is lower-case letters, digits and hyphens, 63 at most")
    if clients.exists(connection, client.name):
        raise OperatorError(f"there was a client {client.name!r} already; choose another name")
    if DialectName.PATRONAPI in client.dialects:
        _check_addresses(connection, client)
    clients.add(connection, client, key_sha256(key) if key else None, now)


def _check_addresses(connection: Connection, client: Client) -> None:
    """The Patron API knows its clients by address alone."""
    if any(network.prefixlen == 0 for network in client.networks):
        raise OperatorError("a Patron API client needs the networks it asks from; everywhere is none")
    for _, other in clients.active(connection):
        if DialectName.PATRONAPI not in other.dialects:
            continue
        for network in client.networks:
            if any(network.version == known.version and network.overlaps(known) for known in other.networks):
                raise OperatorError(f"{network} overlaps a network of Patron API client {other.name!r}")


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
        return next((c for c in self._all if dialect in c.dialects and c.may_ask_from(address)), None)

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._read_at < FRESH_SECONDS:
            return
        found = read(self._engine, clients.active)
        self._all = [client for _, client in found]
        self._by_key = {key: client for key, client in found if key}
        self._read_at = now
