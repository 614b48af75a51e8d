"""Every error, in the shape of the dialect it was asked in. None repeats what was sent, and none authenticates."""

import json

from flask import Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from access_service.errors import LoggedError, OperatorError
from access_service.logs import log, where
from access_service.protocols.rest import codec as rest
from access_service.web.dialects import refusal

RETRY_SECONDS = 5


def install(app: Flask) -> None:
    """Answer every exception: the database's with 503, what nobody foresaw with 500."""

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return _shaped(error)
        # The class and the place only: the text can hold what somebody typed.
        if not isinstance(error, LoggedError):
            cause = error.__cause__.__class__.__name__
            log.error("failed", error=error.__class__.__name__, cause=cause, at=where(error))
        away = isinstance(error, OperatorError | SQLAlchemyError)
        return _shaped(ServiceUnavailable(retry_after=RETRY_SECONDS) if away else InternalServerError())


def _shaped(error: HTTPException) -> Response:
    # Keeps the headers that belong to an error, such as Allow and WWW-Authenticate.
    response = Response(headers=error.get_headers(), status=error.code)
    ours = json.dumps(rest.problem(response.status_code, request.path, error.description)), rest.PROBLEM_TYPE
    response.data, response.content_type = refusal(request.path, response.status_code) or ours
    return response
