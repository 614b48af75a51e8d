"""The library's own blocks, and notes on patrons; who looked at a patron is found by the patron."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("patrons", sa.Column("blocked_until", sa.Date()))
    op.create_table(
        "blocks",
        sa.Column("patron_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("patron_id", name="pk_blocks"),
    )
    op.create_table(
        "notes",
        sa.Column("note", sa.Integer(), nullable=False),
        sa.Column("patron_id", sa.BigInteger(), nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("note", name="pk_notes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notes_patron_id", "notes", ["patron_id"])
    op.create_index("ix_audit_subject", "audit", ["subject", "seq"])
