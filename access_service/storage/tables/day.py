"""What sign-ins write. On SQLite schema `day` is a file of its own, so that no night delays one."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, LargeBinary, String, Table, Text

from access_service.storage.tables.metadata import DAY, metadata

attempts = Table(
    "attempts",
    metadata,
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Column("client", String(63), primary_key=True),
    Column("failures", Integer, nullable=False),
    # Seconds since 1970, UTC.
    Column("locked_until", BigInteger, nullable=False),
    Column("wrong_mark", LargeBinary(16), nullable=False),
    # Since 1970, UTC: the day of the last right PIN, late by a week at most, and the hour of the last counted try.
    Column("good_day", Integer, nullable=False, server_default="0"),
    Column("tried_hour", Integer, nullable=False, server_default="0"),
    # What tries of that hour took of the client's budget.
    Column("paid", Integer, nullable=False, server_default="0"),
    schema=DAY,
)

# Wrong PINs at all clients since the last right one. A number of nobody is one of 65,536 negative patron ids.
guesses = Table(
    "guesses",
    metadata,
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Column("guesses", Integer, nullable=False),
    # Which PIN they were of: its pepper, and a mark.
    Column("pin_key", String(8), nullable=False),
    Column("pin", LargeBinary(16), nullable=False),
    Column("tried_day", Integer, nullable=False),
    schema=DAY,
)

# What a client asked this hour and today; domain/guessing.py says what counts where.
traffic = Table(
    "traffic",
    metadata,
    Column("client", String(63), primary_key=True),
    *(
        Column(name, Integer, nullable=False, server_default="0")
        for name in (
            "hour",
            "hour_wrong",
            "hour_good",
            "hour_locks",
            "day",
            "asked",
            "unknown",
            "wrong",
            "good",
            "exempt",
            "refused",
            "alarms",
        )
    ),
    # Seconds since 1970, UTC.
    Column("tight_until", BigInteger, nullable=False, server_default="0"),
    schema=DAY,
)

usage = Table(
    "usage",
    metadata,
    Column("day", Date, primary_key=True),
    Column("district", String(31), primary_key=True),
    Column("school", Text, primary_key=True),
    Column("grade", String(7), primary_key=True),
    Column("client", String(63), primary_key=True),
    Column("sign_ins", Integer, nullable=False),
    schema=DAY,
)

patron_use = Table(
    "patron_use",
    metadata,
    Column("patron_id", BigInteger, primary_key=True, autoincrement=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    schema=DAY,
)

# How far the run of a district is. It is in this schema because a night holds the only writer of the other.
progress = Table(
    "progress",
    metadata,
    Column("district", String(31), primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("phase", String(15), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    schema=DAY,
)

# Of each month how many patrons signed in, and how many of them for the first time, where they were then: nobody can be
# told apart, and no later sign-in changes a month that is over. Blank grades are educators'.
months = Table(
    "months",
    metadata,
    # Its first day.
    Column("month", Date, primary_key=True),
    Column("district", String(31), primary_key=True),
    Column("school", Text, primary_key=True),
    Column("grade", String(7), primary_key=True),
    Column("active", Integer, nullable=False),
    Column("first_time", Integer, nullable=False),
    schema=DAY,
)

# Sign-ins that were refused, by what was told to staff and not to clients. No district: nobody knows of which.
refusals = Table(
    "refusals",
    metadata,
    Column("day", Date, primary_key=True),
    Column("district", String(31), primary_key=True),
    Column("reason", String(15), primary_key=True),
    Column("refused", Integer, nullable=False),
    schema=DAY,
)

# What was published of a district, one a day: JSON in which what is hidden is nowhere.
editions = Table(
    "editions",
    metadata,
    Column("district", String(31), primary_key=True),
    # Where the district is.
    Column("day", Date, primary_key=True),
    Column("body", Text, nullable=False),
    schema=DAY,
)
