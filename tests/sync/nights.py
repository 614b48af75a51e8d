"""Run nights against a database as the command does, with the clock in hand."""

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from access_service.directory import PatronDirectory
from access_service.domain.access import Answer
from access_service.domain.client import Client, DialectName, Release
from access_service.domain.pins import PinOwner
from access_service.ils import Ils
from access_service.pin_vault import PinVault
from access_service.settings import District, Pins, Service, Settings
from access_service.storage import rule_versions
from access_service.storage.engine import Databases, snapshot
from access_service.throttle import Throttle
from access_service.usage import UsageCounter
from sync import acceptance, job, undo
from sync.job import Job
from sync.report import Report
from sync.rules import rules_of
from sync.undo import Order
from tests.access_service.seed import CHEAP
from tests.sync.rosters import Pupil, package

START = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)


@dataclass
class Nights:
    """An installation of one or more districts. Each `night` is a day later and reads the roster given."""

    databases: Databases
    folder: Path
    districts: dict[str, District]
    now: datetime = START
    count: int = 0
    ils: Ils | None = None
    pin_owner: PinOwner = PinOwner.SERVICE

    def settings(self) -> Settings:
        service = Service(
            spool=self.folder / "spool",
            audit_heads=self.folder / "heads",
            ils=self.ils,
            pins=Pins(owner=self.pin_owner),
        )
        return Settings(service=service, districts=self.districts)

    def configure(self, code: str = "demo", *, accept: bool = True, **tables: Any) -> None:
        """Change keys of a district's tables, as an edit of its file would, and accept what rules that makes."""
        raw = self.districts[code].model_dump()
        for table, keys in tables.items():
            raw[table] = {**(raw[table] or {}), **keys} if isinstance(keys, dict) else keys
        self.districts[code] = District.model_validate(raw)
        if accept:
            self.accept_rules(code)

    def roster(self, students: Iterable[Pupil], version: str = "1.1", /, **changed: bytes) -> Path:
        self.count += 1
        path = package(self.folder / f"roster-{self.count}.zip", students, version, changed)
        with zipfile.ZipFile(path, "a") as archive:
            # As an export's own time does: the same students make another file.
            archive.comment = b"export %d" % self.count
        return path

    def night(self, students: Iterable[Pupil], code: str = "demo", **changed: bytes) -> Report:
        """Write a roster of these students, let a day pass, and run."""
        return self.again(self.roster(students, **changed), code)

    def again(self, file: Path, code: str = "demo") -> Report:
        """Let a day pass, and run this file."""
        self.now += timedelta(days=1)
        return job.run(self.job(file, code))

    def preview(self, students: Iterable[Pupil], code: str = "demo") -> Report:
        return job.preview(self.job(self.roster(students), code))

    def accept_rules(self, code: str = "demo") -> None:
        """Accept a district's rules as they are now, as a person does, unless its first night will."""
        with self.databases.writer.begin() as connection:
            standing = rule_versions.standing(connection, code)
            if standing and standing.version != rules_of(self.districts[code]).version:
                acceptance.accept(connection, self.job(self.folder, code), "a test's reason")

    def undo(self, run_id: int | None) -> Report:
        """Undo a run, the same day."""
        assert run_id
        return undo.undo(self.order(run_id))

    def order(self, run_id: int) -> Order:
        return Order(self.settings(), self.databases, run_id, "a test", "a test's reason", now=lambda: self.now)

    def job(self, file: Path | None, code: str = "demo") -> Job:
        return Job(self.settings(), self.databases, code, "a test", file, now=lambda: self.now)

    def directory(self) -> PatronDirectory:
        return PatronDirectory(
            self.databases.reader,
            self.districts,
            PinVault.from_environment(CHEAP),
            Throttle(self.databases.reader, self._seconds),
            UsageCounter(self.databases.reader, self._today),
            lambda: self.now,
            self.pin_owner,
        )

    def _seconds(self) -> float:
        return self.now.timestamp()

    def _today(self) -> date:
        return self.now.date()

    def client(self) -> Client:
        return Client("test", frozenset(DialectName), frozenset(self.districts), (), frozenset(Release))

    def find(self, number: str) -> Answer:
        return self.directory().find(number, self.client())

    def sign_in(self, number: str, pin: str) -> Answer:
        return self.directory().authenticate(number, pin, self.client())

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of the tables that a night writes, but for the ledger."""
        tables = ("patrons", "identifiers", "seen", "district_state", "changes", "exclusions")
        with snapshot(self.databases) as connection:
            return {
                name: sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}")), key=repr)  # noqa: S608
                for name in tables
            }
