"""How we prove to a district's server who we are."""

import os
from dataclasses import dataclass, field
from io import StringIO

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from paramiko import ECDSAKey, Ed25519Key, PKey, RSAKey

from access_service.errors import ConfigError
from access_service.settings import secret

CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """A private key, a password, or both. With both the key goes first, and the password only where the server
    asks for it as a second proof: a key it refuses is one failed login, not two."""

    password: str | None = field(default=None, repr=False)
    key: PKey | None = field(default=None, repr=False)


def has_credentials(code: str) -> bool:
    """Whether a key or password of the district is set at all, good or bad."""
    suffix = code.upper().replace("-", "_")
    return _is_set(f"SFTP_KEY_{suffix}") or _is_set(f"SFTP_PASSWORD_{suffix}")


def credentials(code: str) -> Credentials:
    """The secrets of one district from SFTP_KEY_<CODE> and SFTP_PASSWORD_<CODE>, or the files their _FILE names.

    Errors: ConfigError where neither is set or the key cannot be used.
    """
    suffix = code.upper().replace("-", "_")
    key, password = f"SFTP_KEY_{suffix}", f"SFTP_PASSWORD_{suffix}"
    if not (_is_set(key) or _is_set(password)):
        raise ConfigError(f"set {key} or {password}, or either with _FILE to a file that holds it")
    return Credentials(
        password=secret(password) if _is_set(password) else None,
        key=_parsed(key, secret(key)) if _is_set(key) else None,
    )


def _is_set(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def _parsed(name: str, text: str) -> PKey:
    try:
        return _loaded(text.encode())
    except (ValueError, TypeError, NotImplementedError, UnsupportedAlgorithm) as error:
        # The cause stays out of the traceback: it may quote the key.
        raise ConfigError(
            f"{name}: not a private key that can be used ({type(error).__name__}); it should be RSA, ECDSA or Ed25519"
            " in OpenSSH or PEM form, without a passphrase (ssh-keygen -p -N '' -f FILE takes it off)"
        ) from None


def _loaded(text: bytes) -> PKey:
    """paramiko's own parser is left out: it loses keys without a comment whose length needs no padding."""
    openssh = b"BEGIN OPENSSH PRIVATE KEY" in text
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    match load(text, password=None):
        case RSAPrivateKey() as key:
            return RSAKey(key=key)
        case EllipticCurvePrivateKey() as key if key.curve.name in CURVES:
            return ECDSAKey(vals=(key, key.public_key()))
        case Ed25519PrivateKey() as key:
            form, protection = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            rewritten = key.private_bytes(serialization.Encoding.PEM, form, protection)
            return Ed25519Key.from_private_key(StringIO(rewritten.decode()))
    raise ValueError("another kind of key")
