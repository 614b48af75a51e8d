"""What boards are told: patrons by month, refused sign-ins by reason, what was published, and to whom it was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.create_table(
        "months",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("grade", sa.String(7), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        sa.Column("first_time", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "district", "school", "grade", name="pk_months"),
        schema="day",
    )
    op.create_table(
        "refusals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("reason", sa.String(15), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "district", "reason", name="pk_refusals"),
        schema="day",
    )
    op.create_table(
        "editions",
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district", "day", name="pk_editions"),
        schema="day",
    )
    op.create_table(
        "story_mails",
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("try_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.Column("told_to", sa.Text(), nullable=False, server_default=""),
        sa.Column("error", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("district", "month", name="pk_story_mails"),
    )
