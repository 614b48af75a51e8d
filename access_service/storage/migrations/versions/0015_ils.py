"""Accounts of the ILS, the loads that tell it of them, and the PINs that go with a new one."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ils_accounts",
        sa.Column("patron_id", ID, autoincrement=False, nullable=False),
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.String(15), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("theirs", sa.Text(), nullable=False),
        sa.Column("load", sa.Integer(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("seen_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("patron_id", name="pk_ils_accounts"),
    )
    op.create_index("ix_ils_accounts_district", "ils_accounts", ["district"])
    op.create_index("ix_ils_accounts_number", "ils_accounts", ["number"])
    op.create_table(
        "ils_loads",
        sa.Column("district", sa.String(31), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(15), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("district", "number", name="pk_ils_loads"),
    )
    op.create_index("ix_ils_loads_state", "ils_loads", ["state"])
    op.create_table(
        "ils_pins",
        sa.Column("patron_id", ID, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("patron_id", name="pk_ils_pins"),
    )
