"""PINs that patrons or the desk chose."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("patrons", sa.Column("chosen_key", sa.String(8)))
    op.add_column("patrons", sa.Column("chosen_hash", sa.Text()))
    op.add_column("patrons", sa.Column("chosen_on", sa.Date()))
