"""service.toml: where the service runs and keeps its things."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from access_service.domain.pins import PinOwner
from access_service.ils import Ils
from access_service.notices import Mail
from access_service.toml import Table


class Database(Table):
    url: str = "sqlite:///var/access.db"


class Http(Table):
    """`proxies` counts the reverse proxies in front of us whose X-Forwarded-For may be believed."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    proxies: Annotated[int, Field(ge=0, le=4)] = 0


class Pins(Table):
    owner: PinOwner = PinOwner.SERVICE


class Service(Table):
    """service.toml. `spool` is the folder where a roster lies while a run reads it, and `audit_heads` the file that
    knows the newest entry of the audit: best on another disk than the database."""

    database: Database = Database()
    http: Http = Http()
    spool: Path = Path("var/spool")
    audit_heads: Path = Path("var/audit-heads.jsonl")
    mail: Mail | None = None
    pins: Pins = Pins()
    ils: Ils | None = None

    @model_validator(mode="after")
    def _pins_have_an_owner(self) -> Self:
        if self.pins.owner is PinOwner.ILS and self.ils is None:
            raise ValueError('pins.owner: "ils" needs [ils], whose loads take the PINs there')
        if self.pins.owner is PinOwner.ILS and self.ils and not self.ils.tells_pins:
            raise ValueError('pins.owner: "ils" needs loads with PINs, and those of this [ils] have none')
        return self
