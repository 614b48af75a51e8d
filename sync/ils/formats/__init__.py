"""The formats of a load, one module each."""

from collections.abc import Mapping

from access_service.ils import FormatName
from sync.ils.formats import csv_template
from sync.ils.shape import Format

FORMATS: Mapping[FormatName, Format] = {
    FormatName.CSV: csv_template.FORMAT,
}
