"""Who asks: a vendor, an ILS or a self-check, and what it may see."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from access_service.domain.sip2 import Sip2Options
from access_service.domain.wording import Language


class DialectName(StrEnum):
    REST = "rest"
    PATRONAPI = "patronapi"
    SIP2 = "sip2"
    EZPROXY = "ezproxy"
    LIBAUTH = "libauth"
    KOHA = "koha"
    SIERRA = "sierra"


# Dialects whose clients have nothing to show but their address.
BY_ADDRESS = frozenset({DialectName.PATRONAPI, DialectName.EZPROXY, DialectName.LIBAUTH})


class Release(StrEnum):
    """A fact about a patron that a client may be told. None is told that the client was not given."""

    PATRON_ID = "patron_id"
    LIBRARY_NUMBER = "library_number"
    STUDENT_NUMBER = "student_number"
    NAME = "name"
    PATRON_TYPE = "patron_type"
    PROFILE = "profile"
    BRANCH = "branch"
    SCHOOL = "school"
    GRADE = "grade"
    ROLE = "role"
    EXPIRES = "expires"


@dataclass(frozen=True, slots=True)
class Options:
    """What the software of one client needs otherwise than others. Set by dotted names, as `sip2.terminator=crlf`.

    `language` is that of messages to people, where the question does not name one. `good_standing_only` makes a
    right PIN of an ended or blocked card a wrong one where the answer to a PIN is yes or no (Koha, Sierra).
    With `relay`, a number that is no student's is the ILS's to answer.
    """

    language: Language = Language.ENGLISH
    sip2: Sip2Options = field(default_factory=Sip2Options)
    good_standing_only: bool = False
    libauth_json: bool = False
    resets_pins: bool = False
    relay: bool = False


@dataclass(frozen=True, slots=True)
class Client:
    """One asker. It speaks `dialects`, is answered from `networks` only and about `districts` only."""

    name: str
    dialects: frozenset[DialectName]
    districts: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]
    releases: frozenset[Release]
    options: Options = Options()

    @property
    def known_by_address(self) -> frozenset[DialectName]:
        """The dialects in which this client has nothing to show but its address."""
        bare = {DialectName.SIP2} if self.options.sip2.without_login else set()
        return self.dialects & (BY_ADDRESS | bare)

    def may_ask_from(self, address: str) -> bool:
        """Whether an address, as socket or proxy give it, is in the client's networks. Nonsense is in none."""
        asking = parsed_address(address)
        return asking is not None and any(asking in network for network in self.networks)

    def may_ask(self, dialect: DialectName, address: str) -> bool:
        """Whether it speaks this dialect, and may from this address."""
        return dialect in self.dialects and self.may_ask_from(address)


@lru_cache(maxsize=1024)
def parsed_address(address: str) -> IPv4Address | IPv6Address | None:
    """As socket or proxy give it; None for nonsense."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    # A dual-stack socket shows an IPv4 caller as ::ffff:a.b.c.d.
    return getattr(parsed, "ipv4_mapped", None) or parsed
