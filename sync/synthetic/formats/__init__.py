"""Every format that a district can be written in."""

from enum import StrEnum

from sync.synthetic.formats.clever import CLEVER
from sync.synthetic.formats.oneroster import (
    AERIES,
    DELTA_1_1,
    DELTA_1_2,
    INFINITE_CAMPUS,
    ONEROSTER_1_0,
    ONEROSTER_1_1,
    ONEROSTER_1_2,
)
from sync.synthetic.formats.sds import SDS_V1, SDS_V2, SDS_V2_1
from sync.synthetic.formats.single import (
    APPLE,
    FLAT,
    FLAT_HEADERLESS,
    FLAT_PIPE,
    FLAT_SEMICOLON,
    POWERSCHOOL,
    XLSX,
)
from sync.synthetic.sheet import Form

__all__ = ["FORMS", "Format"]


class Format(StrEnum):
    """The name of a format on the command line."""

    ONEROSTER_1_0 = "oneroster-1.0"
    ONEROSTER_1_1 = "oneroster-1.1"
    ONEROSTER_1_1_DELTA = "oneroster-1.1-delta"
    ONEROSTER_1_2 = "oneroster-1.2"
    ONEROSTER_1_2_DELTA = "oneroster-1.2-delta"
    CLEVER = "clever"
    SDS_V1 = "sds-v1"
    SDS_V2 = "sds-v2"
    SDS_V2_1 = "sds-v2.1"
    APPLE = "apple"
    POWERSCHOOL = "powerschool"
    INFINITE_CAMPUS = "infinite-campus"
    AERIES = "aeries"
    FLAT = "flat"
    FLAT_PIPE = "flat-pipe"
    FLAT_SEMICOLON = "flat-semicolon"
    FLAT_HEADERLESS = "flat-headerless"
    XLSX = "xlsx"


FORMS: dict[Format, Form] = {
    Format.ONEROSTER_1_0: ONEROSTER_1_0,
    Format.ONEROSTER_1_1: ONEROSTER_1_1,
    Format.ONEROSTER_1_1_DELTA: DELTA_1_1,
    Format.ONEROSTER_1_2: ONEROSTER_1_2,
    Format.ONEROSTER_1_2_DELTA: DELTA_1_2,
    Format.CLEVER: CLEVER,
    Format.SDS_V1: SDS_V1,
    Format.SDS_V2: SDS_V2,
    Format.SDS_V2_1: SDS_V2_1,
    Format.APPLE: APPLE,
    Format.POWERSCHOOL: POWERSCHOOL,
    Format.INFINITE_CAMPUS: INFINITE_CAMPUS,
    Format.AERIES: AERIES,
    Format.FLAT: FLAT,
    Format.FLAT_PIPE: FLAT_PIPE,
    Format.FLAT_SEMICOLON: FLAT_SEMICOLON,
    Format.FLAT_HEADERLESS: FLAT_HEADERLESS,
    Format.XLSX: XLSX,
}
