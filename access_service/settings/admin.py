"""[admin] of service.toml: the pages for staff, and who they are by the sign-in of the library or district."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from access_service.domain.staff import StaffRole
from access_service.toml import Table


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError('should be a network such as "10.1.2.0/24"') from None


class Group(Table):
    """What members of a group are here. `districts`: those they see; only district-it needs any."""

    role: StaffRole
    districts: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.role is StaffRole.DISTRICT_IT and not self.districts:
            raise ValueError('districts: role "district-it" needs those it is of')
        return self


class Oidc(Table):
    """Signing in with OpenID Connect. `groups` says by the values of `groups_claim` who may come in, and as what: the
    first that somebody is in counts. The secret of `client_id` is OIDC_CLIENT_SECRET."""

    issuer: str
    client_id: Annotated[str, Field(min_length=1)]
    scope: str = "openid profile"
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    groups: Annotated[Mapping[str, Group], Field(min_length=1)]

    @model_validator(mode="after")
    def _is_sealed(self) -> Self:
        url = urlsplit(self.issuer)
        if url.scheme != "https" and url.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("issuer: should begin with https://")
        if "openid" not in self.scope.split():
            raise ValueError('scope: should have "openid" in it')
        return self


class Admin(Table):
    """`networks`: from where the pages are open at all."""

    networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ("127.0.0.0/8", "::1/128")
    oidc: Oidc | None = None
