"""[ils.delivery]: how a load comes to the ILS."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from access_service.toml import Table

# Without a name or password in it, which errors would show.
_NAME = r"[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
_URL = re.compile(rf"(https://{_NAME}|http://(localhost|127\.0\.0\.1))(:\d{{1,5}})?(/[^\s?#]*)?", re.ASCII)


def _address(url: str) -> str:
    if url and not _URL.fullmatch(url):
        raise ValueError("should be https:// and a host, or http:// to this machine, without user, password and query")
    return url


class Delivery(Table):
    """`to` a folder of this machine, a folder of an SFTP server, or the API at `url`. Secrets are never here:
    SFTP_KEY_ILS or SFTP_PASSWORD_ILS, ILS_API_KEY and ILS_API_SECRET. Times are seconds; `pause_seconds` is between
    two calls of the API."""

    to: Literal["folder", "sftp", "api"]
    folder: Path | None = None
    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 22
    user: str = ""
    host_keys: tuple[Annotated[str, Field(pattern=r"^SHA256:[A-Za-z0-9+/]{43}$")], ...] = ()
    url: Annotated[str, AfterValidator(_address)] = ""
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 30
    tries: Annotated[int, Field(ge=1, le=10)] = 5
    pause_seconds: Annotated[float, Field(ge=0, le=60)] = 0

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        needed = {"folder": ("folder",), "sftp": ("host", "user", "host_keys", "folder"), "api": ("url",)}[self.to]
        for name in needed:
            if not getattr(self, name):
                raise ValueError(f'to: "{self.to}" needs {name}')
        return self
