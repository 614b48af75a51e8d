"""[library] of service.toml: what cards and letters for students say of the library, and how they are printed."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from access_service.domain.symbology import Symbology
from access_service.toml import Table

Line = Annotated[str, Field(max_length=60)]


class PaperSize(StrEnum):
    LETTER = "letter"
    A4 = "a4"


class Library(Table):
    """`url` is where students sign in, as it is printed. `codabar_marks` are the start and the stop letter."""

    name: Line = ""
    url: Line = ""
    phone: Line = ""
    barcode: Symbology = Symbology.CODE39
    codabar_marks: Annotated[str, Field(pattern="^[A-D][A-D]$")] = "AB"
    paper: PaperSize = PaperSize.LETTER
