"""What [ils] existing makes of the students who have a card of the library already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from access_service.domain.student import Role
from access_service.ils import Existing
from access_service.settings import District
from access_service.storage import ils_matches as storage
from access_service.storage.ils import Known


@dataclass(frozen=True, slots=True)
class Decided:
    """What [ils] existing makes of the matches of a district: whose account `ended`, and on which day; who is `open`,
    and up to which patron id all were compared."""

    ended: Mapping[int, date] = field(default_factory=dict)
    review: bool = False
    open: frozenset[int] = frozenset()
    compared: int = 0

    def waits(self, each: Known) -> bool:
        """Whether an account is not to be made before a person has decided, or an extract was looked at."""
        undecided = each.patron_id in self.open or each.patron_id > self.compared
        return self.review and each.role == Role.STUDENT and undecided


def decided(connection: Connection, district: District) -> Decided:
    """What was decided of a district's matches, and what is yet to be."""
    policy = district.ils.existing
    if policy is Existing.SECOND_CARD:
        return Decided()
    linked = storage.linked(connection, district.code)
    ended = {patron_id: at.astimezone(district.zone).date() for patron_id, at in linked.items()}
    proposed, compared = storage.undecided(connection, district.code)
    return Decided(ended, policy is Existing.REVIEW, frozenset(proposed), compared)
