"""[ils.alma]: what an institution's Alma calls things."""

from typing import Annotated

from pydantic import Field

from access_service.toml import Table


class Alma(Table):
    """`key_prefix` goes before the key in the primary identifier, by which Alma matches. `pin` says whether new users
    get their PIN, though Alma may empty it with the next update."""

    key_prefix: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9_.-]+$")]
    record_type: str = "PUBLIC"
    barcode_type: str = "BARCODE"
    external_id: str = "SIS"
    pin: bool = False
