"""What every page for staff works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import abort, g

from access_service.audit import Auditor
from access_service.domain.staff import StaffMember
from access_service.pin_vault import PinVault
from access_service.settings import District, Settings
from access_service.staff import StaffRoom
from access_service.storage.engine import Databases


def who() -> StaffMember:
    """Who is signed in: on every page but the first."""
    member: StaffMember = g.staff
    return member


@dataclass(frozen=True)
class Office:
    """One an app. `now` gives the aware UTC time; `folder` is the configuration's, as it may be by now."""

    configured: Settings
    databases: Databases
    vault: PinVault
    now: Callable[[], datetime]
    folder: Path

    @property
    def staff(self) -> StaffRoom:
        """Where accounts are kept."""
        return StaffRoom(self.databases, self.vault)

    def auditor(self) -> Auditor:
        """Puts on record what the person signed in does."""
        return Auditor(self.vault, f"staff {who().name}", self.configured.service.audit_heads, self.now)

    def districts(self) -> Sequence[District]:
        """Those that the person signed in may see, by name."""
        mine = [district for code, district in self.configured.districts.items() if who().sees(code)]
        return sorted(mine, key=lambda district: district.district.name)

    def district(self, code: str) -> District:
        """One of those. Of others a page says no more than that there is none."""
        if not who().sees(code) or code not in self.configured.districts:
            abort(404)
        return self.configured.districts[code]
