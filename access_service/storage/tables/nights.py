"""What nights read and write: the ledger, what the last roster said, and what is to be told or mended."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Integer, LargeBinary, String, Table, Text, text

from access_service.storage.tables.metadata import metadata

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

# What somebody asked of the night. A run is taken by the next one that asks the district; all else is answered as JSON.
requests = Table(
    "requests",
    metadata,
    Column("request_id", Integer, primary_key=True),
    Column("district", String(31), nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("taken_run", Integer),
    Column("taken_at", DateTime(timezone=True)),
    Column("kind", String(15), nullable=False, server_default="run"),
    # The run that it is about.
    Column("run_id", Integer),
    Column("reason", Text, nullable=False, server_default=""),
    # Sealed; only until the answer.
    Column("payload", LargeBinary),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("answered_at", DateTime(timezone=True)),
    Column("answer", Text, nullable=False, server_default="{}"),
    Index(
        "ix_requests_unanswered",
        "district",
        sqlite_where=text("answered_at IS NULL"),
        postgresql_where=text("answered_at IS NULL"),
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

# The board report of each month, to the contacts of the agreement: one mail a month, however often it is tried.
story_mails = Table(
    "story_mails",
    metadata,
    Column("district", String(31), primary_key=True),
    # The first day of the month that it is about.
    Column("month", Date, primary_key=True),
    Column("try_after", DateTime(timezone=True), nullable=False),
    Column("told_at", DateTime(timezone=True)),
    # Addresses, of the contacts of the agreement.
    Column("told_to", Text, nullable=False, server_default=""),
    Column("error", Text, nullable=False, server_default=""),
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
