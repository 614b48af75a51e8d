"""Everything started, in order, and stopped again in the reverse order."""

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from access_service.errors import OperatorError
from access_service.settings import load
from sync.demo.asking import Question, ask
from sync.demo.children import Children, Stop
from sync.demo.home import DISTRICT, INSTITUTION, SFTP_USER, Home
from sync.demo.tonight import Sample, publish, sample
from sync.synthetic.district import SyntheticDistrict
from sync.synthetic.server import Login, RosterServer, host_key

_READY = Question("is the service up?", "/readyz", ("200",))
_READY_SECONDS = 60
SELF_CHECK = "make-run-self-check"
ADMIN = "librarian"
_HELD = 2

_RELEASED_TO_ALL = ("library_number", "name", "patron_type", "branch", "expires")


@dataclass(frozen=True)
class Stage:
    """A service that answers on `port` and `sip2_port`, and what was `heard` of the ILS. `check` raises OperatorError
    once the service no longer runs."""

    home: Home
    port: int
    sip2_port: int
    night: int
    who: Sample
    report: dict[str, Any]
    heard: str
    children: Children
    check: Callable[[], None]

    def facts(self) -> dict[str, str]:
        """What var/demo.json says."""
        url = f"http://127.0.0.1:{self.port}"
        return {
            "http_url": url,
            "api_key": self.home.api_key or "",
            "patronapi_url": f"{url}/PATRONAPI",
            "district": DISTRICT,
            "student_number": self.who.student_number,
            "library_number": self.who.library_number,
            "pin": self.who.pin,
            "database_url": self.home.database_url,
            "sip2_address": f"127.0.0.1:{self.sip2_port}",
            "sip2_login": SELF_CHECK,
            "sip2_password": self.home.sip2_password or "",
            "institution": INSTITUTION,
            "admin_url": f"{url}/admin/",
            "admin_user": ADMIN,
            "admin_password": self.home.admin_password or "",
        }


@contextmanager
def staged(home: Home, port: int, sip2_port: int, stop: Stop) -> Iterator[Stage]:
    """Run the next night of `home` for real and serve what it made, until the `with` ends.

    Errors: OperatorError, one line; Stopped where the demo is told to stop meanwhile.
    """
    # The library's side reports what went wrong; paramiko's own account would only stand in between.
    logging.getLogger("paramiko").addHandler(logging.NullHandler())
    with ExitStack() as stack:
        home.prepare()
        login = Login(SFTP_USER, home.sftp_password())
        server = RosterServer(home.outgoing.parent, host_key(home.folder / "host-key"), login)
        stack.enter_context(server)
        home.configure(port, sip2_port, server)
        agreed = load(home.folder / "config").district(DISTRICT)
        children = stack.enter_context(Children(stop, home.log))
        roster = SyntheticDistrict(datetime.now(agreed.zone).date(), night=home.night)
        publish(home.outgoing, roster)
        report = _run_night(home, children)
        home.keep("night", str(roster.night + 1))
        home.library.take()
        heard = children.run(["roster-sync", "extract"], home.environment(night=True))
        checks = [children.keep(["access-service", verb], home.environment()) for verb in ("serve", "serve-sip2")]
        checks.append(children.keep(["roster-sync", "schedule"], home.environment(night=True)))

        def check() -> None:
            for each in checks:
                each()

        _wait_until_ready(port, sip2_port, check, stop)
        yield Stage(home, port, sip2_port, roster.night, sample(roster, agreed), report, heard.strip(), children, check)


def _run_night(home: Home, children: Children) -> dict[str, Any]:
    """The commands an installation would run, the first time and every night; the report of the night."""
    children.run(["access-service", "upgrade-db"], home.environment())
    if not home.api_key:
        _add_client(home, children, "make-run-patronapi", "patronapi")
        home.keep("sip2-password", _add_client(home, children, SELF_CHECK, "sip2")["key"])
        home.keep("api-key", _add_client(home, children, "make-run", "rest")["key"])
        account = ["access-service", "staff", "add", ADMIN, "--role", "library-admin", "--password-only", "--json"]
        home.keep("admin-password", json.loads(children.run(account, home.environment()))["password"])
    said = children.run(["roster-sync", "run", DISTRICT, "--json"], home.environment(night=True), {0, _HELD})
    report: dict[str, Any] = json.loads(said)
    return report


def _add_client(home: Home, children: Children, name: str, dialect: str) -> dict[str, str]:
    command = ["access-service", "client", "add", name, "--json", "--dialect", dialect, "--district", DISTRICT]
    released = [word for fact in _RELEASED_TO_ALL for word in ("--release", fact)]
    client: dict[str, str] = json.loads(
        children.run([*command, "--network", "127.0.0.1/32", *released], home.environment())
    )
    return client


def _wait_until_ready(port: int, sip2_port: int, check: Callable[[], None], stop: Stop) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        check()
        with suppress(OSError):
            # Of SIP2 the listener is up, or the connection is refused.
            if ask(port, "", _READY).startswith("200 "):
                socket.create_connection(("127.0.0.1", sip2_port), _READY_SECONDS).close()
                return
        stop.wait()
    raise OperatorError(f"nothing answered on ports {port} and {sip2_port} within {_READY_SECONDS} seconds")
