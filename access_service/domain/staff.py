"""The people who run the service, and what each may do on its pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class StaffRole(StrEnum):
    """What somebody's work is. docs/staff.md says what each may do."""

    DESK = "desk"
    LIBRARY_ADMIN = "library-admin"
    DISTRICT_IT = "district-it"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Right(StrEnum):
    """One thing that a page shows or does."""

    LOOK_UP = "look_up"
    FULL_NAMES = "full_names"
    MEND = "mend"
    OPT_OUT = "opt_out"
    NIGHTS = "nights"
    DECIDE = "decide"
    SETUP = "setup"
    CLIENTS = "clients"
    STORY = "story"
    CARDS = "cards"
    AUDIT = "audit"
    STAFF = "staff"


# What is not here, a role may not.
RIGHTS: Mapping[StaffRole, frozenset[Right]] = {
    StaffRole.DESK: frozenset({Right.LOOK_UP, Right.MEND, Right.OPT_OUT, Right.STORY}),
    StaffRole.LIBRARY_ADMIN: frozenset(Right) - {Right.STAFF},
    # Of its own district, and never who used a card.
    StaffRole.DISTRICT_IT: frozenset(
        {Right.NIGHTS, Right.DECIDE, Right.SETUP, Right.OPT_OUT, Right.CARDS, Right.STORY}
    ),
    StaffRole.AUDITOR: frozenset({Right.AUDIT, Right.NIGHTS, Right.SETUP, Right.STORY}),
    StaffRole.OPERATOR: frozenset(
        {Right.NIGHTS, Right.DECIDE, Right.SETUP, Right.CLIENTS, Right.STORY, Right.AUDIT, Right.STAFF}
    ),
}


@dataclass(frozen=True, slots=True)
class StaffMember:
    """One who is or may be signed in. `districts` are those they see; without any, all of them."""

    name: str
    role: StaffRole
    districts: frozenset[str] = field(default_factory=frozenset)

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def sees(self, district: str) -> bool:
        """Whether what is about this district is theirs to see. Without a district, district-it sees nobody's."""
        return district in self.districts or not (self.districts or self.role is StaffRole.DISTRICT_IT)
