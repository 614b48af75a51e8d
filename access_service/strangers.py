"""Who is turned away at the door: a line of log with their address, and few of them."""

import time
from collections.abc import Callable
from enum import StrEnum
from ipaddress import ip_address
from threading import Lock

from access_service.domain.client import BY_ADDRESS, Client
from access_service.logs import log

# Whoever knocks without end fills no disk.
SECONDS = 1.0


class Reason(StrEnum):
    """Why somebody is no client."""

    ADDRESS = "no client has this address"
    KEY = "wrong key"
    NETWORK = "not from this client's networks"
    DIALECT = "not this client's dialect"
    LOGIN = "no login"
    TLS = "tls"
    GONE = "gone"
    TOO_MANY = "too many connections"


class Strangers:
    """One a process, for any thread. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._quiet_until = float("-inf")
        self._untold = 0

    def refused(self, dialect: str, address: str, reason: Reason, **more: object) -> None:
        """One line a second at most; `untold` is how many had none since the last."""
        with self._lock:
            if self._clock() < self._quiet_until:
                self._untold += 1
                return
            self._quiet_until = self._clock() + SECONDS
            untold, self._untold = self._untold, 0
        told = {**more, "untold": untold} if untold else more
        log.warning("refused", dialect=dialect, address=_known(address), reason=reason, **told)


def why(client: Client | None, dialect: str, address: str) -> Reason | None:
    """Why a dialect over HTTP is not open to a client, or to nobody known; None where it is."""
    if client is None:
        return Reason.ADDRESS if dialect in BY_ADDRESS else Reason.KEY
    if not client.may_ask_from(address):
        return Reason.NETWORK
    return None if dialect in client.dialects else Reason.DIALECT


def _known(address: str) -> str:
    """Behind a proxy an address is what somebody else wrote."""
    try:
        return str(ip_address(address))
    except ValueError:
        return "unknown"
