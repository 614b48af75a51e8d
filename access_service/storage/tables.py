"""The schema. Rows never leave storage; the other modules here return values.

Schema `day` holds what sign-ins write (throttle, usage). On SQLite it is a file of its own, so that the night's
single writer never delays a sign-in.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

DAY = "day"
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s",
    }
)

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
    # From then on nothing here says who it was.
    Column("forgotten_on", Date),
    # Of one who is linked with a patron of another district: the patron id of the eldest of them.
    Column("person", BigInteger, index=True),
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
    sqlite_with_rowid=False,
)

# What the last accepted roster said of each source id. Narrow, because every night reads all of it.
seen = Table(
    "seen",
    metadata,
    Column("district", String(31), primary_key=True),
    Column("source_id", Text, primary_key=True),
    Column("patron_id", BigInteger, nullable=False),
    Column("fingerprint", LargeBinary(16), nullable=False),
    Column("missed", Integer, nullable=False),
    Column("absent_since", Date),
    # Keyed marks of name and birth date, where both are known, and then of the state's id.
    Column("marks", LargeBinary(24)),
    sqlite_with_rowid=False,
)

# One row a district: what the last applied run left behind. `applied_run` is the fence.
district_state = Table(
    "district_state",
    metadata,
    Column("district", String(31), primary_key=True),
    Column("applied_run", Integer, nullable=False),
    Column("basis", String(64), nullable=False),
    Column("file_sha256", String(64), nullable=False),
    Column("file_size", BigInteger, nullable=False),
    Column("content", LargeBinary(16), nullable=False),
    Column("population", Integer, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    # JSON: what the last complete roster was like (sync/profile.py); "" before there was one.
    Column("profile", Text, nullable=False, server_default=""),
)

# Rows of the last roster that got no card: a keyed mark of the number, so that `explain` can say why.
exclusions = Table(
    "exclusions",
    metadata,
    Column("district", String(31), primary_key=True),
    Column("mark", LargeBinary(16), primary_key=True),
    Column("code", String(31), nullable=False),
    Column("detail", Text, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Integer, primary_key=True),
    Column("district", String(31), nullable=False, index=True),
    Column("started_by", Text, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("outcome", String(31), nullable=False),
    Column("rules_version", String(16), nullable=False),
    Column("file_name", Text),
    Column("file_sha256", String(64)),
    # JSON: counts, rejects, warnings and exclusions by code, findings, columns, durations, error.
    Column("report", Text, nullable=False),
    # Of an undo: the run it is to put back. Of any applied run: the undo by which it counts no more.
    Column("undoes", Integer),
    Column("undone_by", Integer),
    # From then on what it changed is known by column only.
    Column("aged_on", Date),
)

# Runs that somebody asked for and the schedule is to start; taken by the next run that asks the district.
requests = Table(
    "requests",
    metadata,
    Column("request_id", Integer, primary_key=True),
    Column("district", String(31), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("taken_run", Integer),
    Column("taken_at", DateTime(timezone=True)),
    Index(
        "ix_requests_waiting",
        "district",
        sqlite_where=text("taken_run IS NULL"),
        postgresql_where=text("taken_run IS NULL"),
    ),
)

# What stood before a run was applied, for its undo: the columns of district_state as JSON ("null" where there were
# none), and the contested numbers.
states_before = Table(
    "states_before",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("contested", Text, nullable=False),
)

# Each version of a district's rules that was accepted (sync/rules.py), beforehand or with the night `run_id`; it counts
# no more once that night is undone.
rule_versions = Table(
    "rule_versions",
    metadata,
    Column("entry", Integer, primary_key=True),
    Column("district", String(31), nullable=False, index=True),
    Column("version", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("diff", Text, nullable=False),
    Column("accepted_by", Text, nullable=False),
    Column("accepted_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text, nullable=False),
    Column("run_id", Integer),
)

# The columns a run changed, before and after, as JSON. A patron that a run created carries the run instead.
changes = Table(
    "changes",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=False),
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False, index=True),
    Column("kind", String(15), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
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

# Rows that no run could use, sealed under a key that only the night has.
quarantine = Table(
    "quarantine",
    metadata,
    Column("entry", Integer, primary_key=True, autoincrement=False),
    Column("district", String(31), nullable=False, index=True),
    Column("run_id", Integer, nullable=False),
    Column("file", Text, nullable=False),
    Column("line", Integer, nullable=False),
    Column("code", String(31), nullable=False),
    Column("header", Text, nullable=False),
    Column("mark", LargeBinary(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("kept_on", Date, nullable=False),
)

# Library numbers of patrons who were forgotten, by keyed marks: of the number, and of who had it.
retired_numbers = Table(
    "retired_numbers",
    metadata,
    Column("mark", LargeBinary(16), primary_key=True),
    Column("holder", LargeBinary(16), nullable=False),
)

# What people were or are to be told of a district, by mail and by webhook apart: an event once a day at most.
notices = Table(
    "notices",
    metadata,
    Column("notice", Integer, primary_key=True),
    Column("district", String(31), nullable=False),
    Column("way", String(7), nullable=False),
    Column("event", String(31), nullable=False),
    # Where the district is.
    Column("day", Date, nullable=False),
    Column("run_id", Integer),
    # By this it is known whether tomorrow's trouble is the same.
    Column("about", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("try_after", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True)),
    Index("uq_notices", "district", "way", "event", "day", unique=True),
)

# Days on which nobody of a district expires or leaves. `until` is the last of them; none: until somebody thaws it.
freezes = Table(
    "freezes",
    metadata,
    Column("freeze_id", Integer, primary_key=True),
    Column("district", String(31), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("until", Date),
    Column("reason", Text, nullable=False),
    Column("frozen_by", Text, nullable=False),
    Column("frozen_at", DateTime(timezone=True), nullable=False),
    Column("thawed_on", Date),
    Column("thawed_by", Text),
    Column("thaw_reason", Text),
)

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
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
)

# Peppers that stored PINs, opt-outs and the audit were made with.
pepper_keys = Table("pepper_keys", metadata, Column("key_id", String(8), primary_key=True))

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
)

# Blocks of patron ids are reserved here before a run stages its rows.
counters = Table(
    "counters",
    metadata,
    Column("name", String(31), primary_key=True),
    Column("next", BigInteger, nullable=False),
)

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
