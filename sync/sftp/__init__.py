"""The district's SFTP server: fetch what it delivers and leave our findings there, believing nothing it says."""

from sync.sftp.check import SourceCheck, check_source
from sync.sftp.deliver import deliver
from sync.sftp.fetch import Landed, fetch
from sync.sftp.folder import FEEDBACK_NAME
from sync.sftp.login import Credentials, credentials, has_credentials
from sync.sftp.look import new_file
from sync.sftp.trouble import LoginRefusedError, RosterUnavailableError

__all__ = [
    "FEEDBACK_NAME",
    "Credentials",
    "Landed",
    "LoginRefusedError",
    "RosterUnavailableError",
    "SourceCheck",
    "check_source",
    "credentials",
    "deliver",
    "fetch",
    "has_credentials",
    "new_file",
]
