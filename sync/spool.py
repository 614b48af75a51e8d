"""The folder in which rosters lie while they are read, and what goes wrong with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from access_service.errors import OperatorError


@contextmanager
def spool_errors(place: Path) -> Iterator[None]:
    """Turn what the disk refuses at `place` into OperatorError: one line that names it and the remedy."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or place}: {str(error.strerror).lower()}"
        raise OperatorError(f"{what}; make room, check its owner, or set another spool in service.toml") from error
