"""First schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SCHEMA IF NOT EXISTS day")
    op.create_table(
        "changes",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("patron_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=15), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "patron_id", name="pk_changes"),
    )
    op.create_index("ix_changes_patron_id", "changes", ["patron_id"], unique=False)

    op.create_table(
        "clients",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=True),
        sa.Column("dialects", sa.Text(), nullable=False),
        sa.Column("districts", sa.Text(), nullable=False),
        sa.Column("networks", sa.Text(), nullable=False),
        sa.Column("releases", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_clients"),
        sa.UniqueConstraint("key_sha256", name="uq_clients"),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=31), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "attempts",
        sa.Column("patron_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("client", sa.String(length=63), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=False),
        sa.Column("wrong_mark", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("patron_id", "client", name="pk_attempts"),
        schema="day",
    )
    op.create_table(
        "patron_use",
        sa.Column("patron_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("patron_id", name="pk_patron_use"),
        schema="day",
    )
    op.create_table(
        "usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("grade", sa.String(length=7), nullable=False),
        sa.Column("client", sa.String(length=63), nullable=False),
        sa.Column("sign_ins", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "district", "school", "grade", "client", name="pk_usage"),
        schema="day",
    )
    op.create_table(
        "district_state",
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("applied_run", sa.Integer(), nullable=False),
        sa.Column("basis", sa.String(length=64), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(length=16), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("district", name="pk_district_state"),
    )
    op.create_table(
        "exclusions",
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("code", sa.String(length=31), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "mark", name="pk_exclusions"),
    )
    op.create_table(
        "identifiers",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("patron_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "kind", "district", "patron_id", name="pk_identifiers"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_identifiers_library_number",
        "identifiers",
        ["key"],
        unique=True,
        sqlite_where=sa.text("kind = 'library_number'"),
        postgresql_where=sa.text("kind = 'library_number'"),
    )

    op.create_table(
        "patrons",
        sa.Column(
            "patron_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=15), nullable=False),
        sa.Column("student_number", sa.Text(), nullable=False),
        sa.Column("library_number", sa.Text(), nullable=False),
        sa.Column("patron_type", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("grade", sa.String(length=7), nullable=False),
        sa.Column("given_name", sa.Text(), nullable=False),
        sa.Column("family_name", sa.Text(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.Column("presence", sa.String(length=7), nullable=False),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("pin_key", sa.String(length=8), nullable=True),
        sa.Column("pin_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created_run", sa.Integer(), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("updated_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("patron_id", name="pk_patrons"),
    )
    op.create_index("uq_patrons_district_source_id", "patrons", ["district", "source_id"], unique=True)
    op.create_table(
        "pepper_keys",
        sa.Column("key_id", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_pepper_keys"),
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=31), nullable=False),
        sa.Column("rules_version", sa.String(length=16), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_district", "runs", ["district"], unique=False)

    op.create_table(
        "seen",
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("patron_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=16), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.Column("absent_since", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("district", "source_id", name="pk_seen"),
        sqlite_with_rowid=False,
    )
