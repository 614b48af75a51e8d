"""What check-config finds odd about service.toml, and lets pass."""

from collections.abc import Iterator

from access_service.domain.pins import PinOwner
from access_service.errors import ConfigError
from access_service.relay import Relay
from access_service.settings import Service, secret


def service_warnings(service: Service) -> Iterator[str]:
    """What of it does not work as it stands, a line each."""
    if service.pins.owner is PinOwner.ILS and not service.relay:
        yield 'pins.owner is "ils" and there is no [relay]: no PIN is right here'
    if service.admin.oidc:
        try:
            secret("OIDC_CLIENT_SECRET")
        except ConfigError as error:
            yield f"[admin.oidc]: {error}; until then `access-service serve` does not start"
    if service.relay:
        try:
            Relay(service.relay)
        except ConfigError as error:
            yield f"[relay]: {error}; until then no service starts"
