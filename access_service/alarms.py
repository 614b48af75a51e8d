"""What an operator should see to while it happens: a line of log, once a day, client and alarm."""

from access_service.domain.traffic import Alarm
from access_service.logs import log


def tell(client: str, before: tuple[Alarm, ...], now: tuple[Alarm, ...]) -> None:
    """Log the alarms of today that were not raised before."""
    for alarm in now:
        if alarm not in before:
            log.warning("guessing", alarm=alarm.value, client=client)
