"""[ils.sierra]: how a library's Sierra knows our patrons."""

from typing import Annotated

from pydantic import Field

from access_service.toml import Table


class Sierra(Table):
    """`key_prefix` goes before the key among the unique ids, so that no other patron has the same."""

    key_prefix: Annotated[str, Field(min_length=1, max_length=10, pattern=r"^[A-Za-z0-9.-]+$")]
