"""[ils.alma]: what an institution's Alma calls things."""

from typing import Annotated

from pydantic import Field

from access_service.toml import Table

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]


class Alma(Table):
    """`key_prefix` goes before the key in the primary identifier, by which Alma matches. `pin` says whether new users
    get their PIN, though Alma may empty it with the next update."""

    key_prefix: Code
    record_type: Code = "PUBLIC"
    barcode_type: Code = "BARCODE"
    external_id: Code = "SIS"
    pin: bool = False
