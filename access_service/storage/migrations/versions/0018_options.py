"""What the software of a client needs otherwise than others."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("clients", sa.Column("options", sa.Text(), nullable=False, server_default="{}"))
