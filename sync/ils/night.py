"""The load at the end of a night, and by command."""

from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from access_service.errors import ConfigError, OperatorError, StorageError
from access_service.pin_vault import PinVault
from access_service.storage import runs
from sync.arrival import known_freezes
from sync.ils.extract import let_go
from sync.ils.hearing import heard
from sync.ils.load import Told, load
from sync.ils.loads import Loading
from sync.ils.reading import Reading
from sync.order import Job, sync_key, timed
from sync.report import Report


def loading_of(job: Job) -> Loading:
    """A district's loads. Errors: ConfigError where no ILS is configured, or a key is missing."""
    ils = job.settings.service.ils
    if ils is None:
        raise ConfigError("service.toml: has no [ils], so there is nobody to tell; docs/connect has a page for each")
    vault = PinVault.from_environment()
    return Loading(job.databases, job.district, ils, vault, sync_key(), job.now, known_freezes(job))


def reading_of(job: Job) -> Reading:
    """What the ILS of an installation says. Errors: ConfigError for the pepper."""
    return Reading(job.databases, job.settings, PinVault.from_environment(), job.now)


def ask_ils(job: Job, report: Report) -> None:
    """Read what the ILS says before anything is planned. Never stops the night: what it said last still stands."""
    ils = job.settings.service.ils
    if ils is None or ils.extract is None:
        let_go(job.databases)
    if ils is None or not (ils.extract or ils.rejects):
        return
    with timed(job, report, "extract"):
        report.facts["ils_extract"] = heard(reading_of(job))


def tell_ils(job: Job, report: Report) -> None:
    """Load what the night changed, and what earlier nights could not deliver. Never fails the night: students are
    served all the same, and a load that is late says so."""
    if job.settings.service.ils is None:
        return
    try:
        with timed(job, report, "load"):
            told = load(loading_of(job), job.settings.service.spool)
    except (OperatorError, SQLAlchemyError) as error:
        told = Told(late=str(error) if isinstance(error, OperatorError) else error.__class__.__name__)
    report.facts["ils_load"] = {**told.as_json(), "text": told.as_text()}
    with suppress(SQLAlchemyError, StorageError), job.databases.writer.begin() as connection:
        runs.retell(connection, report.run_id or 0, report.as_json())
