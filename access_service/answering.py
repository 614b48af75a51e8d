"""What every process that answers is made of."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from access_service import settings
from access_service.cardholders import Cardholders
from access_service.directory import PatronDirectory
from access_service.pin_vault import PinVault
from access_service.relay import Outcome, Relay
from access_service.settings import Settings
from access_service.storage import engine, peppers, schema
from access_service.storage.engine import Databases
from access_service.throttle import Throttle
from access_service.usage import UsageCounter


def check(config: Path) -> Settings:
    """Load the configuration, and see that database, peppers and relay fit it. OperatorError says what does not."""
    configured = settings.load(config)
    if configured.service.relay:
        Relay(configured.service.relay)
    vault = PinVault.from_environment()
    databases = engine.connect(configured.service.database.url)
    schema.check(databases)
    vault.check(engine.read(databases.reader, peppers.used))
    databases.dispose()
    return configured


def directory(  # noqa: PLR0913, PLR0917 - the composition root names each collaborator once
    configured: Settings,
    databases: Databases,
    vault: PinVault,
    usage: UsageCounter,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    relayed: Callable[[Outcome], object] = lambda _: None,
) -> PatronDirectory:
    """The one door for every protocol. The caller starts and stops `usage`; `now` gives the aware UTC time;
    `relayed` is told what became of each question to the ILS."""
    throttle = Throttle(databases.reader, lambda: now().timestamp())
    relay = configured.service.relay
    return PatronDirectory(
        databases.reader,
        configured.districts,
        vault,
        throttle,
        usage,
        now,
        configured.service.pins.owner,
        Cardholders(databases.reader, Relay(relay, relayed), throttle, vault, usage) if relay else None,
    )
