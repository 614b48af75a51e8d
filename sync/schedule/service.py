"""One scheduler leads and the others stand by, until it ends or loses its session."""

import signal
import threading

from sqlalchemy import text

from access_service.errors import StorageError
from access_service.logs import log
from access_service.storage.engine import database_errors
from sync.alone import BusyError, alone
from sync.console import Installation
from sync.schedule.ping import ping_url
from sync.schedule.shift import Shift

BEAT = 2  # seconds
# No district can have this name.
SEAT = ".schedule"


class Service:
    """The process behind `roster-sync schedule`."""

    def __init__(self, installation: Installation) -> None:
        self._installation, self._databases = installation, installation.databases()
        self._stop = threading.Event()
        self._said = ""

    def serve(self) -> None:
        """Until SIGTERM or Ctrl-C, then to the end of what is under way; a second signal ends at once.

        Errors: OperatorError where it cannot even start.
        """
        settings = self._installation.settings()
        for code in settings.districts:
            ping_url(code)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        while not self._stop.is_set():
            try:
                with database_errors(), alone(self._databases, settings.service.spool, SEAT, "") as seat:
                    self._say("leading")
                    shift = Shift(self._installation, self._databases)
                    try:
                        shift.start()
                        while not self._stop.is_set():
                            seat.execute(text("SELECT 1"))
                            shift.beat()
                            self._stop.wait(BEAT)
                    finally:
                        shift.end()
            except BusyError:
                self._say("standing by")
            except StorageError as error:
                self._say("database away", error=str(error))
            self._stop.wait(BEAT)
        self._say("stopped")

    def _end(self, number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        self._stop.set()

    def _say(self, event: str, **facts: str) -> None:
        if event != self._said:
            log.info(event, **facts)
        self._said = event
