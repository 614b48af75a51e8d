"""What falls due on a date though no row changed: coming of age, and what becomes of those who leave."""

from dataclasses import replace
from datetime import date
from hashlib import blake2b

import pandas as pd

from access_service.domain.milestones import Graduates, OfAge
from access_service.domain.patron import Patron, PatronRecord, Presence
from access_service.domain.student import Role
from access_service.storage.seen import Seen
from sync.plan import Change, ChangeKind

PRINT_BYTES = 16


def come_of_age(served: pd.DataFrame, prints: list[bytes], rule: OfAge | None, today: date) -> list[bytes]:
    """Fingerprints by which a row reads otherwise from its birthday on: birth dates are stored nowhere, and need not
    be, for the roster has them every night."""
    if rule is None:
        return prints
    latest = rule.born_by(today).isoformat()
    births = served["birth_date"].tolist()
    return [
        blake2b(found, digest_size=PRINT_BYTES, person=b"of age").digest() if "" < born <= latest else found
        for found, born in zip(prints, births, strict=True)
    ]


def still_of_age(card: Patron, stored: Patron, rule: OfAge | None) -> Patron:
    """The card of one whose birth date a partial roster leaves out: who was of age is."""
    if rule and rule.patron_type and stored.role is Role.STUDENT and stored.patron_type == rule.patron_type:
        return replace(card, patron_type=rule.patron_type, profile=rule.profile)
    return card


def parting(record: PatronRecord, before: Seen, graduates: Graduates | None, today: date) -> Change:
    """How one who is gone for good goes: a senior in the days of graduation keeps the card to their end."""
    good_through = graduates.good_through(record.patron, today) if graduates else None
    if good_through is None:
        return Change(ChangeKind.LEAVE, record, before, record.patron, Presence.LEFT)
    card = replace(record.patron, expires=good_through)
    return Change(ChangeKind.GRADUATE, record, before, card, Presence.GRADUATED)
