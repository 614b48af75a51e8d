"""[ils.polaris]: Polaris's own words, which are numbers."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from access_service.toml import Table


class Polaris(Table):
    """Polaris's own numbers: of patron types and branches by their names here, and of a language. New accounts have our
    key in the column `key_column`."""

    patron_codes: Mapping[str, int]
    branches: Mapping[str, int]
    language: int = 1
    reading_list: bool = False
    key_column: Annotated[str, Field(min_length=1)] = "FormerID"
