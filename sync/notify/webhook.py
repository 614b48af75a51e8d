"""A message as a signed POST, by the Standard Webhooks convention, so that receivers find a library to check it."""

import base64
import binascii
import hashlib
import hmac
import http.client
import json
import ssl
from datetime import datetime
from urllib.parse import urlsplit

from access_service.errors import ConfigError
from access_service.settings import secret
from sync.notify.message import Message
from sync.notify.trouble import CERTIFICATE, NotToldError, words

SECONDS = 10
MOST_WORDS = 200
MIN_KEY_BYTES = 24
SECRET = "WEBHOOK_SECRET"  # noqa: S105 - the name of a variable


def post(url: str, message: Message, now: datetime) -> str:
    """Have it taken; says where it went. Never follows a redirect. Errors: NotToldError, ConfigError of the secret."""
    parts = urlsplit(url)
    # Not the path: some services put a secret there.
    place = f"{parts.scheme}://{parts.netloc}"
    body = json.dumps({"id": message.key, "subject": message.subject, "text": message.text, **message.facts}).encode()
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    asking = _connection(url)
    try:
        asking.request("POST", path, body, signed(_key(), message.key, now, body))
        answer = asking.getresponse()
        said = answer.read(MOST_WORDS).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        lasting = isinstance(error, ssl.SSLError)
        remedy = CERTIFICATE if lasting else "is it running, and is [notify] webhook right?"
        raise NotToldError(place, words(error), remedy, passing=not lasting) from error
    finally:
        asking.close()
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's own classes
        moved = "redirects are not followed; " if 300 <= answer.status < 400 else ""  # noqa: PLR2004
        said = f"{answer.status} {answer.reason} {said}"
        passing = answer.status >= 500 or answer.status == http.client.TOO_MANY_REQUESTS  # noqa: PLR2004
        raise NotToldError(place, said, f"{moved}check [notify] webhook and {SECRET}", passing=passing)
    return f"to {place}"


def signed(key: bytes, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of a POST. The signature is of id, time and body, so that none of them can be another's."""
    at = str(int(now.timestamp()))
    digest = hmac.new(key, f"{message_id}.{at}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key() -> bytes:
    try:
        key = base64.b64decode(secret(SECRET).removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if len(key) < MIN_KEY_BYTES:
        raise ConfigError(
            f"{SECRET}: should be base64 of {MIN_KEY_BYTES} bytes or more, as `openssl rand -base64 32` prints"
        )
    return key


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=SECONDS, context=context)
