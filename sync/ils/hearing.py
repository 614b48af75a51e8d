"""All that the ILS says, one after the other; what cannot be read is a line, and stops nothing."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from access_service.errors import OperatorError
from sync.alone import BusyError
from sync.ils.extract import take
from sync.ils.reading import Reading, Taken
from sync.ils.rejects import take_rejects


def heard(reading: Reading) -> dict[str, Any]:
    """What was read and what was refused: a fact for each file, `lines` for a person, and whether all is `well`."""
    facts: dict[str, Any] = {"lines": [], "well": True}
    # First, for an account that the loader refused is not in the extract, and its words say more.
    for kind, configured, read in (
        ("rejects", reading.ils.rejects, take_rejects),
        ("extract", reading.ils.extract, take),
    ):
        if configured:
            _hear(kind, read, reading, facts)
    return facts


def _hear(kind: str, read: Callable[[Reading], Taken], reading: Reading, facts: dict[str, Any]) -> None:
    try:
        taken = read(reading)
    except BusyError:
        # Nights of several districts begin in one minute, and one reading is for all.
        facts[kind] = {"busy": True}
        facts["lines"].append(f"{kind} is being read by another night")
    except (OperatorError, SQLAlchemyError) as error:
        said = str(error) if isinstance(error, OperatorError) else error.__class__.__name__
        facts["well"] = False
        facts[kind] = {"refused": said}
        facts["lines"].append(f"{kind} REFUSED, nothing of it was used: {said}")
    else:
        facts[kind] = taken.as_json()
        facts["lines"].append(f"{kind} {taken}")
