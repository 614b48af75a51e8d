"""The schema. Rows never leave storage; the other modules there return values."""

from access_service.storage.tables.day import attempts, guesses, patron_use, traffic, usage
from access_service.storage.tables.ils import (
    ils_accounts,
    ils_cards,
    ils_compared,
    ils_extracts,
    ils_loads,
    ils_matches,
    ils_pins,
)
from access_service.storage.tables.metadata import DAY, metadata
from access_service.storage.tables.nights import (
    changes,
    district_state,
    exclusions,
    freezes,
    notices,
    quarantine,
    requests,
    rule_versions,
    runs,
    seen,
    states_before,
)
from access_service.storage.tables.people import (
    exceptions,
    identifiers,
    links,
    opt_outs,
    overrides,
    patrons,
    retired_numbers,
)
from access_service.storage.tables.service import audit, clients, counters, pepper_keys
from access_service.storage.tables.staff import staff, staff_failures, staff_sessions

__all__ = [
    "DAY",
    "attempts",
    "audit",
    "changes",
    "clients",
    "counters",
    "district_state",
    "exceptions",
    "exclusions",
    "freezes",
    "guesses",
    "identifiers",
    "ils_accounts",
    "ils_cards",
    "ils_compared",
    "ils_extracts",
    "ils_loads",
    "ils_matches",
    "ils_pins",
    "links",
    "metadata",
    "notices",
    "opt_outs",
    "overrides",
    "patron_use",
    "patrons",
    "pepper_keys",
    "quarantine",
    "requests",
    "retired_numbers",
    "rule_versions",
    "runs",
    "seen",
    "staff",
    "staff_failures",
    "staff_sessions",
    "states_before",
    "traffic",
    "usage",
]
