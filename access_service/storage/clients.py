"""Clients as rows. Of a key only its SHA-256 is kept: it is 32 random bytes, so a fast hash is right."""

import json
from datetime import datetime
from ipaddress import ip_network

from pydantic import TypeAdapter
from sqlalchemy import Connection, insert, select, update

from access_service.domain.client import Client, DialectName, Options, Release
from access_service.storage.tables import clients

OPTIONS = TypeAdapter(Options)


def add(connection: Connection, client: Client, key_sha256: str | None, now: datetime) -> None:
    """Store a new client; `key_sha256` is None for one that is known by its address only."""
    row = {"name": client.name, "key_sha256": key_sha256, "created_at": now, "options": _json(client.options)}
    connection.execute(insert(clients).values(row | _lists(client)))


def set_options(connection: Connection, name: str, options: Options) -> None:
    """Change what the client's software needs."""
    connection.execute(update(clients).where(clients.c.name == name).values(options=_json(options)))


def change(connection: Connection, client: Client) -> None:
    """Change what the client of this name may do; its key and options stay."""
    connection.execute(update(clients).where(clients.c.name == client.name).values(_lists(client)))


def set_key(connection: Connection, name: str, key_sha256: str) -> None:
    """Give a client another key."""
    connection.execute(update(clients).where(clients.c.name == name).values(key_sha256=key_sha256))


def facts(client: Client) -> dict[str, list[str]]:
    """What a client may do, as lists of text."""
    return {
        "dialects": sorted(client.dialects),
        "districts": sorted(client.districts),
        "networks": [str(network) for network in client.networks],
        "releases": sorted(client.releases),
    }


def exists(connection: Connection, name: str) -> bool:
    """Whether the name was ever given: a revoked client keeps its name, for the counts that carry it."""
    return connection.execute(select(clients.c.name).where(clients.c.name == name)).first() is not None


def revoke(connection: Connection, name: str, now: datetime) -> bool:
    """End a client; False if there is none of that name that is not ended."""
    statement = update(clients).where(clients.c.name == name, clients.c.revoked_at.is_(None)).values(revoked_at=now)
    return connection.execute(statement).rowcount == 1


def active(connection: Connection) -> list[tuple[str | None, Client]]:
    """All clients that are not revoked, each with the SHA-256 of its key."""
    rows = connection.execute(select(clients).where(clients.c.revoked_at.is_(None)).order_by(clients.c.name))
    return [
        (
            row.key_sha256,
            Client(
                name=row.name,
                dialects=frozenset(map(DialectName, json.loads(row.dialects))),
                districts=frozenset(json.loads(row.districts)),
                networks=tuple(map(ip_network, json.loads(row.networks))),
                releases=frozenset(map(Release, json.loads(row.releases))),
                options=OPTIONS.validate_json(row.options),
            ),
        )
        for row in rows
    ]


def _lists(client: Client) -> dict[str, str]:
    return {name: json.dumps(values) for name, values in facts(client).items()}


def _json(options: Options) -> str:
    return OPTIONS.dump_json(options, exclude_defaults=True).decode()
