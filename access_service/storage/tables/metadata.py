"""Where all tables are registered, and how their indexes and constraints are named."""

from sqlalchemy import MetaData

DAY = "day"
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s",
    }
)
