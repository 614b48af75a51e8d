"""Who owns a field of a card: whose word a night takes for it, and what it leaves as it is."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from access_service.domain.patron import Patron


class Owner(StrEnum):
    """ROSTER: what roster and rules say. LIBRARY: theirs once, for a new card. FILL: theirs while it is empty."""

    ROSTER = "roster"
    LIBRARY = "library"
    FILL = "fill"


# Those that can have another owner. The others say who somebody is, and where they are a student.
OWNED = ("given_name", "family_name", "branch", "patron_type", "profile", "expires")
# Those that a roster can leave blank.
Name = Literal["given_name", "family_name"]
NAMES: tuple[Name, ...] = ("given_name", "family_name")


@dataclass(frozen=True)
class FieldOwners:
    """The owner of each field. A blank in the roster clears a name only if it is `clearable`."""

    given_name: Owner = Owner.ROSTER
    family_name: Owner = Owner.ROSTER
    branch: Owner = Owner.ROSTER
    patron_type: Owner = Owner.ROSTER
    profile: Owner = Owner.ROSTER
    expires: Owner = Owner.ROSTER
    clearable: tuple[Name, ...] = ()

    def of(self, field: str) -> Owner:
        return Owner(getattr(self, field))

    def agreed(self, fields: Collection[str]) -> "FieldOwners":
        """The same where only these fields may be shared: a name that no longer may is cleared, whoever owned it."""
        gone = [name for name in NAMES if name not in fields]
        if not gone:
            return self
        return replace(self, **dict.fromkeys(gone, Owner.ROSTER), clearable=(*self.clearable, *gone))


def keep(owners: FieldOwners, held: Collection[str], before: Patron, mapped: Patron) -> Patron:
    """The card that roster and rules `mapped`, with what stays of the one `before`: fields `held` by hand, those that
    others own, and names that the roster leaves blank."""
    kept = {
        field: was
        for field in OWNED
        if (was := getattr(before, field)) != (now := getattr(mapped, field))
        and (field in held or _stays(owners, field, was, now))
    }
    return replace(mapped, **kept) if kept else mapped


def _stays(owners: FieldOwners, field: str, was: object, now: object) -> bool:
    owner = owners.of(field)
    if owner is Owner.ROSTER:
        return not now and field in NAMES and field not in owners.clearable
    return owner is Owner.LIBRARY or bool(was)
