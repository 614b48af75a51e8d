"""A message by SMTP, under TLS with a certificate that is checked, or to this machine."""

import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import starmap

from access_service.notices import Mail
from access_service.settings import secret
from sync.notify.message import Message
from sync.notify.trouble import CERTIFICATE, NotToldError, words

SECONDS = 10
TYPES = {"pdf": "application/pdf", "csv": "text/csv"}
PASSWORD = "SMTP_PASSWORD"  # noqa: S105 - the name of a variable
# By the first kind that an error is.
REMEDIES: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPAuthenticationError, f"check [mail] user and {PASSWORD}"),
    (smtplib.SMTPRecipientsRefused, "check [notify] to"),
    (smtplib.SMTPSenderRefused, "check [mail] sender"),
    (smtplib.SMTPResponseException, "ask whoever runs it"),
    (smtplib.SMTPNotSupportedError, "without it nothing is sent; look at [mail] tls, port and user"),
    (ssl.SSLCertVerificationError, CERTIFICATE),
    (Exception, "is it running, and are [mail] host, port and tls right?"),
)
LASTING = (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError, ssl.SSLError)


def send(mail: Mail, to: Sequence[str], message: Message, now: datetime) -> str:
    """Hand it to the server; says where it went. Errors: NotToldError, ConfigError without the password."""
    host, port = mail.place
    place = f"mail server {host}:{port}"
    password = secret(PASSWORD) if mail.user else ""
    try:
        with _connected(mail) as server:
            if mail.user:
                server.login(mail.user, password)
            refused = server.send_message(_letter(mail, to, message, now), mail.sender, list(to))
    except (OSError, smtplib.SMTPException) as error:
        raise _trouble(place, error) from error
    if refused:
        raise _trouble(place, smtplib.SMTPRecipientsRefused(refused))
    return f"to {len(to)} addresses by {host}:{port}"


def _connected(mail: Mail) -> smtplib.SMTP:
    host, port = mail.place
    # The sender's domain for a greeting: asking the resolver for our own can take long.
    own = mail.sender.rpartition("@")[2]
    context = ssl.create_default_context()
    if mail.tls == "tls":
        return smtplib.SMTP_SSL(host, port, local_hostname=own, timeout=SECONDS, context=context)
    server = smtplib.SMTP(host, port, local_hostname=own, timeout=SECONDS)
    if mail.tls == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _letter(mail: Mail, to: Sequence[str], message: Message, now: datetime) -> EmailMessage:
    letter = EmailMessage(policy=SMTP)
    letter["Subject"] = message.subject
    letter["From"] = mail.sender
    letter["To"] = ", ".join(to)
    letter["Date"] = format_datetime(now)
    # The same each time that the same is sent, so that a mail program shows it once.
    letter["Message-ID"] = f"<{message.key}@{mail.sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text)
    for name, content in message.files.items():
        kind, _, subtype = TYPES[name.rpartition(".")[2]].partition("/")
        letter.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return letter


def _trouble(place: str, error: Exception) -> NotToldError:
    remedy = next(text for kind, text in REMEDIES if isinstance(error, kind))
    lasting = isinstance(error, LASTING)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return NotToldError(place, "; ".join(starmap(_refusal, error.recipients.items())), remedy)
    if isinstance(error, smtplib.SMTPResponseException):
        said = f"{error.smtp_code} {_text(error.smtp_error)}"
        return NotToldError(place, said, remedy, passing=not lasting and 400 <= error.smtp_code < 500)  # noqa: PLR2004
    return NotToldError(place, words(error), remedy, passing=not lasting)


def _refusal(address: str, answer: tuple[int, bytes]) -> str:
    return f"{address}: {answer[0]} {_text(answer[1])}"


def _text(said: bytes | str) -> str:
    return said.decode(errors="replace") if isinstance(said, bytes) else said
