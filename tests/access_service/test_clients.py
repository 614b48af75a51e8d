import re
from dataclasses import replace
from ipaddress import ip_network

import pytest

from access_service.clients import FRESH_SECONDS, Clients, admit, check_addresses, key_sha256, new_key, with_options
from access_service.domain.client import DialectName, Options
from access_service.domain.sip2 import Sip2Options
from access_service.errors import OperatorError, StorageError
from access_service.storage import clients
from access_service.storage.engine import Databases
from tests.access_service import seed

PATRONAPI, REST = DialectName.PATRONAPI, DialectName.REST


class Seconds:
    """A clock that a test moves on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_key_is_its_client(databases: Databases) -> None:
    """The client that a key was made for comes back as it was stored; any other key is nobody's."""
    stored = seed.admit(databases, seed.client(networks=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))))
    asking = Clients(databases.reader)
    assert asking.by_key(seed.KEY) == stored
    assert [asking.by_key(key) for key in ("", seed.KEY[:-1], key_sha256(seed.KEY), "ключ")] == [None] * 4


def test_no_key_is_stored(databases: Databases) -> None:
    """The database holds a hash of a key that is long, random and never the same."""
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert min(map(len, keys)) >= 43
    seed.admit(databases, seed.client())
    with databases.reader.connect() as connection:
        assert [sha256 for sha256, _ in clients.active(connection)] == [key_sha256(seed.KEY)]


def test_an_address_is_the_client_of_its_dialect(databases: Databases) -> None:
    """Of a dialect without credentials the network tells the client; another dialect's network tells nothing."""
    patronapi = seed.admit(databases, seed.client("vendor", networks=(ip_network("192.0.2.0/24"),)), key=None)
    seed.admit(databases, seed.client("ils", dialects=frozenset({REST}), networks=(ip_network("198.51.100.0/24"),)))
    asking = Clients(databases.reader)
    assert asking.by_address("192.0.2.9", PATRONAPI) == patronapi
    assert asking.by_address("::ffff:192.0.2.9", PATRONAPI) == patronapi
    assert asking.by_address("198.51.100.9", PATRONAPI) is None
    assert asking.by_address("2001:db8::1", PATRONAPI) is None


def test_a_revoked_key_is_refused_within_seconds(databases: Databases) -> None:
    """Revoking needs no restart: the key ends when the clients are read again, and its name stays taken."""
    seed.admit(databases, seed.client())
    clock = Seconds()
    asking = Clients(databases.reader, clock)
    assert asking.by_key(seed.KEY)
    with databases.writer.begin() as connection:
        assert clients.revoke(connection, "vendor", seed.NOON)
        assert not clients.revoke(connection, "vendor", seed.NOON)
        assert clients.exists(connection, "vendor")
    clock.now += FRESH_SECONDS
    assert asking.by_key(seed.KEY) is None


def test_when_clients_cannot_be_read_nobody_is_admitted(databases: Databases) -> None:
    """What was read last is not trusted when the database is away."""
    seed.admit(databases, seed.client())
    clock = Seconds()
    asking = Clients(databases.reader, clock)
    assert asking.by_key(seed.KEY)
    with databases.writer.begin() as connection:
        connection.exec_driver_sql("DROP TABLE clients")
    clock.now += FRESH_SECONDS
    for _ in range(2):
        with pytest.raises(StorageError):
            asking.by_key(seed.KEY)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [("127.0.0.1", True), ("::ffff:127.0.0.1", True), ("128.0.0.1", False), ("::1", False), ("", False), ("x", False)],
)
def test_a_client_is_answered_from_its_networks_only(address: str, allowed: bool) -> None:
    """An IPv4 caller of a dual-stack socket is the same caller."""
    assert seed.client().may_ask_from(address) is allowed


def test_an_address_alone_is_one_client(databases: Databases) -> None:
    """Who never logs in to SIP2 shares no network with another such client; whoever logs in may be there too."""
    bare = Options(sip2=Sip2Options(without_login=True))
    gate = seed.client("gate", dialects=frozenset({DialectName.SIP2}), options=bare)
    with databases.writer.begin() as connection:
        admit(connection, gate, "one", seed.NOON)
        admit(connection, replace(gate, name="desk", options=Options()), "two", seed.NOON)
        check_addresses(connection, gate)
        # As `client set` would make it.
        with pytest.raises(OperatorError, match="overlaps a network of 'gate', which speaks sip2"):
            check_addresses(connection, replace(gate, name="desk"))
        with pytest.raises(OperatorError, match="overlaps a network of 'gate', which speaks sip2"):
            admit(connection, replace(gate, name="door"), "three", seed.NOON)
        with pytest.raises(OperatorError, match="everywhere is none"):
            check_addresses(connection, replace(gate, networks=(ip_network("0.0.0.0/0"),)))


@pytest.mark.parametrize(
    "pair",
    [
        *("sip2.hidden_fields=CQ", "sip2.hidden_fields=x", "sip2.home_library=PA", "sip2.home_library=library"),
        *("sip2.name={birth_date}", "sip2.idle_seconds=0", "sip2.terminator=lf", "sip2.encoding=utf-16", "sip2.x=1"),
    ],
)
def test_no_option_takes_away_what_a_client_relies_on(pair: str) -> None:
    """A field that is needed, a name that is none, a value that cannot be: one line that names the option."""
    with pytest.raises(OperatorError, match=rf"^{re.escape(pair.partition('=')[0])}: "):
        with_options(Options(), [pair])
    changed = with_options(Options(), ["sip2.hidden_fields=PA,XI", "sip2.without_login=true", "sip2.idle_seconds=600"])
    assert changed.sip2 == Sip2Options(hidden_fields=("PA", "XI"), without_login=True, idle_seconds=600)
