"""Whom a district's nights are told to, and how, as [mail] and [notify] say."""

from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from access_service.toml import Table

PORTS = {"starttls": 587, "tls": 465, "none": 25}


class Event(StrEnum):
    """What people are told of, the gravest first."""

    FAILED = "failed"
    HELD = "held"
    HELD_IN_PART = "held_in_part"
    DRIFT = "drift"
    MISSED = "missed"
    LOAD_LATE = "load_late"
    AGREEMENT_ENDING = "agreement_ending"
    RECOVERED = "recovered"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _webhook(url: str) -> str:
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not (url.isascii() and url.isprintable() and " " not in url and secure and parts.hostname):
        raise ValueError("should be an https:// address (http:// only to this machine)")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("should have no user, password or #fragment; requests are signed with WEBHOOK_SECRET")
    return url


# So narrow that no header can be made of one.
Address = Annotated[str, Field(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")]


class Mail(Table):
    """The server that takes our mail. Its certificate is always checked; SMTP_PASSWORD is that of `user`. Without a
    `port` it is the usual one of `tls`."""

    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    sender: Address

    @property
    def place(self) -> tuple[str, int]:
        return self.host, self.port or PORTS[self.tls]

    @model_validator(mode="after")
    def _plain_stays_here(self) -> Self:
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError('tls: "none" is for a mail server on this machine only')
        return self


class Notify(Table):
    """Who hears of a district's nights: `to` by mail, `webhook` by POST, and `on` what. A night is missed where
    nothing good has been heard for `missed_hours`. On day `report_day` of a month the report goes to the contacts of
    the agreement."""

    to: tuple[Address, ...] = ()
    webhook: Annotated[str, AfterValidator(lambda url: _webhook(url) if url else "")] = ""
    on: frozenset[Event] = frozenset(Event)
    missed_hours: Annotated[int, Field(ge=1, le=24 * 366)] = 26
    report_day: Annotated[int, Field(ge=1, le=28)] = 1
