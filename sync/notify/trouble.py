"""Why somebody could not be told."""

import ssl

from access_service.errors import OperatorError
from sync.report import shown

CERTIFICATE = "its certificate must be for this name, from an authority that this machine trusts (SSL_CERT_FILE)"


class NotToldError(OperatorError):
    """One line: the place, the server's own words, and the remedy. `passing`: another try may help."""

    def __init__(self, place: str, words: str, remedy: str, *, passing: bool = False) -> None:
        super().__init__(f"{place}: {shown(' '.join(words.split()))}; {remedy}")
        self.passing = passing


def words(error: Exception) -> str:
    """What a system or TLS error says, in a few words."""
    if isinstance(error, ssl.SSLError):
        return getattr(error, "verify_message", "") or error.reason or "no TLS"
    return getattr(error, "strerror", None) or str(error) or error.__class__.__name__
