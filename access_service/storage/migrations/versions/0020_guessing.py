"""Guesses are counted over all clients and through each client, and a right PIN leaves a day."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    for name in ("good_day", "tried_hour", "paid"):
        op.add_column("attempts", _count(name), schema="day")
    op.create_table(
        "guesses",
        sa.Column("patron_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guesses", sa.Integer(), nullable=False),
        sa.Column("pin_key", sa.String(8), nullable=False),
        sa.Column("pin", sa.LargeBinary(16), nullable=False),
        sa.Column("tried_day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("patron_id", name="pk_guesses"),
        schema="day",
    )
    hour = ("hour", "hour_wrong", "hour_good", "hour_locks")
    day = ("day", "asked", "unknown", "wrong", "good", "exempt", "refused", "alarms")
    op.create_table(
        "traffic",
        sa.Column("client", sa.String(63), nullable=False),
        *map(_count, (*hour, *day)),
        sa.Column("tight_until", sa.BigInteger(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("client", name="pk_traffic"),
        schema="day",
    )


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")
