"""Which peppers the stored PINs need."""

from sqlalchemy import Connection, select

from access_service.storage.tables import pepper_keys


def used(connection: Connection) -> set[str]:
    """The key ids (PinVault.key_id) of all peppers that stored PINs were made with."""
    return set(connection.execute(select(pepper_keys.c.key_id)).scalars())
