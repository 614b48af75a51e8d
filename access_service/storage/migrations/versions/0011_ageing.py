"""What is not kept for ever: old undos, and who those were who left long ago."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("patrons", sa.Column("forgotten_on", sa.Date(), nullable=True))
    op.add_column("runs", sa.Column("aged_on", sa.Date(), nullable=True))
    op.create_table(
        "retired_numbers",
        sa.Column("mark", sa.LargeBinary(length=16), nullable=False),
        sa.Column("holder", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("mark", name="pk_retired_numbers"),
    )
