"""[ils.symphony]: what a library's Symphony calls things."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from access_service.toml import Table

# A | begins something else in the file.
Value = Annotated[str, Field(pattern=r"^[^|\r\n]+$")]


class Symphony(Table):
    """`key_prefix` goes before the key in USER_ALT_ID, so that no other user has the same. `profiles` are patron types
    under other names, and `constants` further keys of new users, such as USER_ACCESS."""

    key_prefix: Annotated[str, Field(min_length=1, max_length=10, pattern=r"^[A-Za-z0-9.-]+$")]
    language: Value = "ENGLISH"
    profiles: Mapping[str, Value] = {}
    constants: Mapping[Annotated[str, Field(pattern=r"^USER_[A-Z0-9_]+$")], Value] = {}
    encoding: Literal["utf-8", "iso-8859-1"] = "utf-8"
