"""The district's SFTP server: fetch what it delivers, believing nothing it says."""

from sync.sftp.check import SourceCheck, check_source
from sync.sftp.fetch import Landed, fetch
from sync.sftp.login import Credentials, credentials, has_credentials
from sync.sftp.trouble import RosterUnavailableError

__all__ = [
    "Credentials",
    "Landed",
    "RosterUnavailableError",
    "SourceCheck",
    "check_source",
    "credentials",
    "fetch",
    "has_credentials",
]
