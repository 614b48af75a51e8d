"""Real sockets: what is slow, silent, huge or many costs the others nothing."""

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pysip2 import codec, models
from Sip2.wrapper import Sip2Wrapper
from sqlalchemy import make_url

from access_service.errors import StorageError
from access_service.storage import engine
from access_service.storage.engine import Databases
from tests.access_service import seed
from tests.access_service.sip2.serving import Line, Served, serving
from tests.access_service.sip2.talk import DATE, LOGIN, ask_23, ask_63, fields, sealed, speaking
from tests.place import empty_database
from tests.postgres import PostgresServer
from tests.processes import until

LIMITS: dict[str, Any] = {"first_byte_seconds": 0.4, "line_seconds": 0.6, "connections_per_address": 40}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One listener with short limits, one student and a client."""
    databases = engine.connect(f"sqlite:///{empty_database(tmp_path_factory.mktemp('sip2'))}")
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    with serving(databases, **LIMITS) as running:
        yield running
    databases.dispose()


def logged_in(served: Served) -> Line:
    line = served.connect()
    assert line.ask(LOGIN) == "941"
    return line


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\n\r\n"])
def test_any_end_of_line_is_one(served: Served, end: str) -> None:
    """CR, LF, both, or twice; messages may come in pieces, and several in one piece, and are answered in order."""
    with served.connect() as line:
        line.send(LOGIN, end)
        assert line.read() == "941"
        for letter in ask_23():
            line.send(letter, "")
        line.send("", end)
        assert "CQY" in line.read()
        line.send(end.join([sealed(ask_63(), n) for n in range(5)]), end)
        assert [f"AY{n}AZ" in line.read() for n in range(5)] == [True] * 5


def test_a_wrong_pin_is_looked_at_elsewhere_and_answered_in_order(served: Served) -> None:
    """What has to wait for a disk or a hash holds up nobody else, and not the order of one client's answers."""
    with logged_in(served) as line:
        pins = ["0412", "0413", "", "0412", "0413"]
        line.send("\r".join(ask_63(pin=pin) for pin in pins))
        assert [fields(line.read())["CQ"] for _ in pins] == ["Y", "N", "N", "Y", "N"]


def test_the_slow_and_the_silent_are_hung_up_on(served: Served) -> None:
    """Nothing said, a line that never ends, empty lines for ever: gone within the limits. A client that has logged in
    may be silent."""
    with logged_in(served) as patient, served.connect() as silent, served.connect() as slow, served.connect() as empty:
        began = time.monotonic()
        slow.send("9300CNvendor", "")
        while time.monotonic() - began < 1:
            time.sleep(0.1)
            try:
                slow.send("x", "")
                empty.send("")
            except OSError:
                break
        assert [each.read() for each in (silent, slow, empty)] == ["", "", ""]
        assert time.monotonic() - began < 2
        assert "CQY" in patient.ask(ask_63())
        patient.send("63", "")
        assert patient.read() == ""


def test_the_huge_is_not_read(served: Served) -> None:
    """A line of more than four kilobytes ends the connection, whether or not it ends."""
    for size, end in ((4097, "\r"), (5_000_000, "")):
        with logged_in(served) as line:
            try:
                line.send("9" * size, end)
            except OSError:
                continue
            assert line.read() == ""
    with logged_in(served) as line:
        assert fields(line.ask(ask_63("9" * 4000)))["CQ"] == "N"


def test_one_too_many_is_closed_at_once(served: Served) -> None:
    """Of one address; those that are there are served on, and when they go there is room again."""
    until(lambda: not served.listener._connections)
    lines = [logged_in(served) for _ in range(40)]
    with served.connect() as late:
        assert late.read() == ""
    assert "CQY" in lines[0].ask(ask_63())
    for line in lines:
        line.socket.close()
    until(lambda: not served.listener._connections)
    logged_in(served).socket.close()


def test_who_never_reads_is_hung_up_on_and_costs_others_nothing(served: Served) -> None:
    """A flood of questions whose answers nobody takes: what waits is bounded, others are answered, then it ends."""
    flood = (ask_63() + "\r").encode() * 200
    with socket.socket() as narrow, logged_in(served) as good:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.settimeout(0.1)
        narrow.connect(("127.0.0.1", served.port))
        assert Line(narrow).ask(LOGIN) == "941"
        began, slowest = time.monotonic(), 0.0
        gone = False
        # On a busy machine it takes long to make so many answers.
        while not gone and time.monotonic() - began < 30:
            try:
                narrow.sendall(flood)
            except TimeoutError:
                pass
            except OSError:
                gone = True
            asked = time.monotonic()
            assert "CQY" in good.ask(ask_63())
            slowest = max(slowest, time.monotonic() - asked)
        assert gone
        assert slowest < 0.5


def test_strangers_are_not_listened_to(databases: Databases) -> None:
    """An address that is in no client's networks is closed at once."""
    seed.admit(databases, seed.client(networks=(ip_network("192.0.2.0/24"),)))
    with serving(databases) as served, served.connect() as line:
        assert line.read() == ""


def test_a_stop_sends_what_is_asked_and_ends(databases: Databases) -> None:
    """Silent connections end at once, and an answer under way is sent first."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    with serving(databases) as served, logged_in(served) as idle, logged_in(served) as asking:
        before = time.perf_counter()
        asking.send(ask_63(pin="0413"))
        until(lambda: any(each._began > before for each in served.listener._connections))
        served.call(served.listener.stop)
        assert idle.read() == ""
        assert "CQN" in asking.read() and asking.read() == ""
        served.thread.join(5)
        assert not served.thread.is_alive()


def test_a_database_that_goes_and_comes_back(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told a verdict meanwhile, nobody waits, sessions stay, and it is right again by itself."""
    monkeypatch.setattr("access_service.protocols.sip2.switchboard.LOOK_AGAIN_SECONDS", 0.05)
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    with serving(databases) as served, logged_in(served) as line:
        away, begin, calls = True, served.directory.begin, []

        def asked(*question: Any) -> Any:
            calls.append(question)
            if away:
                raise StorageError("database: gone")
            return begin(*question)

        def reached() -> None:
            if away:
                raise StorageError("database: gone")

        monkeypatch.setattr(served.directory, "begin", asked)
        monkeypatch.setattr(served.switchboard, "_reachable", reached)
        assert [line.ask(ask_63()), line.ask(ask_23())] == ["96AZFEF6"] * 2
        assert line.ask("9900802.00")[:3] == "98N" and line.ask(ask_63()) == "96AZFEF6"
        # Only the first was put to the database.
        assert len(calls) == 1
        away = False
        until(lambda: served.switchboard.online)
        assert "CQY" in line.ask(ask_63()) and line.ask("9900802.00")[:3] == "98Y"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wrong_pin_that_cannot_be_counted_keeps_nobody_out(databases: Databases) -> None:
    """On a full disk a wrong PIN is answered 96, and right ones on other connections as ever."""
    seed.store(databases, seed.patron())
    seed.store(databases, seed.patron(2, "0012346"))
    seed.admit(databases, speaking())
    with serving(databases) as served, served.connect() as one, served.connect() as other:
        assert one.ask(LOGIN) == other.ask(LOGIN) == "941"
        with databases.reader.connect() as connection:
            refuse = "BEFORE INSERT ON guesses BEGIN SELECT RAISE(ABORT, 'full'); END"
            connection.exec_driver_sql(f"CREATE TRIGGER day.refuse {refuse}")
        assert one.ask(ask_63("0012346", "9")).startswith("96")
        assert "|CQY|" in other.ask(ask_63())


def test_a_server_that_is_shut_lets_nobody_in(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL itself, gone under an open session: unavailable, then right again on the same connection."""
    monkeypatch.setattr("access_service.protocols.sip2.switchboard.LOOK_AGAIN_SECONDS", 0.05)
    url = make_url(postgres.upgraded_database())
    databases = engine.connect(url.render_as_string(hide_password=False), patience=2)
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    server = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with serving(databases) as served, logged_in(served) as line, psycopg.connect(server, autocommit=True) as admin:
        told = [line.ask(ask_63())]
        admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.database])
        told += [line.ask(ask_63()), line.ask("9900802.00"), line.ask(ask_63(pin="0413"))]
        with served.connect() as late:
            assert late.read() == ""
        admin.execute(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")
        until(lambda: served.switchboard.online)
        told += [line.ask(ask_63())]
    databases.dispose()
    assert ["CQY" in each for each in told] == [True, False, False, False, True]
    assert told[1] == told[3] == "96AZFEF6" and told[2].startswith("98N")


@pytest.mark.parametrize("error", [RuntimeError("canary"), ValueError(), MemoryError()])
def test_what_nobody_foresaw_lets_nobody_in(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Any exception, in the quick part or in a thread, is "unavailable"; and the next question is asked again."""
    seed.store(databases, seed.patron())
    seed.admit(databases, speaking())
    with serving(databases) as served, logged_in(served) as line:

        def fails(*_: object) -> Any:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr(served.directory, "begin", fails)
            assert line.ask(ask_63()) == "96AZFEF6"
            patched.setattr(served.directory, "begin", lambda *_: fails)
            assert line.ask(ask_63()) == "96AZFEF6"
        assert "CQY" in line.ask(ask_63())


def test_the_client_sip2_of_pypi(
    served: Served, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Login, status, a right PIN and a wrong one, with its own sequences and checksums."""
    # It opens a log where it is run.
    monkeypatch.chdir(tmp_path)
    parameters = {
        **{"hostName": "127.0.0.1", "hostPort": served.port, "tlsEnable": False, "hostEncoding": "utf-8"},
        **{"institutionId": "Maple", "language": "001", "loglevel": "CRITICAL", "logfile_path": ""},
    }
    wrapper = Sip2Wrapper(parameters, True, "Sip2")
    assert wrapper.login_device("vendor", seed.KEY, True)
    assert wrapper.login_patron("0012345", "0412")
    assert not wrapper.login_patron("0012345", "0413")
    wrapper.disconnect()
    assert "0412" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        (ask_63(), models.PatronInformationResponse),
        (ask_23(), models.PatronStatusResponse),
        (f"25{DATE}AOx|AA0012345|AD0412|", models.PatronEnableResponse),
        (f"35{DATE}AOx|AA0012345|", models.EndSessionResponse),
        ("9900802.00", models.ACSStatusResponse),
        (f"11NN{DATE}{DATE}AOx|AA1|AB2|AC|", models.CheckoutResponse),
        (f"09N{DATE}{DATE}APx|AOx|AB2|AC|", models.CheckinResponse),
        (f"15+{DATE}AOx|AA1|", models.HoldResponse),
        (f"17{DATE}AOx|AB2|", models.ItemInformationResponse),
        (f"19{DATE}AOx|AB2|", models.ItemStatusUpdateResponse),
        (f"29NN{DATE}{DATE}AOx|AA1|AB2|", models.RenewResponse),
        (f"37{DATE}0100USDBV1|AOx|AA1|", models.FeePaidResponse),
        (f"65{DATE}AOx|AA1|", models.RenewAllResponse),
    ],
)
def test_another_codec_reads_every_answer(served: Served, asked: str, shape: type) -> None:
    """pysip2 finds in each the message it should be, with a right checksum and our sequence."""
    with logged_in(served) as line:
        read = codec.decode_message(line.ask(sealed(asked, 3)).encode() + b"\r")
    assert isinstance(read.message, shape) and read.sequence_number == 3
    if isinstance(read.message, models.PatronInformationResponse):
        assert (read.message.valid_patron, read.message.valid_patron_password) == ("Y", "Y")
