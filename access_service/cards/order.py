"""What somebody asks to be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from access_service.cards.holders import Wanted
from access_service.domain.symbology import Symbology
from access_service.domain.wording import Language


class Kind(StrEnum):
    SHEETS = "sheets"
    LETTERS = "letters"
    LIST = "list"

    @property
    def ending(self) -> str:
        """Of its file's name."""
        return "csv" if self is Kind.LIST else "pdf"


@dataclass(frozen=True, slots=True)
class Order:
    """For whom, and what."""

    wanted: Wanted
    kind: Kind
    symbology: Symbology
    languages: Sequence[Language]
