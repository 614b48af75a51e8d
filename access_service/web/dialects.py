"""The dialects over HTTP, but for our own, which answers wherever none of these does."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Blueprint

from access_service.clients import Clients
from access_service.directory import PatronDirectory
from access_service.protocols.ezproxy import routes as ezproxy
from access_service.protocols.koha import codec as koha_codec
from access_service.protocols.koha import routes as koha
from access_service.protocols.libauth import routes as libauth
from access_service.protocols.patronapi import routes as patronapi
from access_service.protocols.sierra import codec as sierra_codec
from access_service.protocols.sierra import routes as sierra
from access_service.tokens import Tokens


def plain(status: int) -> tuple[str, str]:
    """The body of an error of those that speak text, and its type: the name of the status alone."""
    return f"{HTTPStatus(status).phrase}\n", "text/plain; charset=utf-8"


# What begins all paths of a dialect, in any case, and its body of an error by status, with the content type: none of
# its words are a client's word for "valid".
REFUSALS: dict[str, Callable[[int], tuple[str, str]]] = {
    "/patronapi": plain,
    "/ezproxy": plain,
    "/libauth": plain,
    "/api/v1": koha_codec.refusal,
    "/iii/sierra-api": sierra_codec.refusal,
}


def blueprints(directory: PatronDirectory, clients: Clients, tokens: Tokens) -> tuple[Blueprint, ...]:
    """Every dialect, open to the clients that speak it and to no one else."""
    return (
        patronapi.blueprint(directory, clients),
        ezproxy.blueprint(directory, clients),
        libauth.blueprint(directory, clients),
        koha.blueprint(directory, clients, tokens),
        sierra.blueprint(directory, clients, tokens),
    )


def refusal(path: str, status: int) -> tuple[str, str] | None:
    """An error in the words of the dialect that a path is of; None where the path is of none of these."""
    asked = path.lower()
    return next((told(status) for prefix, told in REFUSALS.items() if asked.startswith(prefix)), None)
