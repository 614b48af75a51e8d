"""Any CSV, by the columns of [ils.csv].

Updates go into a file for each set of fields that are to be told: nearly every loader overwrites with what it is given,
blanks included, so no file has a column of a field that is not.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from io import StringIO
from itertools import repeat
from operator import attrgetter

from access_service.ils import AccountField, Action, Column, CsvTemplate, Ils
from sync.ils.orders import Account, Order
from sync.ils.shape import Format, LoadFile

_ROWS = 5_000
_PLACE = {Action.RENUMBER: 1, Action.CREATE: 2, Action.UPDATE: 3, Action.EXPIRE: 4}

Cells = Callable[[Sequence[Order]], Iterable[str]]


def files(orders: Sequence[Order], template: CsvTemplate, suffix: str = ".csv") -> Iterator[LoadFile]:
    """A file for each action and, of updates, each set of fields."""
    sets: dict[tuple[Action, frozenset[AccountField]], list[Order]] = defaultdict(list)
    for order in orders:
        sets[order.action, order.fields].append(order)
    for (action, told), these in sorted(sets.items(), key=lambda item: (_PLACE[item[0][0]], sorted(item[0][1]))):
        columns = [column for column in template.columns if _has(column, action, told)]
        fields = "".join(f"-{name}" for name in sorted(told)) if action is Action.UPDATE else ""
        part = f"{_PLACE[action]}-{action}{fields.replace('_', '-')}{suffix}"
        yield LoadFile(part, _chunks(these, columns, template))


def fields(template: CsvTemplate) -> frozenset[AccountField]:
    """What a template tells of an account."""
    return frozenset(column.field for column in template.columns if column.field) - {AccountField.FORMER_NUMBER}


def renumbers(template: CsvTemplate) -> bool:
    """Whether a file says whose number it is that changes."""
    return any(column.field in {AccountField.FORMER_NUMBER, AccountField.KEY} for column in template.columns)


def unwritable(account: Account, template: CsvTemplate) -> str:
    """Why the file cannot say an account, or ""."""
    for name in fields(template):
        try:
            str(getattr(account, name)).encode(template.encoding)
        except UnicodeEncodeError:
            return f"{name} has a character that {template.encoding} has not"
    return ""


def _has(column: Column, action: Action, told: frozenset[AccountField]) -> bool:
    if action not in column.parts:
        return False
    match column.field:
        case None | AccountField.NUMBER | AccountField.KEY:
            # Of one who opted out the key is not known any more.
            return not (column.field is AccountField.KEY and action is Action.EXPIRE)
        case AccountField.FORMER_NUMBER:
            return action is Action.RENUMBER
        case AccountField.PIN if action is not Action.CREATE:
            return False
    return column.always or column.field in told


def _chunks(orders: Sequence[Order], columns: Sequence[Column], template: CsvTemplate) -> Iterator[bytes]:
    text = StringIO()
    writer = csv.writer(text, delimiter=template.delimiter, lineterminator=template.line_end)
    if template.header:
        writer.writerow([column.header for column in columns])
    cells = [_cells(column, template) for column in columns]
    for start in range(0, len(orders), _ROWS):
        some = orders[start : start + _ROWS]
        writer.writerows(zip(*(of(some) for of in cells), strict=False))
        yield text.getvalue().encode(template.encoding)
        text.seek(0)
        text.truncate()


def _cells(column: Column, template: CsvTemplate) -> Cells:
    """A column of a file. A first load has millions of cells, so most are looked up and none is asked twice what it
    says."""
    if column.constant is not None:
        constant = column.constant
        return lambda _: repeat(constant)
    if column.field is AccountField.FORMER_NUMBER:
        return lambda orders: map(attrgetter("former"), orders)
    value = attrgetter(f"account.{column.field}")
    if not (column.values or column.blank or column.field is AccountField.EXPIRES):
        return lambda orders: map(value, orders)

    @cache
    def said(value: str | date) -> str:
        text = value.strftime(template.date) if isinstance(value, date) else column.values.get(value, value)
        return text or column.blank

    return lambda orders: map(said, map(value, orders))


def _template(ils: Ils) -> CsvTemplate:
    assert ils.csv  # noqa: S101 - checked with the configuration
    return ils.csv


FORMAT = Format(
    fields=lambda ils: fields(_template(ils)),
    files=lambda orders, ils: files(orders, _template(ils)),
    fault=lambda account, ils: unwritable(account, _template(ils)),
    renumbers=lambda ils: renumbers(_template(ils)),
)
