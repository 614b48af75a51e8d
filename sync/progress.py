"""Which phase a run is in, for those who watch. Nothing that goes wrong with it is the night's trouble."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from access_service.storage import progress
from access_service.storage.progress import Progress
from sync.order import Job
from sync.report import Report


@contextmanager
def watched(job: Job, report: Report) -> Iterator[Job]:
    """The job; while the block lasts its phases can be seen, once the run has its number."""

    def phase(name: str) -> None:
        job.phase(name)
        if report.run_id:
            with suppress(SQLAlchemyError), job.databases.reader.connect() as connection:
                progress.note(connection, job.code, Progress(report.run_id, name, job.now()))

    try:
        yield replace(job, phase=phase)
    finally:
        if report.run_id:
            with suppress(SQLAlchemyError), job.databases.reader.connect() as connection:
                progress.forget(connection, job.code, report.run_id)
