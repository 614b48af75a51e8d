"""Each dialect of a client, played against the service that runs."""

import socket
from contextlib import closing
from dataclasses import replace

from access_service.domain.client import Client, DialectName
from access_service.settings import Service
from access_service.trying import http_dialects, over_sip2
from access_service.trying.trial import SECONDS, Outcome, Secrets, Trial, reachable


def needs_key(client: Client) -> bool:
    """Whether any of its dialects asks for the key."""
    return bool(client.dialects - client.known_by_address)


def play(service: Service, client: Client, dialect: DialectName, number: str, secrets: Secrets) -> Outcome:
    """What comes of asking in one dialect. Where the address is all that a client shows, and this machine's is not the
    client's, nothing is asked: another client would be answered."""
    by_sip2 = dialect is DialectName.SIP2
    at = service.sip2 if by_sip2 else service.http
    trial = Trial(client, number, secrets, reachable(at.host), at.port)
    asking = _own_address(trial)
    elsewhere = asking is not None and not client.may_ask_from(asking)
    if elsewhere and dialect in client.known_by_address:
        return Outcome(meaning=f"not asked: {_elsewhere(client, str(asking))}")
    outcome = over_sip2.attempt(trial, service.sip2) if by_sip2 else http_dialects.attempt(trial, dialect)
    return replace(outcome, meaning=f"{outcome.meaning}: {_elsewhere(client, str(asking))}") if elsewhere else outcome


def _elsewhere(client: Client, address: str) -> str:
    networks = " ".join(map(str, client.networks))
    given = "".join(f" --network {network}" for network in client.networks)
    return (
        f"this machine asks from {address}, which is not in the client's networks ({networks});"
        f" try it from there, or give it this one too for the trial: `access-service client change {client.name}"
        f"{given} --network {address}`"
    )


def _own_address(trial: Trial) -> str | None:
    """The address that the service sees; None where there is no service."""
    try:
        with closing(socket.create_connection((trial.host, trial.port), SECONDS)) as connection:
            return str(connection.getsockname()[0])
    except OSError:
        return None
