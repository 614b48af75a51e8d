"""The library's ILS, as [ils] in service.toml says: what it takes, where, and what of a patron is ours to say."""

from access_service.ils.account import AccountField, Action
from access_service.ils.alma import Alma
from access_service.ils.csv_template import Column, CsvTemplate
from access_service.ils.delivery import Delivery
from access_service.ils.evergreen import Evergreen
from access_service.ils.extract import Extract, ExtractColumns, Rejects, Source
from access_service.ils.folio import Folio
from access_service.ils.koha import Koha
from access_service.ils.koha_rest import KohaRest
from access_service.ils.polaris import Polaris
from access_service.ils.sierra import Sierra
from access_service.ils.symphony import Symphony
from access_service.ils.terms import Existing, FormatName, Ils, OfDistrict

__all__ = [
    "AccountField",
    "Action",
    "Alma",
    "Column",
    "CsvTemplate",
    "Delivery",
    "Evergreen",
    "Existing",
    "Extract",
    "ExtractColumns",
    "Folio",
    "FormatName",
    "Ils",
    "Koha",
    "KohaRest",
    "OfDistrict",
    "Polaris",
    "Rejects",
    "Sierra",
    "Source",
    "Symphony",
]
