"""A dead man's switch: somebody else's clock, which raises the alarm when it hears nothing of a good night."""

import os
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from access_service.errors import ConfigError
from access_service.logs import log
from access_service.settings import secret

TIMEOUT = 10  # seconds
LOOPBACK = ("localhost", "127.0.0.1", "::1")
OK = range(200, 300)


def ping_url(code: str) -> SplitResult | None:
    """PING_URL_<CODE>, or the file that its _FILE names; None where neither is set. Errors: ConfigError."""
    name = f"PING_URL_{code.upper().replace('-', '_')}"
    if not (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
        return None
    try:
        url = urlsplit(secret(name))
        local = url.scheme == "http" and url.hostname in LOOPBACK
        usable = url.hostname and (url.scheme == "https" or local) and (url.port or True)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"{name}: should be an https:// address (http:// only to this machine)")
    return url


def ping(code: str) -> None:
    """Tell of a good night, where PING_URL_<CODE> says whom. What goes wrong is logged, without the address."""
    try:
        if url := ping_url(code):
            _get(url)
    except (ConfigError, OSError, HTTPException, ValueError) as error:
        log.warning("not pinged", district=code, error=error.__class__.__name__)


def _get(url: SplitResult) -> None:
    """No redirect is followed."""
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = kind(url.hostname or "", url.port, timeout=TIMEOUT)
    try:
        connection.request("GET", (url.path or "/") + (f"?{url.query}" if url.query else ""))
        if (status := connection.getresponse().status) not in OK:
            raise HTTPException(status)
    finally:
        connection.close()
