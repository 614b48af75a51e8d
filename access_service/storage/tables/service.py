"""What the service itself needs: who may ask, peppers, the audit and counters."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, LargeBinary, String, Table, Text

from access_service.storage.tables.metadata import metadata

clients = Table(
    "clients",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("key_sha256", String(64), unique=True),
    # JSON lists.
    Column("dialects", Text, nullable=False),
    Column("districts", Text, nullable=False),
    Column("networks", Text, nullable=False),
    Column("releases", Text, nullable=False),
    # A JSON object: of domain.client.Options what is not as usual.
    Column("options", Text, nullable=False, server_default="{}"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)

# Peppers that stored PINs, opt-outs and the audit were made with.
pepper_keys = Table("pepper_keys", metadata, Column("key_id", String(8), primary_key=True))

# Who did what and why. Written once: each row's mac covers the one before it.
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by", Text, nullable=False),
    Column("action", String(31), nullable=False),
    Column("district", String(31), nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # JSON; of what says who somebody is, keyed hashes.
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("key_id", String(8), nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
    # The newest of a subject.
    Index("ix_audit_subject", "subject", "seq"),
)

# Blocks of patron ids are reserved here before a run stages its rows.
counters = Table(
    "counters",
    metadata,
    Column("name", String(31), primary_key=True),
    Column("next", BigInteger, nullable=False),
)
