"""One night of the schedule, whose end is in the log whatever it is."""

import socket
from dataclasses import replace
from datetime import UTC, datetime

from access_service.errors import OperatorError
from access_service.logs import log, where
from access_service.settings import District, Settings
from access_service.storage.engine import Databases
from access_service.storage.runs import GOOD_NIGHTS
from access_service.story import edition
from sync import notify
from sync.ageing import age_alone
from sync.alone import BusyError
from sync.console import Installation
from sync.job import run
from sync.order import Job
from sync.report import Report
from sync.schedule.ping import ping


def work(installation: Installation, code: str, started_by: str) -> Report | None:
    """Run a district's night, tell people and ping after a good one. None where it was not started or has failed;
    never raises."""
    try:
        job = replace(installation.job(code), started_by=started_by)
        try:
            return _run(job)
        finally:
            job.databases.dispose()
    except BusyError:
        log.info("run not started", district=code, reason="another run is under way")
    except OperatorError as error:
        log.error("run ended", district=code, outcome="failed", error=str(error))
    except Exception as error:  # noqa: BLE001 - one district's bug must not stop the others
        log.error("run ended", district=code, outcome="failed", error=error.__class__.__name__, at=where(error))
    return None


def _run(job: Job) -> Report:
    try:
        report = run(job)
    except BusyError:
        raise
    except Exception:
        tell(job.settings, job.databases, job.code)
        raise
    counts = {kind: count for kind, count in report.facts.get("counts", {}).items() if count}
    log.info("run ended", district=job.code, run=report.run_id, outcome=report.outcome.value, counts=counts)
    if late := report.facts.get("ils_load", {}).get("late"):
        log.error("ILS load late", district=job.code, run=report.run_id, error=late)
    tell(job.settings, job.databases, job.code)
    if report.outcome in GOOD_NIGHTS:
        ping(job.code)
    return report


def age(installation: Installation, code: str) -> None:
    """Let go of what is too old, as there may be no run any more. Never raises."""
    try:
        job = replace(installation.job(code), started_by=f"{socket.gethostname()} by schedule")
        try:
            if went := age_alone(job):
                log.info("aged", district=code, counts=went)
        finally:
            job.databases.dispose()
    except BusyError:
        log.info("not aged", district=code, reason="a run is under way, which does it")
    except OperatorError as error:
        log.error("not aged", district=code, error=str(error))
    except Exception as error:  # noqa: BLE001 - as above
        log.error("not aged", district=code, error=error.__class__.__name__, at=where(error))


def count(databases: Databases, district: District) -> None:
    """Count what is told of a district today, so that nobody waits for it by day. Never raises."""
    try:
        edition.of_today(databases, district, datetime.now(UTC))
    except OperatorError as error:
        log.warning("not counted", district=district.code, error=str(error))
    except Exception as error:  # noqa: BLE001 - as above
        log.error("not counted", district=district.code, error=error.__class__.__name__, at=where(error))


def tell(settings: Settings, databases: Databases, code: str) -> None:
    """People, of what they do not know yet of a district."""
    for line in notify.after_run(settings, databases, code, datetime.now(UTC)):
        log.warning("not told", district=code, error=line)
