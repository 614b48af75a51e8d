"""[ils.evergreen]: what Evergreen's patron loader wants to be told."""

from typing import Annotated

from pydantic import Field

from access_service.toml import Table


class Evergreen(Table):
    """A user name is our key with `username_prefix` before it, so that it is nobody else's. `unicode` says that the
    loader runs with PERL_UNICODE=SD; without it, it drops every row that is not ASCII."""

    username_prefix: Annotated[str, Field(min_length=1)]
    unicode: bool = False
