"""A load that did not come."""

from access_service.errors import OperatorError


class UndeliveredError(OperatorError):
    """One line: what did not work, and what to see to. The load is tried again with the next night, or by command."""
