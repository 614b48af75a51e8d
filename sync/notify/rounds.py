"""All that a district has to be told now: of its nights, and the report of a month."""

from datetime import datetime

from access_service.errors import OperatorError
from access_service.logs import where
from access_service.settings import Settings
from access_service.storage.engine import Databases
from sync.notify import telling
from sync.notify.reporting import report
from sync.notify.telling import Told


def tell(settings: Settings, databases: Databases, code: str, now: datetime) -> list[Told]:
    """Tell what people do not know yet of a district. Errors: StorageError, ConfigError; those of sending are in the
    answer."""
    of_nights = telling.tell(settings, databases, code, now)
    reported = report(settings, databases, code, now)
    return [*of_nights, *([reported] if reported else [])]


def after_run(settings: Settings, databases: Databases, code: str, now: datetime) -> list[str]:
    """The same after a run, whose outcome it never changes: lines for whoever started it, of what was not sent."""
    try:
        return [f"{told}; it is tried again" for told in tell(settings, databases, code, now) if told.error]
    except OperatorError as error:
        return [f"{code}: nobody was told: {error}"]
    except Exception as error:  # noqa: BLE001 - the night has ended, and how it ended stands
        return [f"{code}: nobody was told: bug: {error.__class__.__name__} at {where(error)}; please report this line"]
