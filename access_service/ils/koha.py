"""[ils.koha]: what Koha's patron import wants to be told."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from access_service.toml import Table


class Koha(Table):
    """`attribute` is the code of the patron attribute type that keeps our key, and `categories` are patron types under
    other names: Koha's have ten characters at most."""

    attribute: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    categories: Mapping[str, Annotated[str, Field(max_length=10)]] = {}
