"""What can be wrong with an API, as one line for a person: never with a word of what it answered."""

from http import HTTPStatus

from urllib3 import Retry
from urllib3.exceptions import InvalidHeader, NewConnectionError
from urllib3.exceptions import TimeoutError as TooLateError

from sync.ils.trouble import UndeliveredError

LONGEST_WAIT = 120  # seconds
PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
CERTIFICATE = (
    "no TLS with it; its certificate must be for this name, from an authority that this machine trusts (SSL_CERT_FILE)"
)


class PassingError(UndeliveredError):
    """Another try may help, `after` so many seconds. Nobody knows whether the call was taken: look before it is made
    again. `status` is 0 where there was no answer."""

    def __init__(self, what: str, *, after: float = 0, status: int = 0) -> None:
        super().__init__(what)
        self.after, self.status = after, status


def broke(error: Exception, seconds: float) -> str:
    if isinstance(error, NewConnectionError):
        return "nothing answers there; check [ils.delivery] url and the firewall, then ask who runs it"
    if isinstance(error, TooLateError):
        return f"no answer within {seconds:g} seconds; ask who runs it whether it is up"
    return "the connection broke; check the network, then ask who runs it"


def out_of_order(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "too many calls for it; set pause_seconds in [ils.delivery], or ask who runs it for a higher limit"
    return f"it is out of order (HTTP {status}); ask who runs it"


def unwelcome(status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return (
            f"our key may not do this (HTTP {status}); check the permissions of ILS_API_KEY."
            " It is not tried again tonight, so that the key is not locked"
        )
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"it sends us elsewhere (HTTP {status}), where no key is sent; check [ils.delivery] url"
    return f"an answer that is none of its own (HTTP {status}); check [ils.delivery] url"


def asked_for(said: str) -> float:
    """The seconds of a Retry-After, as far as they are bearable."""
    try:
        return Retry(retry_after_max=LONGEST_WAIT).parse_retry_after(said)
    except (InvalidHeader, ValueError, OverflowError):
        return 0
