"""A load over SFTP: whole files under their names, whatever the server does."""

import csv
from pathlib import Path
from typing import Any

import pytest

from access_service.ils import Ils
from access_service.settings import load
from access_service.storage.engine import Databases
from sync import ils
from tests.sync.conftest import Serve
from tests.sync.ils.model import COLUMNS, ModelIls
from tests.sync.ils.test_load_invariants import holds_our_patrons
from tests.sync.nights import Nights
from tests.sync.rosters import pupils
from tests.sync.sftp_servers import PASSWORD, Honest, HostileServer, SftpFactory


def over_sftp(server: HostileServer, folder: str, **changes: Any) -> Ils:
    place = {"host": "127.0.0.1", "port": server.port, "user": server.user, "host_keys": server.fingerprints}
    delivery = {"to": "sftp", "folder": folder, "tries": 1, **place, **changes}
    return Ils.model_validate({"format": "csv", "csv": {"columns": COLUMNS}, "delivery": delivery})


@pytest.fixture
def nights(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nights:
    monkeypatch.setenv("SFTP_PASSWORD_ILS", PASSWORD)
    return Nights(databases, tmp_path, dict(load(Path("config")).districts))


def test_a_load_comes_whole_and_may_come_again(nights: Nights, serve: Serve, outgoing: Path) -> None:
    """Under its name alone; a part that an earlier delivery left is no obstacle, nor the file itself."""
    (outgoing / "demo-000001-2-create.csv").write_text("of a delivery that was not noted")
    (outgoing / "demo-000001-2-create.csv.part").write_text("half of one")
    nights.ils = over_sftp(serve(), str(outgoing))
    assert nights.night(pupils(3)).facts["ils_load"]["numbers"] == [1]
    (file,) = outgoing.iterdir()
    with file.open(encoding="utf-8", newline="") as text:
        assert [row["barcode"] for row in csv.DictReader(text)] == ["290000001", "290000002", "290000003"]


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (
            {"user": "somebody"},
            "refused; check SFTP_KEY_ILS or SFTP_PASSWORD_ILS, and ask its owner whether the account is",
        ),
        ({"folder": "nowhere"}, "no such folder; check [ils.delivery] folder, and that its owner made it"),
        ({"port": 1}, "connection refused"),
        ({"host_keys": ["SHA256:" + "A" * 43]}, "which [ils.delivery] host_keys does not list"),
    ],
)
def test_a_server_that_does_not_take_it_is_named(
    nights: Nights, serve: Serve, wrong: dict[str, Any], line: str
) -> None:
    """In the night's report; the night itself is good, and the load waits."""
    nights.ils = over_sftp(serve(), **{"folder": ".", **wrong})
    report = nights.night(pupils(3))
    assert report.outcome == "applied" and line in report.facts["ils_load"]["late"]
    assert not any(word in report.facts["ils_load"]["late"] for word in ("district", "[feed]", "SFTP_KEY_..."))


def cut_at_each_request(house: HostileServer) -> SftpFactory:
    """Drops the first connection at its first request, the next at its second, and so on."""

    class Cuts(Honest):
        def __getattribute__(self, name: str) -> Any:
            if name in {"open", "write", "lstat", "remove", "posix_rename"}:
                house.reads += 1
                if house.reads == len(house.connections):
                    self.connection.abort()
            return super().__getattribute__(name)

        def exit(self) -> None:
            house.reads = 0

    return Cuts


def test_a_connection_cut_at_any_request_costs_time_alone(nights: Nights, serve: Serve, outgoing: Path) -> None:
    """Two files a load; tried again until the cut comes too late, and the ILS holds our patrons."""
    server = serve(cut_at_each_request)
    nights.ils = over_sftp(server, str(outgoing))
    nights.night(pupils(4))
    tries = 0
    while ils.load(ils.loading_of(nights.job(None)), nights.folder / "spool").late:
        tries += 1
        assert tries < 40
    one, *others = pupils(5)
    nights.night([one.moved(given="Ada"), *others])
    while ils.load(ils.loading_of(nights.job(None)), nights.folder / "spool").late:
        tries += 1
        assert tries < 40
    assert tries > 4
    model = ModelIls()
    model.load((file.name, file.read_bytes()) for file in outgoing.iterdir() if file.suffix == ".csv")
    holds_our_patrons(nights, model)
    assert [file.name for file in outgoing.iterdir() if file.suffix != ".csv"] == []
