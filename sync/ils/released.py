"""Accounts that wait for a person, and how one that was left alone is taken up again."""

from dataclasses import dataclass

from access_service.audit import Action, Auditor, Deed
from access_service.domain.identifiers import fold
from access_service.errors import OperatorError
from access_service.storage import ils as storage
from access_service.storage import ils_cards
from access_service.storage.engine import Databases
from access_service.storage.ils import AccountRow, AccountState
from sync.ils.claims import ANOTHER_TYPE, SOMEBODYS
from sync.ils.reconcile import GONE, RENUMBERED


@dataclass(frozen=True, slots=True)
class Waiting:
    """Accounts of a district: those with a reason, by number, and how many of each state there are in all."""

    accounts: list[AccountRow]
    counts: dict[str, int]


def waiting(databases: Databases, district: str) -> Waiting:
    """What `accounts list` shows."""
    with databases.reader.connect() as connection:
        return Waiting(ils_cards.with_reason(connection, district), ils_cards.by_state(connection, district))


def release(  # noqa: PLR0913, PLR0917 - whose account, and why
    databases: Databases, auditor: Auditor, district: str, key: str, number: str, reason: str
) -> None:
    """Take an account up again; `key` is as [ils] key says.

    Errors: OperatorError where there is none of this number, or it was not left alone.
    """
    with auditor.transaction(databases) as record:
        connection = record.connection
        ils_cards.claim_accounts(connection)
        row = ils_cards.by_number(connection, district, fold(number))
        if row is None:
            raise OperatorError(
                f"no account of {district} in the ILS has this number; `roster-sync accounts list {district}` has them"
            )
        if not _is_left_alone(row):
            raise OperatorError(f"this account of {district} is not left alone: loads tell of it as of all others")
        made = row.reason != GONE or bool(ils_cards.find(connection, [fold(row.number)]))
        if row.reason == RENUMBERED:
            # By the number that staff gave it: a load tells ours then.
            row = row._replace(number=ils_cards.number_of(connection, row.patron_id, key) or row.number)
        # A load of 0 says that no load has come since, so no extract judges it before one has.
        after = row._replace(
            state=AccountState.SENT.value, made=made, told="{}", theirs="[]", load=0, seen_on=None, reason=None
        )
        storage.replace_accounts(connection, [after._replace(reason_on=None)])
        facts = {"reason": row.reason or "", "fields": row.theirs}
        record.note(Deed(Action.ACCOUNT_RELEASE, f"patron {row.patron_id}", reason, district, before=facts))


def _is_left_alone(row: AccountRow) -> bool:
    claimed = row.state == AccountState.KEPT_BACK and row.reason in (SOMEBODYS, ANOTHER_TYPE)
    return claimed or row.state == AccountState.THEIRS or row.theirs != "[]"
