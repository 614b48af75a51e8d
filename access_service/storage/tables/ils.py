"""What the ILS holds, as far as we were told, and what it is yet to be told."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, LargeBinary, String, Table, Text

from access_service.storage.tables.metadata import metadata

# A patron's account in the ILS. What is deleted with a patron is deleted here.
ils_accounts = Table(
    "ils_accounts",
    metadata,
    Column("patron_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("district", String(31), nullable=False, index=True),
    # What the ILS has it under, which after a renumbering is another one than ours for a while.
    Column("number", Text, nullable=False, index=True),
    Column("state", String(15), nullable=False),
    # Whether a load that makes it was ever on its way.
    Column("made", Boolean, nullable=False),
    # By field what the ILS was told last, personal ones as keyed marks; {} before a load was delivered.
    Column("told", Text, nullable=False),
    # Fields that staff changed in the ILS: no load says them any more.
    Column("theirs", Text, nullable=False),
    Column("load", Integer, nullable=False),
    Column("sent_on", Date),
    Column("seen_on", Date),
    Column("reason", Text),
    Column("reason_on", Date),
    # The load that made it.
    Column("made_by", Integer, nullable=False, server_default="0"),
)

# Loads by district and number. The orders of one that is not delivered are here, sealed.
ils_loads = Table(
    "ils_loads",
    metadata,
    Column("district", String(31), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", String(15), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("delivered_at", DateTime(timezone=True)),
    Column("whole", Boolean, nullable=False),
    Column("counts", Text, nullable=False),
    Column("sealed", LargeBinary),
    # Of an API: how many orders, from the first, were answered.
    Column("answered", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("error", Text),
    Index("ix_ils_loads_state", "state"),
)

# Issued PINs of accounts that the ILS does not have yet, sealed under a key that only the night holds.
ils_pins = Table(
    "ils_pins",
    metadata,
    Column("patron_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)

# Every card of the ILS, students' and others', by its newest extract; `patron_id` where it is an account of ours.
ils_cards = Table(
    "ils_cards",
    metadata,
    Column("folded", String(64), primary_key=True),
    Column("number", String(64), primary_key=True),
    Column("key", Text, nullable=False, index=True),
    Column("patron_type", Text, nullable=False),
    Column("branch", Text, nullable=False),
    Column("expires", Date),
    Column("blocked", Boolean, nullable=False),
    Column("patron_id", BigInteger, index=True),
    sqlite_with_rowid=False,
)

# The newest file of each kind that was read.
ils_extracts = Table(
    "ils_extracts",
    metadata,
    Column("kind", String(7), primary_key=True),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    # How many of the accounts that we told of are in it.
    Column("ours", Integer, nullable=False),
)

# Cards of the ILS that may be a student's who has one already, and what people decided of them.
ils_matches = Table(
    "ils_matches",
    metadata,
    Column("patron_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("number", String(64), primary_key=True),
    Column("district", String(31), nullable=False, index=True),
    # Codes: what the names and birth dates were is nowhere.
    Column("evidence", Text, nullable=False),
    Column("score", Integer, nullable=False),
    Column("state", String(15), nullable=False),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("reason", Text),
)

# By district up to which patron id students were compared with the cards.
ils_compared = Table(
    "ils_compared",
    metadata,
    Column("district", String(31), primary_key=True),
    Column("newest", BigInteger, nullable=False),
)
