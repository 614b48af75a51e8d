"""Fields that a person set by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "overrides",
        sa.Column("patron_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(15), nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("set_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("patron_id", "field", name="pk_overrides"),
    )
    op.create_index("ix_overrides_district", "overrides", ["district"])
