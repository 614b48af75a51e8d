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
from sync.ils.formats.by_hand import by_hand
from sync.ils.orders import PERSONAL, Account, Order
from sync.ils.shape import Format, LoadFile, by_action, slices

_ROWS = 5_000
_SAID_LATER = frozenset({None, AccountField.FORMER_NUMBER, AccountField.PIN})
_NEVER_BLANK = frozenset({AccountField.NUMBER, AccountField.KEY})

Cells = Callable[[Sequence[Order]], Iterable[str]]


def files(orders: Sequence[Order], template: CsvTemplate, *, staff_expire: bool = False) -> Iterator[LoadFile]:
    """A file for each action and, of updates, each set of fields. With `staff_expire` those who opted out are a list
    for staff."""
    for part, these in by_action(orders):
        if staff_expire and these[0].action is Action.EXPIRE:
            yield by_hand(part, these)
            continue
        sets: dict[frozenset[AccountField], list[Order]] = defaultdict(list)
        for order in these:
            sets[order.fields].append(order)
        for told, some in sorted(sets.items(), key=lambda item: sorted(item[0])):
            yield _file(part, some, told, template)


def _file(part: str, orders: Sequence[Order], told: frozenset[AccountField], template: CsvTemplate) -> LoadFile:
    action = orders[0].action
    columns = [column for column in template.columns if _has(column, action, told)]
    fields = "".join(f"-{name}" for name in sorted(told)) if action is Action.UPDATE else ""
    return LoadFile(f"{part}{fields.replace('_', '-')}.csv", _chunks(orders, columns, template))


def fields(template: CsvTemplate) -> frozenset[AccountField]:
    """What a template tells of an account."""
    return frozenset(column.field for column in template.columns if column.field) - {AccountField.FORMER_NUMBER}


def renumbers(template: CsvTemplate) -> bool:
    """Whether a file says whose number it is that changes."""
    return any(column.field in {AccountField.FORMER_NUMBER, AccountField.KEY} for column in template.columns)


def unwritable(account: Account, template: CsvTemplate) -> str:
    """Why the file cannot say an account, or "". A PIN is not known yet."""
    for column in template.columns:
        if column.field in _SAID_LATER:
            continue
        value = str(getattr(account, str(column.field)))
        text = column.values.get(value, value)
        if not text and column.always and not column.blank:
            return f"{column.field} is missing, and the ILS takes nobody without it"
        if len(text) > (column.max_length or len(text)):
            return f"{column.field} has {len(text)} characters, and the ILS takes {column.max_length}"
        try:
            text.encode(template.encoding)
        except UnicodeEncodeError:
            return f"{column.field} has a character that {template.encoding} has not"
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
    headers = [column.header for column in columns]
    writer.writerows([headers] * (template.header + template.second_row))
    cells = [_cells(column, template) for column in columns]
    for some in slices(orders, _ROWS):
        writer.writerows(zip(*(of(some) for of in cells), strict=False))
        yield text.getvalue().encode(template.encoding)
        text.seek(0)
        text.truncate()


def _cells(column: Column, template: CsvTemplate) -> Cells:
    """A column of a file. A first load has millions of cells: most are looked up, and few are asked what they say."""
    if column.constant is not None:
        constant = column.constant
        return lambda _: repeat(constant)
    if column.field is AccountField.FORMER_NUMBER:
        return lambda orders: map(attrgetter("former"), orders)
    value = attrgetter(f"account.{column.field}")
    if column.field in _NEVER_BLANK and not (column.values or column.nested):
        prefixed = column.prefix.__add__
        return lambda orders: map(prefixed, map(value, orders))
    if not (column.values or column.blank or column.prefix or column.nested or column.field is AccountField.EXPIRES):
        return lambda orders: map(value, orders)

    def said(value: str | date) -> str:
        text = value.strftime(template.date) if isinstance(value, date) else column.values.get(value, value)
        text = f"{column.prefix}{text}" if text else column.blank
        return _nested(text) if column.nested else text

    # Codes and dates are few, and names are many.
    once = said if column.nested or column.field in PERSONAL else cache(said)
    return lambda orders: map(once, map(value, orders))


def _nested(text: str) -> str:
    if "," not in text and '"' not in text:
        return text
    return '"' + text.replace('"', '""') + '"'


def _template(ils: Ils) -> CsvTemplate:
    assert ils.csv  # noqa: S101 - checked with the configuration
    return ils.csv


FORMAT = Format(
    fields=lambda ils: fields(_template(ils)),
    files=lambda orders, ils: files(orders, _template(ils)),
    fault=lambda account, ils: unwritable(account, _template(ils)),
    renumbers=lambda ils: renumbers(_template(ils)),
)
