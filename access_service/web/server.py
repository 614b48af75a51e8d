"""`access-service serve`: look at everything first, then serve with granian until SIGTERM."""

import os
import socket
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from access_service import settings
from access_service.errors import ConfigError
from access_service.pin_vault import PinVault
from access_service.settings import Http, Settings
from access_service.storage import engine, peppers, schema

APP = "access_service.web.app"
BLOCKING_THREADS = 4
STOP_SECONDS = 20


def serve(config: Path) -> None:
    """Serve until stopped; requests under way are finished. OperatorError, one line, if it cannot even start."""
    configured = check(config)
    http = configured.service.http
    _claim(http)
    with TemporaryDirectory(prefix="access-metrics-") as counts:
        os.environ |= {"ACCESS_CONFIG": str(config.resolve()), "PROMETHEUS_MULTIPROC_DIR": counts}
        # Before the fork, so that workers start at once; not sooner, because prometheus_client looks at import.
        import_module(APP)
        _server(http).serve()


def check(config: Path) -> Settings:
    """Load the configuration, and see that database and peppers fit it. OperatorError says what does not."""
    configured = settings.load(config)
    vault = PinVault.from_environment()
    databases = engine.connect(configured.service.database.url)
    schema.check(databases)
    vault.check(engine.read(databases.reader, peppers.used))
    databases.dispose()
    return configured


def _claim(http: Http) -> None:
    # granian shares a port with any other granian (SO_REUSEPORT), so it would not notice.
    try:
        socket.create_server((http.host, http.port), family=_family(http.host)).close()
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {http.host} port {http.port}: {error.strerror};"
            " set [http] in service.toml, or HTTP_PORT, to a free one"
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _server(http: Http) -> MPServer:
    return MPServer(
        f"{APP}:from_environment",
        factory=True,
        address=http.host,
        port=http.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=32 * 1024),
        websockets=False,
        workers=http.workers,
        blocking_threads=BLOCKING_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        # Its log of an exception has the exception's text; ours has not.
        log_enabled=False,
    )
