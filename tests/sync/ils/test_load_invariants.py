"""Whatever happens, and however often a delivery comes: the ILS ends with the patrons that we have."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from access_service.errors import OperatorError
from sync import ils
from sync.renumber import renumber
from tests.sync.ils.model import ModelIls
from tests.sync.ils.test_load import ils as csv_ils
from tests.sync.nights import Nights
from tests.sync.test_invariants import district, on_sqlite, stored
from tests.sync.test_opt_out_invariants import SLOW, STEPS, Decide, Never, Out, decide

# Templates of library numbers, to be changed between two nights.
TEMPLATES = st.tuples(st.integers(0, 9), st.sampled_from(("29{student_number}", "3100{student_number}")))

Delivery = list[tuple[str, bytes]]


@budget(max_examples=20, deadline=None, suppress_health_check=SLOW)
@given(
    steps=STEPS,
    templates=st.lists(TEMPLATES, max_size=3),
    away=st.sets(st.integers(0, 9)),
    prefix=st.integers(0, 20),
    chance=st.randoms(use_true_random=False),
)
def test_replaying_a_prefix_leaves_the_same_state(  # noqa: PLR0913, PLR0917 - what is drawn
    empty: Path, steps: list[object], templates: list[tuple[int, str]], away: set[int], prefix: int, chance: Random
) -> None:
    """Nights, undos, opt-outs, new templates; some nights the ILS's folder is away. Each delivery may come several
    times, and all of a prefix once more: the state is that of each once, and in the end that of our patrons."""
    with on_sqlite(empty, district()) as nights:
        for place, template in templates:
            steps.insert(place, template)
        deliveries = told(nights, steps, away)
        for many in (deliveries[:prefix], deliveries):
            once, often, again = ModelIls(), ModelIls(), ModelIls()
            for delivery in many:
                once.load(delivery)
                for _ in range(1 + chance.randrange(3)):
                    often.load(delivery)
            for delivery in many * 2:
                again.load(delivery)
            assert once.state == often.state == again.state
        holds_our_patrons(nights, once)


def told(nights: Nights, steps: list[object], away: set[int]) -> "list[Delivery]":
    """What comes to the ILS's folder in these nights and, at last, by command."""
    folder, deliveries, never = nights.folder / "ils", [], Never(nights)
    nights.ils = csv_ils(folder)
    for number, step in enumerate(steps):
        if number in away:
            folder.rmdir()
        if isinstance(step, Out):
            never.out(step)
        elif isinstance(step, Decide):
            decide(nights, step)
        elif isinstance(step, str):
            give_numbers(nights, step)
        else:
            nights.night(step)  # type: ignore[arg-type]
        folder.mkdir(exist_ok=True)
        deliveries.append(taken(folder))
    assert not ils.load(ils.loading_of(nights.job(None)), nights.folder / "spool").late
    return [*deliveries, taken(folder)]


def give_numbers(nights: Nights, template: str) -> None:
    """By another template, unless somebody's number is in the way."""
    example = {"student_number": "1", "school": "999", "grade": "03", "excluded": "unknown_school"}
    nights.configure(rules={"library_number": template}, examples=[example])
    with suppress(OperatorError):
        renumber(nights.job(None), "a test")


def taken(folder: Path) -> Delivery:
    found = [(file.name, file.read_bytes()) for file in sorted(folder.iterdir())]
    for file in folder.iterdir():
        file.unlink()
    return found


def holds_our_patrons(nights: Nights, model: ModelIls) -> None:
    """Everybody who may come in is there as we have them; whoever else is there has expired."""
    accounts = {account["barcode"]: account for account in model.accounts}
    assert len(accounts) == len(model.accounts)
    today = nights.now.date()
    for record in stored(nights).values():
        account, patron = accounts.pop(record.patron.library_number, None), record.patron
        if record.presence == "left":
            assert record.left_on
            assert account is None or account["expires"] == f"{record.left_on - timedelta(days=1)}"
            continue
        assert account, "not told"
        assert (account["first"], account["last"]) == (patron.given_name, patron.family_name)
        assert (account["type"], account["home"]) == (patron.patron_type, patron.branch)
        assert account["expires"] == patron.expires.isoformat()
    assert all(account["expires"] < today.isoformat() for account in accounts.values())
