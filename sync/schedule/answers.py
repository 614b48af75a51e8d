"""What a wish of each kind comes to. An answer is stored and shown: counts, codes and findings, nothing personal."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from access_service import samples
from access_service.pin_vault import PinVault
from access_service.settings import Settings
from access_service.storage import requests
from access_service.storage.engine import Databases, database_errors
from access_service.storage.requests import Request, RequestKind
from sync import district_file, holds, inspection, undo
from sync.console import Installation
from sync.order import Job
from sync.reading import NOBODYS
from sync.report import Report, shown, source_text
from sync.sftp import check_source, credentials, has_credentials
from sync.shred import shred
from sync.spool import spool_errors

Answer = Mapping[str, Any]
LONGEST_NAME = 100


def answer(installation: Installation, databases: Databases, wish: Request) -> Answer:
    """Do what was asked, in the name of who asked. Errors: OperatorError, BusyError among them."""
    if decide := DECIDING.get(wish.kind):
        with _job(installation, wish) as job:
            return decide(job, wish)
    settings = installation.settings()
    if wish.kind is RequestKind.CHECK_SOURCE:
        return _check_source(settings, wish.district)
    return _inspect(settings, databases, wish)


def clear(installation: Installation, wish: Request) -> None:
    """Let go of what a wish left on the disk when the process was killed that was at it. Errors: OperatorError."""
    shred(_folder(installation.settings(), wish))


@contextmanager
def _job(installation: Installation, wish: Request) -> Iterator[Job]:
    job = replace(installation.job(wish.district), started_by=wish.asked_by)
    try:
        yield job
    finally:
        job.databases.dispose()


def _approve(job: Job, wish: Request) -> Answer:
    return _ended(holds.approve(job, wish.run_id or 0, wish.reason))


def _discard(job: Job, wish: Request) -> Answer:
    holds.discard(job, wish.run_id or 0, wish.reason)
    return {"run": wish.run_id, "outcome": "discarded"}


def _look(job: Job, wish: Request) -> Answer:
    return _seen(holds.look(job, wish.run_id or 0))


def _undo(job: Job, wish: Request) -> Answer:
    return _ended(undo.undo(_order(job, wish)))


def _undo_preview(job: Job, wish: Request) -> Answer:
    return _seen(undo.preview(_order(job, wish)))


DECIDING: Mapping[RequestKind, Callable[[Job, Request], Answer]] = {
    RequestKind.APPROVE: _approve,
    RequestKind.DISCARD: _discard,
    RequestKind.LOOK: _look,
    RequestKind.UNDO: _undo,
    RequestKind.UNDO_PREVIEW: _undo_preview,
}


def _order(job: Job, wish: Request) -> undo.Order:
    return undo.Order(job.settings, job.databases, wish.run_id or 0, job.started_by, wish.reason)


def _ended(report: Report) -> Answer:
    waits = {"waits_for": report.facts["waits_for"]} if "waits_for" in report.facts else {}
    return {"run": report.run_id, "outcome": report.outcome.value, **waits}


def _seen(report: Report) -> Answer:
    """What would happen. Of patrons that would be left alone only how many."""
    found = report.as_json()
    if "left_alone" in found:
        found["left_alone"] = len(found["left_alone"])
    return {"report": found}


def _check_source(settings: Settings, district: str) -> Answer:
    """What `roster-sync check-source` prints, as text and as its JSON."""
    login = credentials(district) if has_credentials(district) else None
    found = check_source(settings.district(district).feed, login)
    told = asdict(found) | {"modified": found.modified.isoformat() if found.modified else None}
    return {"text": source_text(found, datetime.now(UTC)), "check": told}


def _inspect(settings: Settings, databases: Databases, wish: Request) -> Answer:
    """What `roster-sync inspect` prints, sealed: on standard error the `text`, and the `district_file`."""
    district = settings.district(wish.district) if wish.district else NOBODYS
    vault = PinVault.from_environment()
    with _sample(settings, databases, wish, vault) as file:
        found = inspection.inspect(file, district, datetime.now(UTC).date())
        text = "\n".join(map(shown, inspection.as_text(found)))
        seen = {"text": text, "district_file": district_file.as_district(found, file.name)}
    return samples.sealed_answer(vault, seen)


@contextmanager
def _sample(settings: Settings, databases: Databases, wish: Request, vault: PinVault) -> Iterator[Path]:
    """The sample that came with a wish, on this machine for as long as the block lasts."""
    with database_errors(), databases.reader.connect() as connection:
        sealed = requests.payload(connection, wish.request_id) or b""
    sample = samples.unsealed(vault, sealed)
    folder = _folder(settings, wish)
    shred(folder)
    try:
        with spool_errors(folder):
            folder.mkdir(parents=True, mode=0o700)
            file = folder / (re.sub(r"[^\w.-]", "_", Path(sample.name).name).lstrip(".")[-LONGEST_NAME:] or "sample")
            file.write_bytes(sample.content)
        yield file
    finally:
        shred(folder)


def _folder(settings: Settings, wish: Request) -> Path:
    # No district can have this name.
    return settings.service.spool / f".sample-{wish.request_id}"
