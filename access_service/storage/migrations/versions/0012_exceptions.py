"""Exceptions with an end: test cards, and students whom the nights leave alone."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "exceptions",
        sa.Column("exception", sa.Integer(), nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("kind", sa.String(15), nullable=False),
        sa.Column("patron_id", sa.BigInteger(), nullable=True),
        sa.Column("source_mark", sa.LargeBinary(16), nullable=True),
        sa.Column("number_mark", sa.LargeBinary(16), nullable=True),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("exception", name="pk_exceptions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_exceptions_district", "exceptions", ["district"])
