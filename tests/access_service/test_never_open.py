"""An error at any call on the path from question to answer lets nobody in."""

import gc
import sys
from collections.abc import Callable, Iterator
from inspect import CO_GENERATOR
from math import inf
from threading import Lock
from types import FrameType

import pytest
from sqlalchemy import delete, insert

from access_service import clients, freezes, settings
from access_service.domain.client import Options
from access_service.storage.engine import Databases
from access_service.storage.tables import attempts, guesses, traffic
from tests.access_service import seed
from tests.access_service.doors import DOORS, Door
from tests.access_service.model_ils import HOLDER, PatronApiIls, Sip2Ils

LOCK = type(Lock())
NUMBER, PIN = "0012345", "0412"


class InjectedError(Exception):
    """What no code expects."""


class Injection:
    """Raises at the n-th call that code of ours makes or is called by; with 0 it only counts them."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.calls = 0
        self.place = ""

    def __call__(self, frame: FrameType, event: str, called: object) -> None:
        # A generator that goes on, or is thrown away, is no call; nothing can keep a lock from being let go; and what
        # the interpreter does when an object ends is nobody's call.
        goes_on = event == "call" and (frame.f_code.co_flags & CO_GENERATOR or _named(frame) == "_weakrefset")
        if goes_on or isinstance(getattr(called, "__self__", None), LOCK):
            return
        if event not in {"call", "c_call"} or not (_ours(frame) or (event == "call" and _ours(frame.f_back))):
            return
        self.calls += 1
        if self.calls == self._at:
            self.place = f"{_named(frame)}:{frame.f_lineno}"
            raise InjectedError


# An error in the middle of connecting leaves a connection to the collector, as it would there.
pytestmark = pytest.mark.filterwarnings("ignore:.*was deleted while still open:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What these errors left is let go of here, and not in the middle of somebody else's test."""
    yield
    gc.collect()


def _ours(frame: FrameType | None) -> bool:
    return frame is not None and _named(frame).startswith("access_service.")


def _named(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def injected(at: int, ask: Callable[[], bool]) -> tuple[bool, Injection]:
    """Whether somebody was let in although the call failed."""
    injection = Injection(at)
    # What the collector calls, and when, is its own affair.
    gc.disable()
    sys.setprofile(injection)
    try:
        return ask(), injection
    except InjectedError:
        # A server closes the connection.
        return False, injection
    finally:
        sys.setprofile(None)
        gc.enable()


# What is behind the doors is one; so one of them is enough for the other database, and for failures on record.
CASES = [
    *(("sqlite", door, False) for door in DOORS),
    ("sqlite", DOORS[0], True),
    ("postgresql", DOORS[0], False),
    ("postgresql", DOORS[0], True),
]


def nothing_counted(databases: Databases) -> None:
    with databases.reader.connect() as connection:
        for table in (attempts, guesses, traffic):
            connection.execute(delete(table))


@pytest.mark.parametrize(("database_url", "door", "failed_before"), CASES, ids=str, indirect=["database_url"])
def test_an_error_at_any_call_lets_nobody_in(
    databases: Databases, door: Door, failed_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call in turn fails while the right PIN is asked about, with and without failures on record."""
    # What is read again after a while would be calls in some tries and not in others.
    for reading in (clients, freezes):
        monkeypatch.setattr(reading, "FRESH_SECONDS", inf)
    seed.store(databases, seed.patron(), pin=PIN)
    ask = door.opened(databases)

    def question() -> bool:
        return ask(NUMBER, PIN)

    def prepare() -> None:
        nothing_counted(databases)
        if failed_before:
            row = {"patron_id": 1, "client": door.client, "failures": 1, "locked_until": 0, "wrong_mark": b"x" * 16}
            with databases.reader.connect() as connection:
                connection.execute(insert(attempts).values(**row))

    prepare()
    assert question()
    prepare()
    let_in, counted = injected(0, question)
    assert let_in and counted.calls > 50
    for at in range(1, counted.calls + 1):
        prepare()
        let_in, injection = injected(at, question)
        assert injection.place
        assert not let_in, injection.place


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("model", [Sip2Ils, PatronApiIls])
def test_an_error_while_the_ils_is_asked_lets_nobody_in(
    databases: Databases, model: type[Sip2Ils | PatronApiIls], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call in turn fails while the right PIN of a cardholder is asked about."""
    monkeypatch.setattr(freezes, "FRESH_SECONDS", inf)
    vendor = seed.client(options=Options(relay=True))
    with model() as ils:
        table = {"host": "127.0.0.1", "port": ils.port, "tls": False, "timeout_seconds": 2}
        table["protocol"] = "sip2" if isinstance(ils, Sip2Ils) else "patronapi"
        made = seed.settings()
        relay = settings.Relay.model_validate(table)
        configured = made.model_copy(update={"service": made.service.model_copy(update={"relay": relay})})

        def asked(at: int) -> tuple[bool, Injection]:
            # Another one each time: what failed before would keep this one from asking.
            nothing_counted(databases)
            directory = seed.directory(databases, configured)
            return injected(at, lambda: directory.authenticate(HOLDER.number, HOLDER.pin, vendor).authenticated)

        # The first one makes what is kept.
        (_, _), (let_in, counted) = asked(0), asked(0)
        assert let_in and counted.calls > 100
        for at in range(1, counted.calls + 1):
            let_in, injection = asked(at)
            # An answer that comes in fewer pieces takes fewer calls.
            assert injection.place or at > counted.calls / 2
            if not injection.place:
                break
            assert not let_in, injection.place
