"""May this PIN be tried? Of a patron at a client, of a patron everywhere, and through a client.

Arithmetic over three rows, which the throttle reads and writes in one transaction. docs/decisions has the reasons.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from access_service.domain.pins import PinKind, PinRule
from access_service.domain.traffic import DAY, HOUR, Traffic, watched

FREE_FAILURES = 5
FIRST_LOCK_SECONDS = 30
LONGEST_LOCK_SECONDS = 3600
GOOD_DAYS = 30
# Wrong PINs ever tried of one patron, until a right one, a new PIN or an unlock.
FEW, SOME, MANY = 20, 50, 100


class Verdict(Enum):
    """Whether a PIN may be tried. AGAIN: it is the last wrong one, which tells a guesser nothing."""

    TRY = auto()
    AGAIN = auto()
    LOCKED = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Guess:
    """A PIN tried, by its `mark`. `of` are the pepper and a mark of the patron's own, `most` how many wrong ones
    it stands. `seen_wrong`: it was checked already, and was wrong."""

    mark: bytes
    most: int = FEW
    of: tuple[str, bytes] = ("", b"")
    can_be_right: bool = True
    unknown: bool = False
    seen_wrong: bool = False


@dataclass(frozen=True, slots=True)
class AtClient:
    """What stands of one patron at one client. `paid` is what it took of the budget in the hour `tried_hour`."""

    failures: int = 0
    locked_until: int = 0
    wrong_mark: bytes = b""
    good_day: int = 0
    tried_hour: int = 0
    paid: int = 0


@dataclass(frozen=True, slots=True)
class Everywhere:
    """Wrong PINs of one patron at all clients since the last right one, and of which PIN."""

    guesses: int = 0
    pin_key: str = ""
    pin: bytes = b""
    tried_day: int = 0


@dataclass(frozen=True, slots=True)
class Weighed:
    """What becomes of a guess, and of the three rows."""

    verdict: Verdict
    at_client: AtClient
    everywhere: Everywhere
    traffic: Traffic


def allowed(rule: PinRule) -> int:
    """How many wrong PINs a patron of this rule stands before none is tried any more."""
    if rule.rule in (PinKind.MMDD, PinKind.MMYYYY) or (rule.rule is PinKind.LAST and rule.digits < 4):  # noqa: PLR2004
        return FEW
    # A column of the roster can have four digits, and so can what people choose.
    return MANY if rule.rule is PinKind.MMDDYYYY or (rule.rule is PinKind.LAST and rule.digits > 4) else SOME  # noqa: PLR2004


def lock_seconds(failures: int) -> int:
    """How long the next try must wait after so many failures: five are free, then 30 s, doubling to an hour."""
    if failures < FREE_FAILURES:
        return 0
    return min(LONGEST_LOCK_SECONDS, FIRST_LOCK_SECONDS << min(failures - FREE_FAILURES, 10))


def known_good(good_day: int, now: int) -> bool:
    """Whether a right PIN came within the last 30 days."""
    return now // DAY - good_day < GOOD_DAYS


def pays(own: AtClient, now: int) -> bool:
    """Whether a wrong PIN is the client's: a patron known good there has the free failures to themselves."""
    return not known_good(own.good_day, now) or own.failures >= FREE_FAILURES


def weigh(guess: Guess, at_client: AtClient, everywhere: Everywhere, traffic: Traffic, now: int) -> Weighed:
    """Decide on a guess, and count it. The traffic is that of now, and `everywhere` of any PIN."""
    this_hour = at_client.tried_hour == now // HOUR
    own = replace(at_client, tried_hour=now // HOUR, paid=at_client.paid * this_hour)
    total = replace(_of_this_pin(everywhere, guess), tried_day=now // DAY)
    seen = replace(traffic, asked=traffic.asked + 1, unknown=traffic.unknown + guess.unknown)
    verdict = _verdict(guess, own, total, seen, now)
    counts = verdict is Verdict.TRY or (guess.seen_wrong and verdict is not Verdict.AGAIN)
    spends = counts and (seen.seeks_numbers if guess.unknown else guess.can_be_right and pays(own, now))
    # Worked out in any case: a lock must not be quicker than a wrong PIN.
    failed = _failed(guess, own, seen, now)
    if verdict is Verdict.TRY:
        own, seen = failed
    # As that is.
    total = replace(total, guesses=total.guesses + counts)
    own = replace(own, paid=own.paid + spends)
    spent = {"wrong": seen.wrong + spends, "hour_wrong": seen.hour_wrong + spends}
    seen = replace(seen, **spent, exempt=seen.exempt + (counts and guess.can_be_right and not spends))
    stopped = counts and guess.can_be_right and total.guesses >= guess.most
    seen = watched(seen, refused=verdict is Verdict.REFUSED, stopped=stopped)
    return Weighed(verdict, own, total, seen)


def given_back(own: AtClient, traffic: Traffic) -> Traffic:
    """The traffic after a right PIN: the wrong ones before it were the patron's own, so the client has back what they
    took of it this hour."""
    paid = own.paid if own.tried_hour == traffic.hour else 0
    left = {"wrong": max(0, traffic.wrong - paid), "hour_wrong": max(0, traffic.hour_wrong - paid)}
    return replace(traffic, **left, exempt=max(0, traffic.exempt - (own.failures - own.paid)))


def _verdict(guess: Guess, own: AtClient, total: Everywhere, traffic: Traffic, now: int) -> Verdict:
    if total.guesses >= guess.most or now < own.locked_until:
        return Verdict.LOCKED
    if own.failures and guess.mark == own.wrong_mark:
        return Verdict.AGAIN
    return Verdict.REFUSED if traffic.spent_until and pays(own, now) else Verdict.TRY


def _of_this_pin(everywhere: Everywhere, guess: Guess) -> Everywhere:
    """Another PIN under the same pepper is a new one, and nobody guessed at it yet. Under another pepper nobody can
    tell, so the count stays."""
    key, pin = guess.of
    new = everywhere.pin != pin and everywhere.pin_key in ("", key)
    return replace(everywhere, guesses=0 if new else everywhere.guesses, pin_key=key, pin=pin)


def _failed(guess: Guess, own: AtClient, traffic: Traffic, now: int) -> tuple[AtClient, Traffic]:
    """One more failure and, from the fifth on, a lock, unless this client locked too many people this hour."""
    failures = own.failures + 1
    seconds = lock_seconds(failures)
    first = bool(seconds) and not own.locked_until
    if first and traffic.locks_too_many:
        seconds = 0
    elif first and guess.can_be_right:
        traffic = replace(traffic, hour_locks=traffic.hour_locks + 1)
    until = now + seconds if seconds else own.locked_until
    return replace(own, failures=failures, wrong_mark=guess.mark, locked_until=until), traffic
