"""Who asks? A key or an address becomes a Client."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine

from access_service.domain.client import BY_ADDRESS, Client, DialectName, Options
from access_service.errors import ConfigError, OperatorError
from access_service.storage import clients
from access_service.storage.clients import OPTIONS
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


def has_key(client: Client) -> bool:
    """Whether it is given a key: whoever speaks SIP2 may need one after all, with other options."""
    return bool(client.dialects - BY_ADDRESS)


def network(text: str) -> Network:
    """Of `--network`. ConfigError for what is none."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigError(f"--network {text}: should be a network such as 10.1.2.0/24, or one address") from error


def admit(connection: Connection, client: Client, key: str | None, now: datetime) -> None:
    """Store a new client. OperatorError where the name is taken, or an address would be two clients'."""
    if not _NAME.fullmatch(client.name):
        raise OperatorError("a client's name is lower-case letters, digits and hyphens, 63 at most")
    if clients.exists(connection, client.name):
        raise OperatorError(f"there was a client {client.name!r} already; choose another name")
    check_addresses(connection, client)
    clients.add(connection, client, key_sha256(key) if key else None, now)


def named(connection: Connection, name: str) -> Client:
    """The client of this name. OperatorError names those there are."""
    return keyed(connection, name)[1]


def keyed(connection: Connection, name: str) -> tuple[str | None, Client]:
    """The client of this name with the SHA-256 of its key, None where it has none. Errors as above."""
    found = {known.name: (key, known) for key, known in clients.active(connection)}
    if name not in found:
        raise OperatorError(f"no client {name!r}; there are: {', '.join(found) or 'none'}")
    return found[name]


def differing(options: Options) -> Iterator[tuple[str, str]]:
    """What is not as usual, as `with_options` takes it."""
    return _pairs(OPTIONS.dump_python(options, mode="json", exclude_defaults=True), "")


def _pairs(table: Mapping[str, Any], room: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _pairs(value, f"{room}{key}.")
        else:
            yield f"{room}{key}", ",".join(value) if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def with_options(options: Options, pairs: Iterable[str]) -> Options:
    """The options, changed by texts such as `sip2.terminator=crlf`; of a list the parts stand between commas.

    Errors: OperatorError for a name that is none, and for a value that it cannot have.
    """
    table = OPTIONS.dump_python(options, mode="json")
    for pair in pairs:
        name, _, value = pair.partition("=")
        *rooms, last = name.strip().split(".")
        room = table
        for each in rooms:
            room = room.get(each)
            if not isinstance(room, dict):
                break
        if not isinstance(room, dict) or last not in room or isinstance(room[last], dict):
            raise OperatorError(f"{name}: no such option; docs/clients.md has those there are")
        room[last] = [part for part in value.split(",") if part] if isinstance(room[last], list) else value
    try:
        return OPTIONS.validate_python(table)
    except ValidationError as error:
        (first, *_) = error.errors(include_input=False, include_url=False)
        where, said = ".".join(map(str, first["loc"])), first["msg"]
        # What an option itself finds wrong begins with its key.
        ours = said.removeprefix("Value error, ")
        raise OperatorError(f"{where}: {said}" if said == ours else f"{where}.{ours}") from None


def check_addresses(connection: Connection, client: Client) -> None:
    """Where the address is all that a client shows, it is one client's. OperatorError says whose else it is."""
    for dialect in sorted(client.known_by_address):
        if any(network.prefixlen == 0 for network in client.networks):
            raise OperatorError(f"a client of {dialect} needs the networks it asks from; everywhere is none")
        for _, other in clients.active(connection):
            if other.name != client.name and dialect in other.known_by_address:
                _check_apart(client, other, dialect)


def _check_apart(client: Client, other: Client, dialect: DialectName) -> None:
    for network in client.networks:
        if any(network.version == known.version and network.overlaps(known) for known in other.networks):
            raise OperatorError(f"{network} overlaps a network of {other.name!r}, which speaks {dialect} too")


class Clients:
    """The clients of this installation, read again every few seconds."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._read_at = float("-inf")
        self._all: list[Client] = []
        self._by_key: dict[str, Client] = {}
        self._by_name: dict[str, Client] = {}
        self._keys: dict[str, str | None] = {}

    def by_key(self, key: str) -> Client | None:
        """The client that this key was made for."""
        self._refresh()
        return self._by_key.get(key_sha256(key))

    def by_name(self, name: str, key: str) -> Client | None:
        """The client of this name, if the key is its own."""
        client = self.by_key(key)
        return client if client and client.name == name else None

    def by_login(self, login: str, key: str) -> Client | None:
        """The client of SIP2 with this login, if the key is its own."""
        client = self.by_key(key)
        known = client and DialectName.SIP2 in client.dialects and login == (client.options.sip2.login or client.name)
        return client if known else None

    def named(self, name: str) -> Client | None:
        """The client of this name as it stands now, for whom other proof speaks; None where it was revoked."""
        self._refresh()
        return self._by_name.get(name)

    def by_address(self, address: str, dialect: DialectName) -> Client | None:
        """The one client without credentials in this dialect that asks from this address."""
        return next((c for c in self.asking_from(address, dialect) if dialect in c.known_by_address), None)

    def asking_from(self, address: str, dialect: DialectName) -> Iterator[Client]:
        """All clients of a dialect that may ask from this address."""
        self._refresh()
        return (client for client in self._all if dialect in client.dialects and client.may_ask_from(address))

    def key_of(self, client: Client) -> str:
        """The SHA-256 of its key as it was read last: what another key opened ends with that. Empty for none."""
        return self._keys.get(client.name) or ""

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._read_at < FRESH_SECONDS:
            return
        found = read(self._engine, clients.active)
        self._all = [client for _, client in found]
        self._by_key = {key: client for key, client in found if key}
        self._by_name = {client.name: client for client in self._all}
        self._keys = {client.name: key for key, client in found}
        self._read_at = now
