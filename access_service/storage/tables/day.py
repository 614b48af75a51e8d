"""What sign-ins write. On SQLite schema `day` is a file of its own, so that no night delays one."""

from sqlalchemy import BigInteger, Column, Date, Integer, LargeBinary, String, Table, Text

from access_service.storage.tables.metadata import DAY, metadata

attempts = Table(
    "attempts",
    metadata,
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Column("client", String(63), primary_key=True),
    Column("failures", Integer, nullable=False),
    # Seconds since 1970, UTC.
    Column("locked_until", BigInteger, nullable=False),
    Column("wrong_mark", LargeBinary(16), nullable=False),
    schema=DAY,
)

usage = Table(
    "usage",
    metadata,
    Column("day", Date, primary_key=True),
    Column("district", String(31), primary_key=True),
    Column("school", Text, primary_key=True),
    Column("grade", String(7), primary_key=True),
    Column("client", String(63), primary_key=True),
    Column("sign_ins", Integer, nullable=False),
    schema=DAY,
)

patron_use = Table(
    "patron_use",
    metadata,
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    schema=DAY,
)
