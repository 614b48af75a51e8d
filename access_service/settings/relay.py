"""[relay] of service.toml: where the ILS answers for cardholders that are no students."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from access_service.toml import Table

# By protocol and whether it is TLS. SIP2 has no port of its own; 6001 is usual.
_PORTS = {("sip2", True): 6001, ("sip2", False): 6001, ("patronapi", True): 54620, ("patronapi", False): 4500}
_Field = Annotated[str, Field(max_length=255, pattern=r"^[^|\r\n]*$")]


def _encoding(name: str) -> str:
    try:
        framing = "AZ09|\r".encode(name)
    except (LookupError, UnicodeError):
        raise ValueError('should be an encoding such as "utf-8" or "cp850"') from None
    if framing != b"AZ09|\r":
        raise ValueError("should be an encoding that has ASCII in it")
    return name


class Relay(Table):
    """`timeout_seconds` is for a question as a whole, waiting for one of the `connections` included. The password of
    `login` is RELAY_PASSWORD. `path` is the Patron API's, the others but `encoding` are SIP2's."""

    protocol: Literal["sip2", "patronapi"]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    tls: bool = True
    ca_file: Path | None = None
    login: _Field = ""
    institution: _Field = ""
    location: _Field = ""
    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = "/PATRONAPI"
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5
    connections: Annotated[int, Field(ge=1, le=32)] = 4

    @property
    def at(self) -> int:
        """The port."""
        return self.port or _PORTS[self.protocol, self.tls]

    @property
    def places(self) -> int:
        """How many questions can be with the ILS or wait for it at once, in one process."""
        return 2 * self.connections

    @model_validator(mode="after")
    def _says_what_its_protocol_has(self) -> Self:
        if self.ca_file and not self.tls:
            raise ValueError("ca_file: without tls there is no certificate to check")
        strangers = {"login", "institution", "location"} if self.protocol == "patronapi" else {"path"}
        if named := sorted(strangers & self.model_fields_set):
            raise ValueError(f"{named[0]}: {self.protocol} has none")
        return self
