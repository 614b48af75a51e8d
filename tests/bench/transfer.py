"""Fetching a file as the night does, against OpenSSH's own client on the same server."""

import os
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from access_service.settings import Feed
from sync.sftp import fetch
from tests.bench.rows import Row
from tests.sync.openssh_server import OpenSshServer

MEBIBYTES = 100
ROUNDS = 5


def transfer_rows(folder: Path) -> Iterator[Row]:
    """Nothing where OpenSSH's server or client is not installed."""
    if not (OpenSshServer.binary() and shutil.which("sftp")):
        return
    home = folder / "transfer"
    home.mkdir()
    with OpenSshServer(home) as server:
        (server.root / "roster.zip").write_bytes(os.urandom(MEBIBYTES * 1024 * 1024))
        feed = Feed(
            host="127.0.0.1",
            port=server.port,
            user=server.user,
            host_keys=tuple(server.fingerprints),
            folder=str(server.root),
            settle_seconds=0,
        )
        ours, theirs = [], []
        for turn in range(ROUNDS):
            start = perf_counter()
            fetch(feed, server.login, home / f"spool-{turn}")
            ours.append(perf_counter() - start)
            shutil.rmtree(home / f"spool-{turn}")
            theirs.append(_sftp(server, home))
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    speeds = (f"{MEBIBYTES / statistics.median(times):.0f} MiB/s" for times in (ours, theirs))
    yield Row(f"speed of fetching {MEBIBYTES} MiB over OpenSSH sftp's", ratio, 0.7, False, " over ".join(speeds))


def _sftp(server: OpenSshServer, home: Path) -> float:
    options = (
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        f"IdentityFile={home}/user",
    )
    listed = [word for option in options for word in ("-o", option)]
    source = f"{server.user}@127.0.0.1:{server.root}/roster.zip"
    command = ["sftp", "-q", "-P", str(server.port), *listed, source, str(home / "fetched")]
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = perf_counter() - start
    (home / "fetched").unlink()
    return seconds
