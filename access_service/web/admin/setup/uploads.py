"""Files that come with a form: in memory only, for they are full of people."""

from io import BytesIO
from typing import IO

from flask import Request
from flask.sansio.blueprints import BlueprintSetupState


class InMemory(Request):
    """A request whose files lie on no disk, not even unlinked. The gate says how much may come."""

    def _get_file_stream(self, *_: object, **__: object) -> IO[bytes]:
        return BytesIO()


def in_memory(state: BlueprintSetupState) -> None:
    """Have the app of a blueprint take files so."""
    state.app.request_class = InMemory  # type: ignore[attr-defined]
