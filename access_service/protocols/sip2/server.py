"""`access-service serve-sip2`: look at everything first, then serve in processes of their own until SIGTERM."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

from access_service import answering, logs, settings
from access_service.answering import check
from access_service.clients import Clients
from access_service.domain.access import Answer
from access_service.journal import heard
from access_service.logs import log, where
from access_service.metrics import Metrics
from access_service.pin_vault import PinVault
from access_service.ports import cannot_listen
from access_service.protocols.sip2 import tls
from access_service.protocols.sip2.connection import Heard
from access_service.protocols.sip2.listener import Listener
from access_service.protocols.sip2.session import Reply, Session
from access_service.protocols.sip2.switchboard import Switchboard
from access_service.settings import Settings, Sip2
from access_service.storage import engine
from access_service.storage.engine import Databases
from access_service.strangers import Strangers
from access_service.usage import UsageCounter

BACKLOG = 1024
# A database that does not answer keeps one question this long, and those after it no more.
PATIENCE_SECONDS = 2
RESPAWN_SECONDS = 1.0
_ORDERS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}


def serve(config: Path) -> None:
    """Serve until stopped; answers under way are sent. OperatorError, one line, if it cannot even start."""
    sip2 = check(config).service.sip2
    tls.context(sip2)
    sockets = _claim(sip2)
    logs.configure("serve-sip2")
    # Signals wait until they are asked for, so that none comes between two steps.
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ORDERS)
    alive, parent = os.pipe()
    children = {_start(config, each, sockets, (alive, parent)): each for each in sockets}
    log.info("serving", dialect="sip2", port=sip2.port, tls=bool(sip2.tls_certificate), processes=len(children))
    stopping = False
    while children:
        order = signal.sigwait(_ORDERS)
        if order == signal.SIGCHLD:
            for ended in _ended():
                listening = children.pop(ended, None)
                if listening and not stopping:
                    log.error("process ended", dialect="sip2")
                    time.sleep(RESPAWN_SECONDS)
                    children[_start(config, listening, sockets, (alive, parent))] = listening
            continue
        if order != signal.SIGHUP:
            stopping = True
            for listening in sockets:
                listening.close()
        for child in children:
            os.kill(child, signal.SIGHUP if order == signal.SIGHUP else signal.SIGTERM)


def _claim(sip2: Sip2) -> list[socket.socket]:
    """A listening socket for each process, all at one port that was free."""
    family = socket.AF_INET6 if ":" in sip2.host else socket.AF_INET
    try:
        # Whoever shares a port would not notice another who does.
        socket.create_server((sip2.host, sip2.port), family=family).close()
        return [
            socket.create_server((sip2.host, sip2.port), family=family, backlog=BACKLOG, reuse_port=True)
            for _ in range(sip2.processes)
        ]
    except OSError as error:
        raise cannot_listen("sip2", "SIP2_PORT", sip2.host, sip2.port, error) from error


def _ended() -> list[int]:
    """The processes that have ended since it was last asked."""
    found: list[int] = []
    while True:
        try:
            child, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not child:
            return found
        found.append(child)


def _start(config: Path, listening: socket.socket, sockets: Sequence[socket.socket], pipe: tuple[int, int]) -> int:
    """A process of its own; engines and threads are made in it, for they do not survive a fork."""
    child = os.fork()
    if not child:
        alive, parent = pipe
        # When the parent is gone, the end of this pipe says so.
        os.close(parent)
        for other in sockets:
            if other is not listening:
                other.close()
        _be_process(config, listening, alive)
    return child


def _be_process(config: Path, listening: socket.socket, alive: int) -> NoReturn:
    code = 1
    try:
        configured = settings.load(config)
        databases = engine.connect(configured.service.database.url, PATIENCE_SECONDS)
        asyncio.run(_serve(configured, databases, listening, alive))
        code = 0
    except BaseException as error:  # noqa: BLE001 - the process ends here, and its parent's code is not run
        log.error("process failed", error=error.__class__.__name__, at=where(error))
    finally:
        os._exit(code)


async def _serve(configured: Settings, databases: Databases, listening: socket.socket, alive: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_unexpected)
    vault, metrics, usage = PinVault.from_environment(), Metrics(), UsageCounter(databases.reader, date.today)
    usage.start()
    switchboard = Switchboard(
        answering.directory(configured, databases, vault, usage, relayed=metrics.relayed),
        Clients(databases.reader),
        lambda: engine.read(databases.reader, lambda connection: connection.exec_driver_sql("SELECT 1")),
    )
    listener = Listener(configured.service.sip2, switchboard, journal(metrics, vault))
    for order in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(order, listener.stop)
    loop.add_signal_handler(signal.SIGHUP, listener.reload)
    loop.add_reader(alive, listener.stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)
    await listener.serve(listening)
    switchboard.close()
    usage.stop()


def journal(metrics: Metrics, vault: PinVault) -> Heard:
    """One line of log and a few counts for every message: codes and marks, never what was said."""

    strangers = Strangers()

    def note(session: Session, reply: Reply, answer: Answer | None, seconds: float) -> None:
        if not session.code:
            return
        metrics.count("sip2", reply.code, answer)
        metrics.time(f"sip2 {session.code}", seconds)
        if session.refused:
            strangers.refused("sip2", session.address, session.refused)
        told = heard(session.client, answer, vault)
        log.info("request", dialect="sip2", route=session.code, status=reply.code, ms=round(seconds * 1000, 2), **told)

    return note


def _unexpected(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    # asyncio's own words repeat what it was called with.
    error = context.get("exception")
    known = error if isinstance(error, BaseException) else None
    log.error("failed", error=known.__class__.__name__, at=where(known))
