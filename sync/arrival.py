"""How tonight's roster comes to this machine, and how long it stays."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from pathlib import Path

from access_service.domain.calendar import Freeze
from access_service.errors import ConfigError
from access_service.examples import check_examples
from access_service.pin_vault import PinVault
from access_service.storage import freezes, peppers, runs, schema
from sync.held import HeldFile
from sync.night import Night
from sync.order import Job, sync_key, timed
from sync.package import Package, open_package
from sync.quarantine.replay import NAME as QUARANTINE
from sync.report import Report
from sync.sftp import Landed, credentials, fetch
from sync.shred import shred
from sync.spool import spool_errors


@contextmanager
def arrived(job: Job, report: Report) -> Iterator[tuple[Landed, Night]]:
    """Tonight's roster on this machine for as long as the block lasts, and whom the night is for."""
    folder = job.settings.service.spool / job.code
    with spool_errors(folder):
        if folder.exists():
            # A run that was killed left its roster here.
            shred(folder)
        folder.mkdir(parents=True, mode=0o700)
    try:
        night = _tonight(job)
        if warning := job.district.agreement.warning(night.today):
            report.facts["agreement"] = warning
        with timed(job, report, "fetch"):
            landed = _given(job, folder, night.key)
        report.file = {
            "name": landed.name,
            "sha256": landed.sha256,
            "size": landed.size,
            "written": landed.modified.isoformat(timespec="minutes"),
        }
        yield landed, night
    finally:
        shred(folder)


def _tonight(job: Job) -> Night:
    """Whom the night is for. Errors: OperatorError for what would end it anyway, before the district is asked."""
    district, today = job.district, job.now().astimezone(job.district.zone).date()
    if not district.agreement.starts <= today <= district.agreement.ends:
        raise ConfigError(
            f"{job.code}: the agreement holds from {district.agreement.starts} to {district.agreement.ends};"
            " renew it in [agreement] before a run"
        )
    check_examples(district)
    vault, key = PinVault.from_environment(), sync_key()
    schema.check(job.databases)
    with job.databases.reader.connect() as connection:
        vault.check(peppers.used(connection))
    ils, owner = job.settings.service.ils, job.settings.service.pins.owner
    key_of_ils = ils.key if ils and ils.extract else ""
    return Night(district, today, vault, key, known_freezes(job), key_of_ils, owner)


def _given(job: Job, folder: Path, key: bytes) -> Landed:
    """Kept rows, a held file, a roster on this machine, or what the feed has."""
    if replay := job.replay:
        return Landed(folder, QUARANTINE, replay.sha256, replay.size, job.now())
    if job.held is not None:
        landed = _local(HeldFile(job.settings.service.spool, job.code, key).put_back(job.held, folder))
        with job.databases.reader.connect() as connection:
            run = runs.get(connection, job.held)
        # As the district calls it, and not as it landed here.
        return replace(landed, name=run.file_name) if run and run.file_name else landed
    return _local(job.file) if job.file else fetch(job.district.feed, credentials(job.code), folder)


def _local(path: Path) -> Landed:
    """A roster that is on this machine already."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    digests = []
    for file in files:
        with file.open("rb") as stream:
            digests.append(file_digest(stream, "sha256").hexdigest())
    listed = "".join(f"{file.name} {digest}\n" for file, digest in zip(files, digests, strict=True))
    digest = sha256(listed.encode()).hexdigest() if path.is_dir() else digests[0]
    newest = max((file.stat().st_mtime for file in files), default=0)
    return Landed(path, path.name, digest, sum(f.stat().st_size for f in files), datetime.fromtimestamp(newest, UTC))


def known_freezes(job: Job) -> tuple[Freeze, ...]:
    with job.databases.reader.connect() as connection:
        return freezes.read(connection).get(job.code, ())


def opened(job: Job, landed: Landed) -> AbstractContextManager[Package]:
    return nullcontext(job.replay.package) if job.replay else open_package(landed.path)


def written(job: Job, landed: Landed) -> datetime:
    """When the district wrote the file, by its own clock but not later than now: an export that died grows old."""
    return min(landed.modified, job.now())
