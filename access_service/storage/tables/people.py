"""Patrons, what finds them, and what people decided of them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    text,
)

from access_service.storage.tables.metadata import metadata

patrons = Table(
    "patrons",
    metadata,
    # Ours, from counters: never reused, and fit for a RECORD # and for patron_id in every dialect.
    Column("patron_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("district", String(31), nullable=False),
    Column("source_id", Text, nullable=False),
    Column("role", String(15), nullable=False),
    Column("student_number", Text, nullable=False),
    Column("library_number", Text, nullable=False),
    Column("patron_type", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("branch", Text, nullable=False),
    Column("school", Text, nullable=False),
    Column("grade", String(7), nullable=False),
    Column("given_name", Text, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("expires", Date, nullable=False),
    Column("presence", String(15), nullable=False),
    Column("left_on", Date),
    Column("pin_key", String(8)),
    Column("pin_digest", LargeBinary(32)),
    Column("created_run", Integer, nullable=False),
    Column("created_on", Date, nullable=False),
    Column("updated_on", Date, nullable=False),
    # The PIN that its patron or the desk chose, in place of the issued one.
    Column("chosen_key", String(8)),
    Column("chosen_hash", Text),
    Column("chosen_on", Date),
    # From then on nothing here says who it was.
    Column("forgotten_on", Date),
    # Of one who is linked with a patron of another district: the patron id of the eldest of them.
    Column("person", BigInteger, index=True),
    # Whether the ILS blocks the card, by its newest extract.
    Column("blocked", Boolean, nullable=False, server_default=false()),
    # The last day of a block of the library's own (`blocks` says why).
    Column("blocked_until", Date),
    Index("uq_patrons_district_source_id", "district", "source_id", unique=True),
)

# Every number that finds a patron, under its folded key. A contested number has patron_id 0.
identifiers = Table(
    "identifiers",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("kind", String(14), primary_key=True),
    Column("district", String(31), primary_key=True),
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Index(
        "uq_identifiers_library_number",
        "key",
        unique=True,
        sqlite_where=text("kind = 'library_number'"),
        postgresql_where=text("kind = 'library_number'"),
    ),
    Index(
        "uq_identifiers_linked_card",
        "key",
        unique=True,
        sqlite_where=text("kind = 'linked_card'"),
        postgresql_where=text("kind = 'linked_card'"),
    ),
    sqlite_with_rowid=False,
)

# Fields of a patron that a person set: no night changes them until they are released. The value stands in `patrons`.
overrides = Table(
    "overrides",
    metadata,
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Column("field", String(15), primary_key=True),
    Column("district", String(31), nullable=False, index=True),
    Column("by", Text, nullable=False),
    Column("set_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    # The last day; none: until somebody releases it.
    Column("until", Date),
)

# Why a patron is blocked here, as long as that stands in `patrons`. No night and no undo changes either.
blocks = Table(
    "blocks",
    metadata,
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Column("district", String(31), nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

# What the desk wrote down about a patron.
notes = Table(
    "notes",
    metadata,
    Column("note", Integer, primary_key=True),
    Column("patron_id", BigInteger, nullable=False, index=True),
    Column("district", String(31), nullable=False),
    Column("text", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    sqlite_autoincrement=True,
)

# Test cards, and students whom the nights leave alone, until a day. A student who is no patron is known by keyed marks.
exceptions = Table(
    "exceptions",
    metadata,
    Column("exception", Integer, primary_key=True),
    Column("district", String(31), nullable=False, index=True),
    Column("kind", String(15), nullable=False),
    Column("patron_id", BigInteger),
    Column("source_mark", LargeBinary(16)),
    Column("number_mark", LargeBinary(16)),
    Column("until", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created", Date, nullable=False),
    sqlite_autoincrement=True,
)

# What people decided of two patrons who may be one person: `confirmed` or rejected.
links = Table(
    "links",
    metadata,
    Column("elder", BigInteger, primary_key=True, autoincrement=False),
    Column("younger", BigInteger, primary_key=True, autoincrement=False),
    Column("confirmed", Boolean, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
)

# Who is not to be a patron: keyed marks of all that is known of them, under one `entry` for each person. `card` is the
# library number, sealed, until the ILS was told to expire it.
opt_outs = Table(
    "opt_outs",
    metadata,
    Column("district", String(31), primary_key=True),
    Column("kind", String(15), primary_key=True),
    Column("mark", LargeBinary(16), primary_key=True),
    Column("entry", Integer, nullable=False, index=True),
    Column("key_id", String(8), nullable=False),
    Column("source", String(7), nullable=False),
    Column("added_on", Date, nullable=False),
    Column("by", Text, nullable=False),
    Column("card", LargeBinary),
)

# Library numbers of patrons who were forgotten, by keyed marks: of the number, and of who had it.
retired_numbers = Table(
    "retired_numbers",
    metadata,
    Column("mark", LargeBinary(16), primary_key=True),
    Column("holder", LargeBinary(16), nullable=False),
)
