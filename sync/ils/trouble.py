"""A load that did not come, and a server that is not a district's."""

from access_service.errors import OperatorError
from sync.sftp import RosterUnavailableError


class UndeliveredError(OperatorError):
    """One line: what did not work, and what to see to. The load is tried again with the next night, or by command."""


def of_the_server(error: RosterUnavailableError, table: str, secrets: str) -> str:
    """What is wrong with the ILS's server: what was said of a district's, with our own table and secrets."""
    words = str(error)
    for districts, ours in (
        ('for a folder, or set [feed] feedback to ""', "for leave to write there"),
        ("[feed] feedback", f"[{table}] folder"),
        ("[feed]", f"[{table}]"),
        ("the district", "its owner"),
        ("no roster within", "not all of it within"),
        ("SFTP_KEY_... or SFTP_PASSWORD_...", f"SFTP_KEY_{secrets} or SFTP_PASSWORD_{secrets}"),
    ):
        words = words.replace(districts, ours)
    return f"the ILS's server {words}"
