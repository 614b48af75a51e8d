"""Whether the district's folder has something new: a look that downloads nothing."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from access_service.settings import Feed
from sync.sftp.folder import chosen, listing, prove_complete
from sync.sftp.login import Credentials
from sync.sftp.session import session


def new_file(
    feed: Feed, login: Credentials, known: Mapping[str, Any], sleep: Callable[[float], None] = time.sleep
) -> bool:
    """Whether a whole roster is there, and another one than `known`: the name, size and time of a run's report.

    An empty folder is nothing new. Errors: RosterUnavailableError, also for a file that is still being written.
    """
    with session(feed, login) as remote:
        found = listing(remote)
        if not found.files:
            return False
        files = chosen(remote, found)
        name = feed.pattern if feed.package == "files" else files[-1].name
        size, written = sum(file.size for file in files), files[-1].modified_at.isoformat(timespec="minutes")
        if (name, size, written) == (known.get("name"), known.get("size"), known.get("written")):
            return False
        prove_complete(remote, files, sleep)
        return True
