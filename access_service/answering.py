"""What every process that answers is made of."""

from collections.abc import Callable
from datetime import UTC, datetime

from access_service.directory import PatronDirectory
from access_service.pin_vault import PinVault
from access_service.settings import Settings
from access_service.storage.engine import Databases
from access_service.throttle import Throttle
from access_service.usage import UsageCounter


def directory(
    configured: Settings,
    databases: Databases,
    vault: PinVault,
    usage: UsageCounter,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> PatronDirectory:
    """The one door for every protocol. The caller starts and stops `usage`; `now` gives the aware UTC time."""
    return PatronDirectory(
        databases.reader,
        configured.districts,
        vault,
        Throttle(databases.reader, lambda: now().timestamp()),
        usage,
        now,
        configured.service.pins.owner,
    )
