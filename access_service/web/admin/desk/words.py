"""What the desk reads: a word in big letters, why, and what to do."""

from typing import NamedTuple

from access_service.domain.access import Standing
from access_service.domain.mapping import Exclusion
from access_service.domain.patron import PatronRecord, Presence
from access_service.explain import Explanation
from access_service.next_steps import NEXT_STEPS, OPT_IN, REMEDIES, SKIPPED
from access_service.storage.blocks import UNTIL_LIFTED
from access_service.verdict import Matter, Verdict

STILL = {
    Standing.ABSENT: " The school's last roster leaves the student out; the card works all the same.",
    Standing.GRADUATED: " The student has graduated.",
}
OPTED_OUT = "Nothing, unless the family asks for the card again."
# What no desk can do: the service's people have its files and commands.
BEYOND = {
    SKIPPED,
    *(
        REMEDIES[code]
        for code in (
            Exclusion.UNKNOWN_SCHOOL,
            Exclusion.GRADE_NOT_SERVED,
            Exclusion.NUMBER_PATTERN,
            Exclusion.NUMBER_TOO_LONG,
            Exclusion.NUMBER_IN_ILS,
            Exclusion.ID_RECYCLED,
            Exclusion.ROLE_CHANGED,
        )
    ),
}
OWN_CARD = "Is it a card of the library's own? Look it up in the library system. Is it a student's? "
NOT_NOW = frozenset({Matter.LOCKED, Matter.STOPPED, Matter.SPENT})


class Said(NamedTuple):
    """An answer. `kind` is a style: good, wait or bad."""

    kind: str
    word: str
    why: str
    step: str


def said(verdict: Verdict, record: PatronRecord) -> Said:
    """The answer about one patron."""
    if verdict.works:
        return Said("good", "Works", *_works(verdict))
    word = "Not just now" if verdict.matter in NOT_NOW else "Does not work"
    return Said("wait" if verdict.matter in NOT_NOW else "bad", word, *_fails(verdict, record))


def said_of_nobody(told: Explanation) -> tuple[str, str]:
    """The word about a number that finds no one patron, and what the desk can do."""
    step, unknown = told.next_step, NEXT_STEPS[Standing.UNKNOWN]
    if step == OPT_IN:
        return "Opted out", OPTED_OUT
    if told.standing is Standing.AMBIGUOUS:
        return "Two have this number", _sentence(step)
    if step in (*REMEDIES.values(), SKIPPED):
        return "No card", f"Tell whoever looks after the service: {step}." if step in BEYOND else _sentence(step)
    if step == unknown:
        return "Nobody's number", _sentence(step)
    return "No student's number", OWN_CARD + _sentence(unknown)


def _sentence(line: str) -> str:
    return f"{line[:1].upper()}{line[1:]}."


def _works(verdict: Verdict) -> tuple[str, str]:
    good = f"The card is good through {verdict.until}.{STILL.get(verdict.explanation.standing, '')}"
    if verdict.matter is Matter.NOT_IN_ILS:
        step = verdict.explanation.next_step
        return f"{good} But the library system does not have it as it is.", _sentence(step)
    if verdict.matter is Matter.PIN_OF_ILS:
        return good, "The library system has the PIN: a forgotten one is changed there."
    return f"{good} It has a PIN.", "Try again with the PIN. Is it forgotten? Give a new one below."


def _fails(verdict: Verdict, record: PatronRecord) -> tuple[str, str]:
    left = f" since {record.left_on}" if record.left_on else ""
    full = record.presence is Presence.CONVERTED
    minutes = max(1, -(-verdict.seconds // 60))
    return {
        Matter.NO_PIN: ("The card is good, and no PIN was made for it.", "Give a new PIN below."),
        Matter.LOCKED: (
            f"Too many wrong PINs: for {minutes} more minute{'s' if minutes > 1 else ''} some"
            " places refuse even the right one.",
            "Unlock it below. Is the PIN forgotten? Give a new one.",
        ),
        Matter.STOPPED: (
            "So many wrong PINs came that none is tried any more, anywhere: somebody may be guessing.",
            "Give a new PIN below, or unlock it if it was the student.",
        ),
        Matter.SPENT: (
            f"Too many wrong PINs, of others, came through {', '.join(verdict.clients)}: it refuses for a while who is"
            " new there. Elsewhere the card works.",
            "Tell whoever looks after the service.",
        ),
        Matter.BLOCKED: (_blocked(verdict), "Settle that, and lift the block below."),
        Matter.BLOCKED_BY_ILS: (
            "The library system blocks the card.",
            "Settle it there: the block ends here after the next night.",
        ),
        Matter.EXPIRED: (
            f"The card ended on {verdict.until}.",
            "It is a full library card: an administrator gives it a new date."
            if full
            else "The school's next roster with the student renews it. Is it late? Ask an administrator.",
        ),
        Matter.AGREEMENT_OVER: (
            f"The agreement with the school district has ended, and the card with it on {verdict.until}.",
            "Offer a card of the library's own.",
        ),
        Matter.LEFT: (
            f"The school's roster {'has not had' if left else 'does not have'} the student{left}.",
            "Still at the school? Ask the school to put them in its roster: the card works the morning after.",
        ),
        Matter.REFUSED: (
            f"The school's roster has the student, and the rules {'have given' if left else 'give'} no card{left}.",
            f"What helps: {verdict.explanation.next_step}.",
        ),
    }[verdict.matter]


def _blocked(verdict: Verdict) -> str:
    block = verdict.block
    if block is None:
        return "The card is blocked."
    ends = "until somebody lifts that" if block.until == UNTIL_LIFTED else f"through {block.until}"
    return f"The library blocks the card {ends}: {block.reason}"


def shown_name(record: PatronRecord, *, whole: bool) -> str:
    """The name as far as somebody may read it."""
    given, family = record.patron.given_name.split(), record.patron.family_name.strip()
    short = [*given[:1], f"{family[:1]}."] if family else given[:1]
    return " ".join([*given, family] if whole else short).strip() or "(no name)"
