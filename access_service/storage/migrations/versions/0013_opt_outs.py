"""The opt-out ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "opt_outs",
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("kind", sa.String(15), nullable=False),
        sa.Column("mark", sa.LargeBinary(16), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.String(8), nullable=False),
        sa.Column("source", sa.String(7), nullable=False),
        sa.Column("added_on", sa.Date(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("card", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("district", "kind", "mark", name="pk_opt_outs"),
    )
    op.create_index("ix_opt_outs_entry", "opt_outs", ["entry"])
