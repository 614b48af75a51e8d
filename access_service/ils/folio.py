"""[ils.folio]: how a library's FOLIO knows our users."""

from typing import Annotated, Literal

from pydantic import Field

from access_service.toml import Table


class Folio(Table):
    """`source_type` is before every external system ID, so that the users of no other source are met."""

    tenant: Annotated[str, Field(min_length=1)]
    source_type: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9.-]+$")]
    contact: Literal["mail", "email", "text", "phone", "mobile"] = "email"
