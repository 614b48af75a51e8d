"""What tells a drifting roster: keyed marks of people, and what the last roster was like."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("seen", sa.Column("marks", sa.LargeBinary(length=16), nullable=True))
    op.add_column("district_state", sa.Column("profile", sa.Text(), nullable=False, server_default=""))
