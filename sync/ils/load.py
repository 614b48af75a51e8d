"""Tell the ILS what it does not know yet: what an earlier night could not deliver first, then what is new."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby, repeat
from pathlib import Path
from typing import Any

from access_service.errors import ConfigError, OperatorError
from access_service.ils import Action, Ils
from access_service.storage import ils as storage
from access_service.storage.ils import Load
from sync.alone import alone
from sync.ils.delivery import put_files
from sync.ils.formats import FORMATS
from sync.ils.loads import Loading, acknowledge, as_of_now, compare, give_up, left_alone, make, orders_of
from sync.ils.orders import Order, counts
from sync.ils.shape import BY_HAND
from sync.ils.trouble import UndeliveredError

# Answers of an API are noted so often: after a stop so many orders are told again.
NOTED_EVERY = 100

Call = Callable[[Sequence[Order]], Iterable[str]]


@dataclass(slots=True)
class Told:
    """What became of a night's load: the numbers delivered, what they said, whom the ILS refused or we kept back, and
    why the last one is late. `first` is what a preview finds late already."""

    numbers: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    kept_back: int = 0
    waiting: int = 0
    files: list[str] = field(default_factory=list)
    late: str = ""
    first: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if getattr(self, name)}

    def as_text(self) -> str:
        """A line."""
        told = ", ".join(f"{count:,} {action}" for action, count in self.counts.items() if count)
        numbers = " and ".join(map(str, self.numbers))
        parts = [f"{numbers} delivered: {told}" if self.numbers else "nothing to tell the ILS"]
        parts += [f"{self.refused:,} refused"] if self.refused else []
        parts += [f"{self.kept_back:,} kept back"] if self.kept_back else []
        if self.refused or self.kept_back:
            parts[-1] += " (`roster-sync accounts list` says why)"
        parts += [f"{self.waiting:,} wait for an extract, or a decision on a match"] if self.waiting else []
        if for_staff := [name for name in self.files if BY_HAND in name]:
            parts.append(f"for staff to do: {', '.join(for_staff)}")
        if self.late:
            parts = [*(parts if self.numbers else ()), f"LATE: {self.late}"]
        return "; ".join(parts)


def preview(loading: Loading, *, whole: bool = False) -> Told:
    """What a load would tell now, after the one that is yet to be delivered. Writes nothing."""
    with loading.databases.reader.connect() as connection:
        late = storage.ready(connection, loading.code)
    found = compare(loading, whole=whole, first=(_late_orders(loading, late, whole=whole) or ()) if late else ())
    told = Told(kept_back=len(found.kept_back), waiting=found.waiting)
    if late:
        told.first = f"load {late.number} of {sum(late.counts.values()):,} orders, which is late"
    told.counts = dict(counts(found.orders))
    return told


def load(loading: Loading, spool: Path, *, whole: bool = False) -> Told:
    """Deliver what is late, then what is new. Never raises for a delivery that fails: `late` says so.

    Errors: BusyError where another load is under way; what a database refuses.
    """
    told = Told()
    busy = f"another load of {loading.code!r} is under way; wait for it to end"
    with alone(loading.databases, spool, f"{loading.code} load", busy):
        try:
            with loading.databases.reader.connect() as connection:
                late = storage.ready(connection, loading.code)
            if late:
                _deliver_late(loading, late, told, whole=whole)
            made = make(loading, whole=whole)
            told.waiting = made.waiting
            if made.load:
                _deliver(loading, made.load, told)
            if made.more and (last := make(loading).load):
                _deliver(loading, last, told)
        except OperatorError as error:
            told.late = str(error)
        with loading.databases.reader.connect() as connection:
            told.kept_back = storage.kept_back(connection, loading.code)
    return told


def _deliver_late(loading: Loading, late: Load, told: Told, *, whole: bool) -> None:
    if _late_orders(loading, late, whole=whole) is None:
        give_up(loading, late)
    else:
        _deliver(loading, late, told)


def _late_orders(loading: Loading, late: Load, *, whole: bool) -> list[Order] | None:
    """None where they do not open with this SYNC_KEY and everybody is told of anyway. Errors: UndeliveredError."""
    try:
        return orders_of(loading, late)
    except OperatorError as error:
        if whole:
            return None
        remedy = f"`roster-sync load {loading.code} --full` gives it up and tells of everybody"
        raise UndeliveredError(f"load {late.number} does not open with this SYNC_KEY; {remedy}") from error


def _deliver(loading: Loading, waiting: Load, told: Told) -> None:
    orders = orders_of(loading, waiting)
    try:
        told.refused += (
            _call(loading, waiting, orders) if _is_called(loading.ils) else _put(loading, waiting, orders, told)
        )
    except OperatorError as error:
        with loading.databases.writer.begin() as connection:
            storage.note_failure(connection, waiting.district, waiting.number, str(error))
        raise
    with loading.databases.writer.begin() as connection:
        storage.delivered(connection, waiting.district, waiting.number, loading.now())
    told.numbers.append(waiting.number)
    for action, count in counts(orders).items():
        told.counts[action] = told.counts.get(action, 0) + count


def _is_called(ils: Ils) -> bool:
    """Whether a load is calls of an API, and not files. Errors: ConfigError where its format cannot be that."""
    form, called = FORMATS[ils.format], ils.delivery.to == "api"
    if (form.api or form.together if called else form.files) is None:
        other = '"folder" or "sftp"' if called else '"api"'
        raise ConfigError(f'[ils.delivery] to: a load in the format "{ils.format}" goes to {other}')
    return called


def _put(loading: Loading, waiting: Load, orders: Sequence[Order], told: Told) -> int:
    form = FORMATS[loading.ils.format]
    assert form.files  # noqa: S101 - as _is_called says
    theirs = left_alone(loading, orders)
    some = [order for order in orders if order.account.patron_id not in theirs]
    told.files += put_files(loading.ils, f"{loading.code}-{waiting.number:06}", form.files(some, loading.ils))
    acknowledge(loading, waiting, orders, [""] * len(orders), len(orders))
    return 0


def _call(loading: Loading, waiting: Load, orders: Sequence[Order]) -> int:
    """From where an earlier night got to; how many were refused. What was answered is noted before more is asked."""
    refused = 0
    with _calling(loading.ils) as call:
        for start in range(waiting.answered, len(orders), NOTED_EVERY):
            # A load may take hours, and somebody may opt out in the midst of it.
            some, answers = as_of_now(loading, orders[start : start + NOTED_EVERY]), list[str]()
            try:
                answers.extend(_answers(call, some, left_alone(loading, some)))
            finally:
                acknowledge(loading, waiting, some[: len(answers)], answers, start + len(answers))
                refused += sum(map(bool, answers))
    return refused


def _answers(call: Call, orders: Sequence[Order], theirs: Collection[int]) -> Iterator[str]:
    """As they come. Of accounts that are staff's by now nothing is told."""

    def key(order: Order) -> tuple[Action, bool]:
        return order.action, order.account.patron_id in theirs

    for (_, is_theirs), these in groupby(orders, key):
        listed = list(these)
        yield from repeat("", len(listed)) if is_theirs else call(listed)


@contextmanager
def _calling(ils: Ils) -> Iterator[Call]:
    """Answers as they come."""
    form = FORMATS[ils.format]
    if form.together:
        with form.together(ils) as call:
            yield call
    else:
        assert form.api  # noqa: S101 - as _is_called says
        with form.api(ils) as one:
            yield partial(map, one)
