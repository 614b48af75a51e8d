"""Freezes of districts, and room for the words `graduated` and `converted`."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "freezes",
        sa.Column("freeze_id", sa.Integer(), nullable=False),
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("frozen_by", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("thawed_on", sa.Date(), nullable=True),
        sa.Column("thawed_by", sa.Text(), nullable=True),
        sa.Column("thaw_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("freeze_id", name="pk_freezes"),
    )
    with op.batch_alter_table("patrons") as patrons:
        patrons.alter_column("presence", existing_type=sa.String(length=7), type_=sa.String(length=15))
