"""Cards of the ILS, as its extract has them, and whether it blocks a patron's."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "ils_cards",
        sa.Column("folded", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("patron_type", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("patron_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("folded", "number", name="pk_ils_cards"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ils_cards_key", "ils_cards", ["key"])
    op.create_index("ix_ils_cards_patron_id", "ils_cards", ["patron_id"])
    op.create_table(
        "ils_extracts",
        sa.Column("kind", sa.String(7), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("ours", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_ils_extracts"),
    )
    op.add_column("ils_accounts", sa.Column("made_by", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("patrons", sa.Column("blocked", sa.Boolean(), nullable=False, server_default=sa.false()))
