"""Links between patrons of two districts who are one person."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("patrons", sa.Column("person", sa.BigInteger(), nullable=True))
    op.create_index("ix_patrons_person", "patrons", ["person"])
    op.create_table(
        "links",
        sa.Column("elder", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("younger", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("elder", "younger", name="pk_links"),
    )
