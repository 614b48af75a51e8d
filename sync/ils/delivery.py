"""How a load comes to the ILS: whole files under their names, on this machine or on a server."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from access_service.ils import Delivery, Ils
from access_service.settings import Feed
from sync.ils.shape import LoadFile
from sync.ils.trouble import UndeliveredError, of_the_server
from sync.sftp import RosterUnavailableError, credentials
from sync.sftp.deliver import put_whole
from sync.sftp.remote import Remote
from sync.sftp.session import session

LONGEST = 1800  # seconds
# Of SFTP_KEY_ILS and SFTP_PASSWORD_ILS.
SECRETS = "ils"


class Place(Protocol):
    """Where files are put: whole under their name, or not at all; again under the same name is the same."""

    def put(self, name: str, chunks: Iterable[bytes]) -> None: ...


def put_files(ils: Ils, name: str, files: Iterable[LoadFile]) -> list[str]:
    """Put the files of a load in order; their names. Errors: UndeliveredError."""
    names = []
    with _place(ils.delivery) as place:
        for file in files:
            place.put(f"{name}-{file.part}", file.chunks)
            names.append(f"{name}-{file.part}")
    return names


class Folder:
    """A folder of this machine, which the ILS or another program empties."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        part = self._folder / f".{name}.part"
        try:
            with open(part, "wb", opener=lambda path, flags: os.open(path, flags, 0o640)) as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise UndeliveredError(f"{self._folder}: {error.strerror}; see to the folder of [ils.delivery]") from error


class Server:
    """A folder of an SFTP server."""

    def __init__(self, remote: Remote, folder: str) -> None:
        self._remote, self._folder = remote, folder

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        path = f"{self._folder}/{name}"
        for left in (f"{path}.part", path):
            # Of a delivery that was cut off, or that came and was not noted.
            if self._remote.lstat(left):
                self._remote.remove(left)
        put_whole(self._remote, path, b"".join(chunks))


@contextmanager
def _place(delivery: Delivery) -> Iterator[Place]:
    if delivery.to == "folder" and delivery.folder:
        if not delivery.folder.is_dir():
            raise UndeliveredError(f"{delivery.folder}: no such folder; make it, or mend [ils.delivery] folder")
        yield Folder(delivery.folder)
        return
    feed = Feed(
        host=delivery.host,
        port=delivery.port,
        user=delivery.user,
        host_keys=delivery.host_keys,
        timeout_seconds=delivery.timeout_seconds,
        tries=delivery.tries,
    )
    try:
        with session(feed, credentials(SECRETS), LONGEST) as remote:
            yield Server(remote, str(delivery.folder).rstrip("/"))
    except RosterUnavailableError as error:
        raise UndeliveredError(of_the_server(error, "ils.delivery", "ILS")) from error
