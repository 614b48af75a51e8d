"""The certificates of the SIP2 listener."""

import ssl

from access_service.errors import ConfigError
from access_service.settings import Sip2


def context(configured: Sip2) -> ssl.SSLContext | None:
    """TLS 1.2 or newer, with certificates of clients where an authority is named; None without TLS.

    Errors: ConfigError names the key whose file cannot be used.
    """
    if configured.tls_certificate is None:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password of its own it would be asked for at the terminal.
        made.load_cert_chain(configured.tls_certificate, configured.tls_key, password="")
    except (OSError, ValueError) as error:
        raise ConfigError(f"sip2.tls_certificate, sip2.tls_key: {_why(error)}") from error
    if configured.tls_client_ca:
        made.verify_mode = ssl.CERT_REQUIRED
        try:
            made.load_verify_locations(configured.tls_client_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"sip2.tls_client_ca: {_why(error)}") from error
    return made


def _why(error: Exception) -> str:
    # SSLError is an OSError whose strerror names lines of OpenSSL's source.
    known = isinstance(error, OSError) and not isinstance(error, ssl.SSLError) and error.strerror
    return str(known) if known else "these are no certificate and key in PEM that fit each other, without a password"
