"""Which peppers the stored PINs, the opt-outs and the audit need."""

from sqlalchemy import Connection, select, text

from access_service.storage.tables import pepper_keys


def used(connection: Connection) -> set[str]:
    """The key ids (PinVault.key_id) of all peppers that stored PINs were made with."""
    return set(connection.execute(select(pepper_keys.c.key_id)).scalars())


def keep(connection: Connection, key_id: str) -> None:
    """Note a pepper that something stored was made with."""
    connection.execute(
        text("INSERT INTO pepper_keys (key_id) VALUES (:key_id) ON CONFLICT (key_id) DO NOTHING"), {"key_id": key_id}
    )
