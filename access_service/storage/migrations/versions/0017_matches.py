"""Existing cards of students: what may be theirs, what people decided, and the card as one more identifier."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "ils_matches",
        sa.Column("patron_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(15), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("patron_id", "number", name="pk_ils_matches"),
    )
    op.create_index("ix_ils_matches_district", "ils_matches", ["district"])
    op.create_table(
        "ils_compared",
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("district", name="pk_ils_compared"),
    )
    linked = sa.text("kind = 'linked_card'")
    op.create_index(
        "uq_identifiers_linked_card", "identifiers", ["key"], unique=True, sqlite_where=linked, postgresql_where=linked
    )
