"""Errors meant for the operator. An expected "no" is a value, never one of these."""


class OperatorError(Exception):
    """Something a person must mend. The text is one line that names the thing and the remedy; exit code 1."""


class ConfigError(OperatorError):
    """A configuration file, key or secret is missing or wrong."""


class ChoiceError(OperatorError):
    """What somebody chose cannot be made; another choice can."""


class OvertakenError(OperatorError):
    """The patrons of a district were changed by another while this was being worked out."""


class UnavailableError(OperatorError):
    """Nobody can say just now. Every dialect has its own word for it, and none of them lets anybody in."""


class LoggedError(UnavailableError):
    """The log has it already."""


class StorageError(UnavailableError):
    """The database is away, full, or of another version."""
