"""`access-service serve`: look at everything first, then serve with granian until SIGTERM."""

import os
import signal
import socket
from contextlib import nullcontext
from importlib import import_module
from multiprocessing import parent_process
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread, main_thread
from time import sleep
from wsgiref.types import WSGIApplication

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from access_service.answering import check
from access_service.ports import cannot_listen
from access_service.settings import Http, secret

APP = "access_service.web.app"
# More than ever wait for the work of failures (slow_hash.WAITING): the others answer meanwhile.
BLOCKING_THREADS = 64
STOP_SECONDS = 10


def serve(config: Path) -> None:
    """Serve until stopped; requests under way are finished. OperatorError, one line, if it cannot even start."""
    configured = check(config)
    if configured.service.admin.oidc:
        secret("OIDC_CLIENT_SECRET")
    http = configured.service.http
    _claim(http)
    relay = configured.service.relay
    # Who waits for the ILS keeps no student waiting.
    threads = BLOCKING_THREADS + (relay.places if relay else 0)
    # A folder that is given is shared with `serve-sip2`, and /metrics shows the counts of both.
    given = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    with nullcontext(given) if given else TemporaryDirectory(prefix="access-metrics-") as counts:
        os.environ |= {"ACCESS_CONFIG": str(config.resolve()), "PROMETHEUS_MULTIPROC_DIR": str(counts)}
        # Before the fork, so that workers start at once; not sooner, because prometheus_client looks at import.
        import_module(APP)
        _server(http, threads).serve(target_loader=_worker, wrap_loader=False)


def _claim(http: Http) -> None:
    # granian shares a port with any other granian (SO_REUSEPORT), so it would not notice.
    try:
        family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
        socket.create_server((http.host, http.port), family=family).close()
    except OSError as error:
        raise cannot_listen("http", "HTTP_PORT", http.host, http.port, error) from error


def _server(http: Http, threads: int) -> MPServer:
    return MPServer(
        APP,
        address=http.host,
        port=http.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=10_000, max_buffer_size=32 * 1024),
        websockets=False,
        workers=http.workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        # Its log of an exception has the exception's text; ours has not.
        log_enabled=False,
    )


def _worker() -> WSGIApplication:
    """The app of one worker, after the fork."""
    # Until granian's own stand, a worker has its parent's handlers, which swallow the order to stop.
    for order in (signal.SIGINT, signal.SIGTERM):
        signal.signal(order, signal.SIG_DFL)
    Thread(target=_end_with_parent, name="parent", daemon=True).start()
    app: WSGIApplication = import_module(APP).from_environment()
    return app


def _end_with_parent() -> None:
    """Workers of a killed server would go on serving, on its port, for ever."""
    if parent := parent_process():
        parent.join()
        # To the main thread, which sleeps until a signal; again, because one that is still starting swallows it.
        while True:
            signal.pthread_kill(main_thread().ident or 0, signal.SIGTERM)
            sleep(1)
