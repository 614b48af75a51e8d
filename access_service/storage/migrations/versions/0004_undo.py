"""What an undo needs: who undid what, and the state before each run."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("undoes", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("undone_by", sa.Integer(), nullable=True))
    op.create_table(
        "states_before",
        sa.Column("run_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("contested", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_states_before"),
    )
