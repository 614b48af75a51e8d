"""What the log says of whoever is turned away, so that a vendor's mistake can be found."""

import socket
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from access_service.domain.client import BY_ADDRESS, DialectName
from access_service.storage.engine import Databases
from access_service.strangers import Reason, Strangers
from tests.access_service import seed
from tests.access_service.dialects import BASIC
from tests.access_service.sip2.certificates import Authority
from tests.access_service.sip2.serving import serving
from tests.access_service.sip2.talk import LOGIN, ask_63, speaking
from tests.place import copy_of
from tests.processes import until

ELSEWHERE = (ip_network("192.0.2.0/24"),)
BEARER = {"Authorization": f"Bearer {seed.KEY}"}
ASKED = {"number": "0012345", "pin": "0412"}


@pytest.fixture
def database_url(empty: Path, tmp_path: Path) -> str:
    """SQLite alone: no database knows of addresses."""
    return copy_of(empty, tmp_path)


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


def refusals(lines: list[Any], count: int = 1) -> list[tuple[str, str, str]]:
    """As many as are to come, and no more."""

    def told() -> list[Any]:
        return [line for line in lines if line["event"] == "refused"]

    until(told)
    assert len(told()) == count
    return [(line["dialect"], line["address"], line["reason"]) for line in told()]


def test_strangers_cost_a_line_a_second(lines: list[Any]) -> None:
    """The others are counted, and what is no address is not repeated."""
    now = [0.0]
    strangers = Strangers(lambda: now[0])
    for _ in range(1000):
        strangers.refused("sip2", "192.0.2.7", Reason.ADDRESS)
    now[0] = 1
    strangers.refused("rest", "canary", Reason.KEY)
    assert refusals(lines, 2) == [("sip2", "192.0.2.7", Reason.ADDRESS), ("rest", "unknown", Reason.KEY)]
    assert [line.get("untold") for line in lines] == [None, 999]


@pytest.mark.parametrize(
    ("path", "headers", "facts", "reason"),
    [
        ("/v1/authentications", {}, {}, Reason.KEY),
        ("/v1/authentications", {"Authorization": "Bearer x"}, {}, Reason.KEY),
        ("/v1/authentications", BEARER, {"networks": ELSEWHERE}, Reason.NETWORK),
        ("/v1/authentications", BEARER, {"dialects": frozenset({DialectName.KOHA})}, Reason.DIALECT),
        ("/api/v1/auth/password/validation", BASIC, {"networks": ELSEWHERE}, Reason.NETWORK),
        ("/iii/sierra-api/v6/token", BASIC, {"networks": ELSEWHERE}, Reason.NETWORK),
        ("/iii/sierra-api/v6/token", {}, {}, Reason.KEY),
        ("/ezproxy", {}, {"dialects": BY_ADDRESS, "networks": ELSEWHERE}, Reason.ADDRESS),
    ],
)
def test_http_says_who_and_why(  # noqa: PLR0913, PLR0917 - the case, and where it is tried
    databases: Databases, lines: list[Any], path: str, headers: dict[str, str], facts: dict[str, Any], reason: Reason
) -> None:
    """The address and the reason, once; a question that is let in leaves no such line."""
    seed.admit(databases, seed.client("vendor", **{"dialects": frozenset(DialectName) - BY_ADDRESS, **facts}))
    web = seed.web(databases)
    assert web.post(path, json=ASKED, headers=headers).status_code in {401, 403}
    assert refusals(lines)[0][1:] == ("127.0.0.1", reason)
    assert seed.KEY not in str(lines) and "0012345" not in str(lines)


def test_sip2_says_which_address_nobody_has(databases: Databases, lines: list[Any]) -> None:
    """Such a connection is closed at once."""
    seed.admit(databases, seed.client(networks=ELSEWHERE))
    with serving(databases) as served, served.connect() as line:
        assert line.read() == ""
        assert refusals(lines) == [("sip2", "127.0.0.1", Reason.ADDRESS)]


@pytest.mark.parametrize(
    ("said", "reason"), [(LOGIN.replace(seed.KEY, "x"), Reason.KEY), (ask_63(), Reason.LOGIN)], ids=["login", "none"]
)
def test_sip2_says_of_a_login_that_it_was_wrong(
    databases: Databases, lines: list[Any], said: str, reason: Reason
) -> None:
    """Or that there was none."""
    seed.admit(databases, speaking())
    with serving(databases) as served, served.connect() as line:
        assert line.ask(said)[:3] in {"940", ""}
        assert refusals(lines) == [("sip2", "127.0.0.1", reason)]
        assert "0012345" not in str(lines) and "0412" not in str(lines)


def test_sip2_says_what_is_wrong_with_tls(databases: Databases, lines: list[Any], tmp_path: Path) -> None:
    """Somebody speaks without it."""
    seed.admit(databases, speaking())
    certificate, key = Authority(tmp_path).issue("server")
    with serving(databases, tls_certificate=certificate, tls_key=key) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as plain:
            plain.sendall(LOGIN.encode() + b"\r")
            assert refusals(lines) == [("sip2", "127.0.0.1", Reason.TLS)]
        assert lines[-1]["why"] == "WRONG_VERSION_NUMBER"
