"""Rows that could not be used, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column("entry", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=31), nullable=False),
        sa.Column("header", sa.Text(), nullable=False),
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_quarantine"),
    )
    op.create_index("ix_quarantine_district", "quarantine", ["district"], unique=False)
