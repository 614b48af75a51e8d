"""The formats of a load, one module each."""

from collections.abc import Mapping

from access_service.ils import FormatName
from sync.ils.formats import alma, csv_template, evergreen, folio, koha, koha_rest, polaris, sierra, symphony
from sync.ils.shape import Format

FORMATS: Mapping[FormatName, Format] = {
    FormatName.KOHA: koha.FORMAT,
    FormatName.KOHA_REST: koha_rest.FORMAT,
    FormatName.SIERRA: sierra.FORMAT,
    FormatName.POLARIS: polaris.FORMAT,
    FormatName.SYMPHONY: symphony.FORMAT,
    FormatName.EVERGREEN: evergreen.FORMAT,
    FormatName.ALMA: alma.FORMAT,
    FormatName.FOLIO: folio.FORMAT,
    FormatName.CSV: csv_template.FORMAT,
}
