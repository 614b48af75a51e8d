"""Each dialect of a client, played against the service that runs."""

import socket
from contextlib import closing
from dataclasses import replace

from access_service.domain.client import BY_ADDRESS, Client, DialectName
from access_service.settings import Service
from access_service.trying import http_dialects
from access_service.trying.trial import SECONDS, Outcome, Secrets, Trial, reachable


def needs_key(client: Client) -> bool:
    """Whether any of its dialects asks for the key."""
    return bool(client.dialects - BY_ADDRESS)


def play(service: Service, client: Client, dialect: DialectName, number: str, secrets: Secrets) -> Outcome:
    """What comes of asking in one dialect. Where the address is all that a client shows, and this machine's is not the
    client's, nothing is asked: another client would be answered."""
    trial = Trial(client, number, secrets, reachable(service.http.host), service.http.port)
    asking = _own_address(trial)
    elsewhere = asking is not None and not client.may_ask_from(asking)
    if elsewhere and dialect in BY_ADDRESS:
        return Outcome(meaning=f"not asked: {_elsewhere(client, str(asking))}")
    outcome = http_dialects.attempt(trial, dialect)
    return replace(outcome, meaning=f"{outcome.meaning}: {_elsewhere(client, str(asking))}") if elsewhere else outcome


def _elsewhere(client: Client, address: str) -> str:
    networks = " ".join(map(str, client.networks))
    return (
        f"this machine asks from {address}, which is not in the client's networks ({networks});"
        " try it from there, or add a client for here"
    )


def _own_address(trial: Trial) -> str | None:
    """The address that the service sees; None where there is no service."""
    try:
        with closing(socket.create_connection((trial.host, trial.port), SECONDS)) as connection:
            return str(connection.getsockname()[0])
    except OSError:
        return None
