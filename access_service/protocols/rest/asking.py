"""Number and PIN, from a client that may have spent its budget of wrong ones."""

from time import time

from flask import g
from werkzeug.exceptions import TooManyRequests

from access_service.directory import PatronDirectory
from access_service.domain.access import Answer, PinResult
from access_service.domain.traffic import HOUR
from access_service.protocols.rest import codec


def authenticated(directory: PatronDirectory, asked: codec.Question) -> Answer:
    """Whether number and PIN belong together, for the log as `g.answer` too. TooManyRequests (429) where the client
    spent its budget."""
    g.answer = answer = directory.authenticate(asked.number, asked.pin, g.client)
    if answer.pin is PinResult.REFUSED:
        raise TooManyRequests(retry_after=HOUR - int(time()) % HOUR)
    return answer
