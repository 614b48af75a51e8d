"""service.toml: where the service runs and keeps its things."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from access_service.domain.pins import PinOwner
from access_service.ils import Ils
from access_service.notices import Mail
from access_service.settings.admin import Admin
from access_service.settings.library import Library
from access_service.settings.relay import Relay
from access_service.toml import Table


class Database(Table):
    url: str = "sqlite:///var/access.db"


class Http(Table):
    """`proxies` counts the reverse proxies in front of us whose X-Forwarded-For may be believed."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    proxies: Annotated[int, Field(ge=0, le=4)] = 0


class Sip2(Table):
    """The SIP2 listener. `institution` is told as AO; where it is empty, a client is told its own, or its name here.
    Limits of connections hold in each process; seconds, for what a client may take to begin a message and to end it."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 6001
    processes: Annotated[int, Field(ge=1, le=64)] = 1
    institution: Annotated[str, Field(max_length=64)] = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_client_ca: Path | None = None
    plaintext: bool = False
    connections: Annotated[int, Field(ge=1, le=100_000)] = 4000
    connections_per_address: Annotated[int, Field(ge=1, le=100_000)] = 1000
    first_byte_seconds: Annotated[float, Field(gt=0, le=600)] = 10
    line_seconds: Annotated[float, Field(gt=0, le=600)] = 10

    @model_validator(mode="after")
    def _pins_are_not_for_everybody_to_read(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key need each other")
        if self.tls_client_ca and not self.tls_certificate:
            raise ValueError("tls_client_ca: needs tls_certificate and tls_key")
        if not (self.tls_certificate or self.plaintext or _is_loopback(self.host)):
            raise ValueError(
                "host: set tls_certificate and tls_key, or say plaintext = true: PINs would cross the network unsealed"
            )
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Pins(Table):
    """`minimum_length` is that of PINs that somebody chooses; issued ones are as the district's rule has them."""

    owner: PinOwner = PinOwner.SERVICE
    minimum_length: Annotated[int, Field(ge=4, le=12)] = 4


class Service(Table):
    """service.toml. `spool` is the folder where a roster lies while a run reads it, and `audit_heads` the file that
    knows the newest entry of the audit: best on another disk than the database."""

    database: Database = Database()
    http: Http = Http()
    sip2: Sip2 = Sip2()
    spool: Path = Path("var/spool")
    audit_heads: Path = Path("var/audit-heads.jsonl")
    mail: Mail | None = None
    pins: Pins = Pins()
    ils: Ils | None = None
    relay: Relay | None = None
    admin: Admin = Admin()
    library: Library = Library()

    @model_validator(mode="after")
    def _pins_have_an_owner(self) -> Self:
        if self.pins.owner is PinOwner.ILS and self.ils is None:
            raise ValueError('pins.owner: "ils" needs [ils], whose loads take the PINs there')
        if self.pins.owner is PinOwner.ILS and self.ils and not self.ils.tells_pins:
            raise ValueError('pins.owner: "ils" needs loads with PINs, and those of this [ils] have none')
        return self
