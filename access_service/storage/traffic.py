"""What each client asked this hour and today. One row a client, held until the transaction ends."""

from collections.abc import Mapping
from dataclasses import asdict

from sqlalchemy import Connection, text

from access_service.domain.traffic import Traffic, rolled

_COLUMNS = tuple(Traffic.__dataclass_fields__)
_NAMES = ", ".join(_COLUMNS)
_HOLD = text(f"""
    INSERT INTO day.traffic (client) VALUES (:client)
    ON CONFLICT (client) DO UPDATE SET hour = traffic.hour RETURNING {_NAMES}
""")  # noqa: S608 - built from names of columns only
_KEEP = text(f"UPDATE day.traffic SET {', '.join(f'{name} = :{name}' for name in _COLUMNS)} WHERE client = :client")  # noqa: S608
_ALL = text(f"SELECT client, {_NAMES} FROM day.traffic")  # noqa: S608


def hold(connection: Connection, client: str, now: int) -> Traffic:
    """A client's counts as they stand at `now`, in seconds since 1970."""
    return rolled(Traffic(*connection.execute(_HOLD, {"client": client}).one()), now)


def keep(connection: Connection, client: str, traffic: Traffic) -> None:
    """Write what is held."""
    connection.execute(_KEEP, {**asdict(traffic), "client": client})


def forget(connection: Connection, client: str) -> None:
    """A client's counts begin anew."""
    connection.execute(text("DELETE FROM day.traffic WHERE client = :client"), {"client": client})


def last_days(connection: Connection) -> Mapping[str, int]:
    """The last day, since 1970, UTC, on which each client asked, by name; 0 for never."""
    rows = connection.execute(text("SELECT client, day FROM day.traffic"))
    return {row.client: row.day for row in rows}


def everyone(connection: Connection, now: int) -> Mapping[str, Traffic]:
    """Every client's counts as they stand at `now`, by name."""
    return {client: rolled(Traffic(*counts), now) for client, *counts in connection.execute(_ALL)}
