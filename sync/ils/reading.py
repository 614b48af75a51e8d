"""With what an installation hears its ILS, and what became of a file of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from access_service.errors import ConfigError
from access_service.ils import Extract, Ils
from access_service.pin_vault import PinVault
from access_service.settings import Settings
from access_service.storage.engine import Databases


@dataclass(frozen=True)
class Reading:
    """Of an installation what its ILS says."""

    databases: Databases
    settings: Settings
    vault: PinVault
    now: Callable[[], datetime]

    @property
    def ils(self) -> Ils:
        """Errors: ConfigError where none is configured."""
        if self.settings.service.ils is None:
            raise ConfigError("service.toml: has no [ils]; docs/connect has a page for each")
        return self.settings.service.ils

    @property
    def terms(self) -> Extract:
        """Errors: ConfigError where none is configured."""
        if self.ils.extract is None:
            raise ConfigError("service.toml: has no [ils.extract]; docs/connect/extract.md has tables to copy")
        return self.ils.extract


@dataclass(slots=True)
class Taken:
    """What an extract told: its rows and when it was written; and by what became of them how many accounts."""

    written: datetime
    rows: int = 0
    again: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        written = self.written.isoformat(timespec="minutes")
        return {"written": written, "rows": self.rows, "again": self.again, "counts": self.counts, "text": str(self)}

    def __str__(self) -> str:
        written = f"of {self.written:%Y-%m-%d %H:%M} UTC"
        if self.again:
            return f"{written}: read before"
        told = "".join(f", {count:,} {what}" for what, count in self.counts.items() if count)
        return f"{written}: {self.rows:,} rows{told}"
