"""One JSON object a line on standard error. Events and ids, never people: no number, name, PIN or birth date."""

import io
import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, WrappedLogger

log: structlog.stdlib.BoundLogger = structlog.get_logger()


class _Unfailing(io.TextIOBase):
    """Standard error on a full disk must not turn a sign-in into an error."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def configure(process: str) -> None:
    """Send our events and those of libraries, as lines of JSON, to standard error. `process` names who speaks."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(process),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Unfailing())),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Unfailing())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_traceback_values,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _named(process: str) -> structlog.typing.Processor:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add


def _without_traceback_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Of an exception keep its class and place: its text can hold what somebody typed."""
    if isinstance(info := event.pop("exc_info", None), tuple) and info[0] is not None:
        event["exception"] = info[0].__name__
        event["at"] = where(info[1])
    return event


def where(error: BaseException | None) -> str:
    """The innermost place of an exception, as module:line, without its text."""
    trace = error.__traceback__ if error else None
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
