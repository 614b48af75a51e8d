"""A district's server for an installation of a test's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.synthetic.server import Login, RosterServer, host_key
from tests.place import Place


@contextmanager
def offering(place: Place) -> Iterator[Path]:
    """The folder that the district offers while the block lasts; `roster-sync run demo` fetches from it."""
    outgoing, login = place.folder / "outgoing", Login("library", password="not for a child")
    outgoing.mkdir()
    with RosterServer(outgoing, host_key(place.folder / "host_key"), login) as server:
        place.environment["SFTP_PASSWORD_DEMO"] = login.password
        place.edit("port = 2222 ", f"port = {server.port} ")
        place.edit("SHA256:" + "A" * 43, server.fingerprint)
        place.edit('folder = "outgoing"', 'folder = "."')
        place.edit("settle_seconds = 1", "settle_seconds = 0")
        yield outgoing
