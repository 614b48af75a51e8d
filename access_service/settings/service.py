"""service.toml: where the service runs and keeps its things."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

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


class Service(Table):
    """service.toml. `spool` is the folder where a roster lies while a run reads it, and `audit_heads` the file that
    knows the newest entry of the audit: best on another disk than the database."""

    database: Database = Database()
    http: Http = Http()
    spool: Path = Path("var/spool")
    audit_heads: Path = Path("var/audit-heads.jsonl")
    mail: Mail | None = None
    ils: Ils | None = None
