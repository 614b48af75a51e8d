"""Files that other programs and later starts look at: private, whole, and with one owner at a time."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file that only its owner may read; it appears under its name only when it is whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(path)


@contextmanager
def held(lock: Path) -> Iterator[bool]:
    """Hold a lock while the `with` lasts; False where another process holds it. It falls with its process."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def announcement(path: Path) -> Iterator[Callable[[Mapping[str, str]], bool]]:
    """A function that writes facts to `path` as JSON for other programs; the file goes when the `with` ends.

    While another demo that is still up has the file, the function writes nothing and says False.
    """
    with held(path.with_name(f".{path.name}.lock")) as ours:

        def announce(facts: Mapping[str, str]) -> bool:
            if ours:
                write_private(path, json.dumps(dict(facts), indent=2) + "\n")
            return ours

        try:
            if ours:
                path.unlink(missing_ok=True)
            yield announce
        finally:
            if ours:
                path.unlink(missing_ok=True)
