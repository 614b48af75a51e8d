"""Nights that tell an ILS by its API: what was answered is known, and what was not is told again."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from access_service.opting_out import Given, Office
from access_service.settings import load
from access_service.storage.engine import Databases
from sync.order import auditor
from tests.commands import Commands
from tests.place import Place
from tests.sync.ils.http_server import ApiServer, Fault, Said, serving, status
from tests.sync.ils.koha_model import KohaModel
from tests.sync.ils.rest_model import CODE, KEY, SECRET, Seen, table
from tests.sync.nights import Nights
from tests.sync.rosters import package, pupils

ILS = f"""[ils]
format = "koha-rest"
[ils.delivery]
to = "api"
url = "URL"
tries = 1
[ils.koha_rest]
key_attribute = "{CODE}"
"""


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ILS_API_KEY", KEY)
    monkeypatch.setenv("ILS_API_SECRET", SECRET)
    monkeypatch.setattr("sync.ils.api.patience.FIRST_WAIT", 0.001)


@pytest.fixture
def koha() -> KohaModel:
    return KohaModel()


@pytest.fixture
def server(koha: KohaModel) -> Iterator[ApiServer]:
    with serving(koha) as started:
        yield started


@pytest.fixture
def nights(databases: Databases, tmp_path: Path, server: ApiServer) -> Nights:
    return Nights(databases, tmp_path, dict(load(Path("config")).districts), ils=table(server.url, "koha-rest"))


def test_the_ils_holds_whom_we_hold(nights: Nights, koha: KohaModel) -> None:
    """New students, another name, one who left: each in the night after."""
    report = nights.night(pupils(20))
    assert report.facts["ils_load"]["counts"]["create"] == len(koha.seen()) > 0
    first, *others = pupils(20)
    nights.night([first.moved(given="Zoë"), *others])
    assert [seen.name for seen in koha.seen() if seen.name.endswith("Zoë")] == [f"{first.family}, Zoë"]
    *others, last = [first.moved(given="Zoë"), *others]
    nights.night([*others, last.moved(status="tobedeleted")])
    (gone,) = [seen for seen in koha.seen() if seen.numbers == ("290000020",)]
    assert gone.expires < nights.now.date().isoformat()


def test_a_night_without_changes_calls_nobody(nights: Nights, server: ApiServer) -> None:
    """Not even for a token."""
    nights.night(pupils(3))
    begun = len(server.calls)
    nights.night(pupils(3))
    assert len(server.calls) == begun


def test_a_load_that_stopped_goes_on_where_it_was(nights: Nights, server: ApiServer, koha: KohaModel) -> None:
    """The night is good all the same, says that the load is late, and the next one does not begin anew."""
    server.fail_call(13, status(403))
    report = nights.night(pupils(20))
    assert report.outcome == "applied" and "our key may not do this" in report.facts["ils_load"]["late"]
    some = len(koha.seen())
    assert 0 < some < 20
    begun = len(server.calls)
    report = nights.night(pupils(20))
    assert "late" not in report.facts["ils_load"] and len(koha.seen()) == 20
    assert sum(asked.method == "POST" for asked in server.calls[begun:]) == 1 + 20 - some


def test_whom_the_ils_refuses_is_told_again(nights: Nights, server: ApiServer, koha: KohaModel) -> None:
    """Every night until the ILS takes them; the others are not held up, and no word of who it is goes on record."""
    words = f"{pupils(1)[0].family.upper()} is known to us"
    server.fail("POST /patrons", lambda _: Said(409, {"error": words, "conflict": "cardnumber"}))
    report = nights.night(pupils(3))
    assert report.facts["ils_load"]["refused"] == 1 and len(koha.seen()) == 2
    with nights.databases.reader.connect() as connection:
        (reason,) = connection.exec_driver_sql("SELECT reason FROM ils_accounts WHERE reason IS NOT NULL").scalars()
    assert reason == "HTTP 409: … is known to us; cardnumber"
    assert nights.night(pupils(3)).facts["ils_load"]["counts"]["create"] == 1 and len(koha.seen()) == 3


def test_who_opts_out_in_the_midst_of_a_load_is_not_made(
    nights: Nights, server: ApiServer, koha: KohaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load may take hours: what is not told yet is looked at again, some orders at a time."""
    monkeypatch.setattr(sys.modules["sync.ils.load"], "NOTED_EVERY", 2)
    office = Office(nights.databases, auditor(nights.job(nights.folder)), nights.districts["demo"])

    def opted_out(answer: Callable[[], Said]) -> Said:
        office.add([Given("290000005", None)], "a form")
        return answer()

    server.fail("POST /patrons", opted_out)
    nights.night(pupils(6))
    assert [seen.numbers for seen in koha.seen()] == [(f"29{n:07}",) for n in (1, 2, 3, 4, 6)]
    assert not any(b"290000005" in asked.text for asked in server.calls)


def test_killed_at_any_call_it_goes_on(tmp_path: Path, commands: Commands, empty: Path) -> None:
    """kill -9 while a call is under way, taken or not: the next load ends with the same accounts, and none twice."""
    undisturbed: list[Seen] = []
    for n, taken in [(None, False), (1, False), (4, True), (9, True), (20, False)]:
        folder = tmp_path / f"{n}"
        folder.mkdir()
        place, koha = Place.on_sqlite(folder, commands, empty), KohaModel()
        with serving(koha) as server:
            service = place.config / "service.toml"
            service.write_text(service.read_text() + ILS.replace("URL", server.url))
            place.environment |= {"ILS_API_KEY": KEY, "ILS_API_SECRET": SECRET}
            pids = list[int]()
            if n is not None:
                server.fail_call(n, _killing(pids, taken=taken))
            running = place.start("sync", "run", "demo", "--file", package(folder / "roster.zip", pupils(10)))
            pids.append(running.pid)
            assert running.wait().code == (0 if n is None else -signal.SIGKILL)
            ended = place.sync("load", "demo")
        assert ended.code == 0 and not any(name in ended.out + ended.err for name in (SECRET, pupils(1)[0].family))
        undisturbed = undisturbed or koha.seen()
        assert koha.seen() == undisturbed and len(undisturbed) == 10, n


def _killing(pids: Sequence[int], *, taken: bool) -> Fault:
    def kill(answer: Callable[[], Said]) -> None:
        if taken:
            answer()
        os.kill(pids[0], signal.SIGKILL)

    return kill
