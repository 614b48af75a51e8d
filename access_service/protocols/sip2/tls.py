"""The certificates of the SIP2 listener."""

import ssl
from pathlib import Path

from access_service.errors import ConfigError
from access_service.settings import Sip2


def context(configured: Sip2) -> ssl.SSLContext | None:
    """TLS 1.2 or newer, with certificates of clients where an authority is named; None without TLS.

    Errors: ConfigError names the key and the file that cannot be used.
    """
    if configured.tls_certificate is None:
        return None
    for name in ("tls_certificate", "tls_key", "tls_client_ca"):
        _read(name, getattr(configured, name))
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password of its own it would be asked for at the terminal.
        made.load_cert_chain(configured.tls_certificate, configured.tls_key, password="")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"sip2.tls_certificate, sip2.tls_key: {configured.tls_certificate} and {configured.tls_key} are no"
            " certificate and key in PEM that fit each other, without a password"
        ) from error
    if configured.tls_client_ca:
        made.verify_mode = ssl.CERT_REQUIRED
        try:
            made.load_verify_locations(configured.tls_client_ca)
        except (OSError, ValueError) as error:
            raise ConfigError(f"sip2.tls_client_ca: {configured.tls_client_ca} has no certificate in PEM") from error
    return made


def _read(name: str, path: Path | None) -> None:
    # OpenSSL says of no file that it is the one.
    try:
        if path:
            path.read_bytes()
    except OSError as error:
        raise ConfigError(f"sip2.{name}: {path}: {error.strerror}") from error
