"""What the log says of a question, in every dialect: codes and marks, never people."""

from access_service.domain.access import Answer
from access_service.domain.client import Client
from access_service.pin_vault import PinVault


def heard(client: Client | None, answer: Answer | None, vault: PinVault) -> dict[str, str]:
    """Who asked, what the answer was, and a mark of the patron that cannot be read back."""
    told = {"client": client.name} if client else {}
    if answer:
        told |= {"standing": answer.standing, "pin": answer.pin}
        if answer.record:
            told["patron"] = vault.mark("log", str(answer.record.patron_id)).hex()[:12]
    return told
