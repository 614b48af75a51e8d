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
        self._found: bool | None = None

    def at_once(self) -> bool:
        """Whether it is seen at once to be right, as issued PINs are, and chosen ones that were right lately."""
        if not (self._record and self._record.chosen):
            return self._vault.matches(self._record, self._pin)
        digest = self._vault.chosen_digest(self._record.chosen, self._pin)
        return digest is not None and self._vault.slow.lately(self._record.chosen.hash, digest)

    def never(self) -> bool:
        """Takes as long as seeing whether it is right, and says no without a look."""
        return self._vault.matches(None, self._pin)

    def right(self) -> bool:
        """Whether it is right; may wait for a slow hash, and does once."""
        if self.at_once():
            return True
        chosen = self._record.chosen if self._record else None
        digest = self._vault.chosen_digest(chosen, self._pin) if chosen else None
        if chosen is None or digest is None:
            return False
        if self._found is None:
            self._found = self._vault.slow.same(chosen.hash, digest)
        return self._found

    def paid(self, later: Later) -> Later:
        """The same answer, and one slow hash for every answer but a right PIN's."""

        def pay() -> Answer:
            answer = later()
            if answer.pin is not PinResult.OK and self._found is None:
                self._vault.slow.waste()
            return answer

        return pay
