"""The dialects over HTTP, but for our own, which answers wherever none of these does."""

from collections.abc import Callable
from typing import NamedTuple

from flask import Blueprint

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.protocols.patronapi import codec as patronapi_codec
from access_service.protocols.patronapi import routes as patronapi


class HttpDialect(NamedTuple):
    """`prefix` begins all its paths, in any case. `refusal` is the body of an error, by status, and its content type:
    none of its words are a client's word for "valid"."""

    prefix: str
    blueprint: Callable[[PatronDirectory, Clients], Blueprint]
    refusal: Callable[[int], tuple[str, str]]


DIALECTS = (HttpDialect("/patronapi", patronapi.blueprint, patronapi_codec.refusal),)


def refusal(path: str, status: int) -> tuple[str, str] | None:
    """An error in the words of the dialect that a path is of; None where the path is of none of these."""
    asked = path.lower()
    return next((dialect.refusal(status) for dialect in DIALECTS if asked.startswith(dialect.prefix)), None)
