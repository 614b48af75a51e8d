"""What a night is asked to do, and with which key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from access_service.audit import Auditor
from access_service.errors import ConfigError
from access_service.pin_vault import PinVault
from access_service.settings import District, Settings, secret
from access_service.storage.engine import Databases
from sync.quarantine import Replay
from sync.report import Report

KEY_VARIABLE = "SYNC_KEY"
MIN_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Approval:
    """A person has looked at a held run: what it was held for goes, this once, for `reason`."""

    run_id: int
    findings: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """One district's night. In place of the feed, `file` is a roster on this machine, `held` the run whose held file is
    looked at again, and `replay` one of kept rows; `approval` lets what was held go. `phase` hears what goes on."""

    settings: Settings
    databases: Databases
    code: str
    started_by: str
    file: Path | None = None
    replay: Replay | None = None
    held: int | None = None
    approval: Approval | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    phase: Callable[[str], None] = lambda _: None

    @property
    def delivered(self) -> bool:
        """Whether the district itself brings this roster, tonight."""
        return self.file is None and self.held is None and self.replay is None

    @property
    def district(self) -> District:
        return self.settings.district(self.code)


def auditor(job: Job) -> Auditor:
    """Puts on record what the job does. Errors: ConfigError for the pepper."""
    return Auditor(PinVault.from_environment(), job.started_by, job.settings.service.audit_heads, job.now)


def sync_key() -> bytes:
    """SYNC_KEY. Errors: ConfigError."""
    try:
        key = bytes.fromhex(secret(KEY_VARIABLE))
    except ValueError:
        raise ConfigError(f"{KEY_VARIABLE}: should be hexadecimal digits, as `openssl rand -hex 32` prints") from None
    if len(key) < MIN_KEY_BYTES:
        raise ConfigError(f"{KEY_VARIABLE}: should be at least {MIN_KEY_BYTES} bytes in hexadecimal")
    return key


@contextmanager
def timed(job: Job, report: Report, phase: str) -> Iterator[None]:
    job.phase(phase)
    began = perf_counter()
    try:
        yield
    finally:
        report.durations[phase] = perf_counter() - began
