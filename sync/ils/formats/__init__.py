"""The formats of a load, one module each."""

from collections.abc import Mapping

from access_service.ils import FormatName
from sync.ils.formats import alma, csv_template, folio, koha_rest, sierra, symphony
from sync.ils.shape import Format

FORMATS: Mapping[FormatName, Format] = {
    FormatName.KOHA_REST: koha_rest.FORMAT,
    FormatName.SIERRA: sierra.FORMAT,
    FormatName.SYMPHONY: symphony.FORMAT,
    FormatName.ALMA: alma.FORMAT,
    FormatName.FOLIO: folio.FORMAT,
    FormatName.CSV: csv_template.FORMAT,
}
