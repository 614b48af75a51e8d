"""What people were told."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("district", sa.String(length=31), nullable=False),
        sa.Column("way", sa.String(length=7), nullable=False),
        sa.Column("event", sa.String(length=31), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("try_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("notice", name="pk_notices"),
    )
    op.create_index("uq_notices", "notices", ["district", "way", "event", "day"], unique=True)
