"""What goes wrong on a page, as a page: one clear line, and nothing of what was typed."""

from http import HTTPStatus

from flask import Blueprint, render_template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from access_service.errors import LoggedError, OperatorError, StorageError, UnavailableError
from access_service.logs import log, where

AWAY = "The database does not answer just now. Nothing was changed; try again in a moment."
BUG = "Something is wrong with this program. Nothing was changed; the log has a line for whoever looks after it."
WORDS = {
    HTTPStatus.NOT_FOUND: "There is no such page, or it is not yours to see.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page has no such form.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "That is more than this page takes: the commands take a larger file.",
}


def install(pages: Blueprint) -> None:
    """Answer every exception of a page."""

    @pages.errorhandler(Exception)
    def failed(error: Exception) -> tuple[str, int]:
        if isinstance(error, HTTPException):
            code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
            return _page(WORDS.get(HTTPStatus(code), error.description or ""), code)
        if isinstance(error, OperatorError) and not isinstance(error, UnavailableError):
            return _page(str(error), HTTPStatus.CONFLICT)
        # The class and the place only: the text can hold what somebody typed.
        if not isinstance(error, LoggedError):
            cause = error.__cause__.__class__.__name__
            log.error("failed", error=error.__class__.__name__, cause=cause, at=where(error))
        if isinstance(error, StorageError | SQLAlchemyError):
            return _page(AWAY, HTTPStatus.SERVICE_UNAVAILABLE)
        if isinstance(error, UnavailableError):
            return _page(str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        return _page(BUG, HTTPStatus.INTERNAL_SERVER_ERROR)


def _page(said: str, code: int) -> tuple[str, int]:
    return render_template("failure.html", said=said, code=code), code
