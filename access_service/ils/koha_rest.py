"""[ils.koha_rest]: what a library's Koha calls things."""

from typing import Annotated

from pydantic import Field

from access_service.toml import Table


class KohaRest(Table):
    """`key_attribute` is the patron attribute type that has the key of our accounts, and of no others."""

    key_attribute: Annotated[str, Field(min_length=1, max_length=10, pattern=r"^[A-Za-z0-9_-]+$")]
