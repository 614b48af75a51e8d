"""Who may open the pages for staff, and who has them open."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, String, Table, Text

from access_service.storage.tables.metadata import DAY, metadata

# Local accounts. `totp` is the secret of the second factor, sealed under a pepper, and empty where there is none.
staff = Table(
    "staff",
    metadata,
    Column("name", String(63), primary_key=True),
    Column("role", String(15), nullable=False),
    # A JSON list.
    Column("districts", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("totp", LargeBinary, nullable=False),
    Column("key_id", String(8), nullable=False),
    # The newest code that was used counts 30-second steps since 1970: none is good twice.
    Column("totp_step", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)

# Times in seconds since 1970, UTC. Who signed in with OpenID Connect has no row in `staff`.
staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", String(15), nullable=False),
    Column("districts", Text, nullable=False),
    Column("began", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    schema=DAY,
)

# Failed sign-ins, by name and by address, under keyed marks.
staff_failures = Table(
    "staff_failures",
    metadata,
    Column("about", LargeBinary(16), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locked_until", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    schema=DAY,
)
