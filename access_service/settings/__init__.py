"""What an installation configures."""

from access_service.settings.admin import Admin, Oidc
from access_service.settings.agreement import QUARANTINE_DAYS, Agreement, RosterField
from access_service.settings.district import District
from access_service.settings.example import Example
from access_service.settings.feed import Feed, MappedField
from access_service.settings.library import Library, PaperSize
from access_service.settings.loading import PLACES, Settings, load, load_district, load_service, secret
from access_service.settings.relay import Relay
from access_service.settings.service import Http, Pins, Service, Sip2

__all__ = [
    "PLACES",
    "QUARANTINE_DAYS",
    "Admin",
    "Agreement",
    "District",
    "Example",
    "Feed",
    "Http",
    "Library",
    "MappedField",
    "Oidc",
    "PaperSize",
    "Pins",
    "Relay",
    "RosterField",
    "Service",
    "Settings",
    "Sip2",
    "load",
    "load_district",
    "load_service",
    "secret",
]
