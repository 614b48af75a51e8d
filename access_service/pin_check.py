"""One PIN that somebody typed: whether it is right, and that being wrong costs the same whatever the reason."""

from collections.abc import Callable

from access_service.domain.access import Answer, PinResult
from access_service.domain.patron import PatronRecord
from access_service.pin_vault import PinVault

# What finds an answer that is not quick to find.
Later = Callable[[], Answer]


class PinCheck:
    """A PIN tried for a patron, or for nobody (None)."""

    def __init__(self, vault: PinVault, record: PatronRecord | None, pin: str) -> None:
        self._vault = vault
        self._record = record
        self._pin = pin

    def at_once(self) -> bool:
        """Whether it is seen at once to be right."""
        return self._vault.matches(self._record, self._pin)

    def right(self) -> bool:
        """Whether it is right; may wait for a slow hash."""
        return self.at_once()

    def paid(self, later: Later) -> Later:
        """The same answer, and one slow hash for every answer but a right PIN's."""

        def pay() -> Answer:
            answer = later()
            if answer.pin is not PinResult.OK:
                self._vault.slow.waste()
            return answer

        return pay
