"""[ils]: which ILS it is, and what of a patron is ours to say there."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import model_validator

from access_service.ils.account import AccountField
from access_service.ils.alma import Alma
from access_service.ils.csv_template import CsvTemplate
from access_service.ils.delivery import Delivery
from access_service.ils.evergreen import Evergreen
from access_service.ils.extract import Extract, Rejects
from access_service.ils.folio import Folio
from access_service.ils.koha import Koha
from access_service.ils.koha_rest import KohaRest
from access_service.ils.polaris import Polaris
from access_service.ils.sierra import Sierra
from access_service.ils.symphony import Symphony
from access_service.toml import Table


class FormatName(StrEnum):
    """What a load is written in."""

    KOHA = "koha"
    KOHA_REST = "koha-rest"
    SIERRA = "sierra"
    POLARIS = "polaris"
    SYMPHONY = "symphony"
    EVERGREEN = "evergreen"
    ALMA = "alma"
    FOLIO = "folio"
    CSV = "csv"


class Existing(StrEnum):
    """What becomes of a student who may have a card of the library already: a second card at once; a second card that
    ends when a person says that the old one is theirs; or none in the ILS until a person has decided."""

    SECOND_CARD = "second_card"
    ATTACH = "attach"
    REVIEW = "review"


class OfDistrict(Table):
    """[ils] of a district."""

    existing: Existing = Existing.SECOND_CARD


# By what an account is found, and how it ends.
_NEEDED = {AccountField.NUMBER, AccountField.KEY, AccountField.EXPIRES}


class Ils(Table):
    """A format has a table of its own name. `key` is what the ILS keeps beside the number. Fields of `create_only` are
    told once, those of `never` not at all. Where `branches` and `patron_types` are given, what is not among them is
    held back."""

    format: FormatName
    key: Literal["patron_id", "source_id", "student_number"] = "patron_id"
    create_only: frozenset[AccountField] = frozenset()
    never: frozenset[AccountField] = frozenset()
    branches: frozenset[str] = frozenset()
    patron_types: frozenset[str] = frozenset()
    delivery: Delivery
    csv: CsvTemplate | None = None
    koha: Koha | None = None
    polaris: Polaris | None = None
    evergreen: Evergreen | None = None
    symphony: Symphony | None = None
    alma: Alma | None = None
    folio: Folio | None = None
    koha_rest: KohaRest | None = None
    sierra: Sierra | None = None
    extract: Extract | None = None
    rejects: Rejects | None = None

    @property
    def tells_pins(self) -> bool:
        """Whether a load can take PINs there."""
        if self.csv:
            return any(column.field is AccountField.PIN for column in self.csv.columns)
        return AccountField.PIN not in self.never and not self.folio and (self.alma is None or self.alma.pin)

    @property
    def key_prefix(self) -> str:
        """What the ILS has before our key, so that an extract has it too."""
        if self.csv:
            keys = (column for column in self.csv.columns if column.field is AccountField.KEY and not column.nested)
            return next((column.prefix for column in keys), "")
        if self.folio:
            return f"{self.folio.source_type}_"
        named = self.symphony or self.sierra or self.alma
        return named.key_prefix if named else ""

    @model_validator(mode="after")
    def _tells_what_is_needed(self) -> Self:
        if refused := sorted((self.create_only | self.never) & _NEEDED):
            raise ValueError(f"create_only, never: {refused[0]!r} is needed in every load")
        for name in FormatName:
            table = name.replace("-", "_")
            if (self.format is name) != (getattr(self, table) is not None):
                raise ValueError(f'{table}: needed with format = "{name}", and with no other')
        if self.format is FormatName.ALMA and self.create_only - {AccountField.PIN}:
            raise ValueError("create_only: Alma empties whatever an update leaves out, so nothing can be told once")
        return self

    @model_validator(mode="after")
    def _knows_the_server(self) -> Self:
        for name, source in (("extract", self.extract), ("rejects", self.rejects)):
            if source and source.at == "sftp" and not source.host and self.delivery.to != "sftp":
                raise ValueError(f"{name}: needs a host, for [ils.delivery] has none")
        return self
