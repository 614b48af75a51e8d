"""What else somebody asks of the night, with its answer; and how far a run is."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for column in (
        sa.Column("kind", sa.String(15), nullable=False, server_default="run"),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False, server_default="{}"),
    ):
        op.add_column("requests", column)
    op.execute("UPDATE requests SET answered_at = taken_at WHERE taken_run IS NOT NULL")
    op.drop_index("ix_requests_waiting", "requests")
    waits = sa.text("answered_at IS NULL")
    op.create_index("ix_requests_unanswered", "requests", ["district"], sqlite_where=waits, postgresql_where=waits)
    op.create_table(
        "progress",
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("phase", sa.String(15), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("district", name="pk_progress"),
        schema="day",
    )
