"""Evergreen's patron_loader.pl, which is run on its server.

It wants names, profile and library in every row, and `passwd` too, blank where the PIN is to stay. It finds an account
by its user name, which is our key; of one who opted out we do not have it, so that file is for SQL.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from access_service.ils import AccountField, Action, Column, CsvTemplate, Evergreen, Ils
from sync.ils.formats import csv_template
from sync.ils.orders import Order
from sync.ils.shape import Format, LoadFile

_OF_SOMEBODY = frozenset(Action) - {Action.EXPIRE}
_OF_KNOWN = frozenset({Action.RENUMBER, Action.UPDATE})


def template(ils: Ils) -> CsvTemplate:
    assert ils.evergreen  # noqa: S101 - checked with the configuration
    return _template(ils.evergreen)


@cache
def _template(evergreen: Evergreen) -> CsvTemplate:
    def needed(header: str, field: AccountField) -> Column:
        return Column(header=header, field=field, always=True, parts=_OF_SOMEBODY)

    return CsvTemplate(
        columns=(
            Column(header="cardnumber", field=AccountField.NUMBER),
            Column(header="usrname", field=AccountField.KEY, prefix=evergreen.username_prefix),
            needed("family_name", AccountField.FAMILY_NAME),
            needed("first_given_name", AccountField.GIVEN_NAME),
            needed("profile", AccountField.PATRON_TYPE),
            needed("home_library", AccountField.BRANCH),
            Column(header="expire_date", field=AccountField.EXPIRES),
            Column(header="passwd", field=AccountField.PIN),
            Column(header="passwd", constant="", parts=_OF_KNOWN),
            Column(header="ident_value", field=AccountField.KEY, parts=frozenset({Action.CREATE})),
        ),
        encoding="utf-8" if evergreen.unicode else "ascii",
    )


def _files(orders: Sequence[Order], ils: Ils) -> Iterator[LoadFile]:
    assert ils.evergreen  # noqa: S101 - checked with the configuration
    curled = [*map(_curled, orders)] if ils.evergreen.unicode else orders
    yield from csv_template.files(curled, template(ils), staff_expire=True)


def _curled(order: Order) -> Order:
    """The loader stores an apostrophe twice, and the typographic one as it is."""
    account = order.account
    if "'" not in account.family_name and "'" not in account.given_name:
        return order
    family_name, given_name = (name.replace("'", "\u2019") for name in (account.family_name, account.given_name))
    return replace(order, account=replace(account, family_name=family_name, given_name=given_name))


FORMAT = Format(
    fields=lambda ils: csv_template.fields(template(ils)),
    files=_files,
    fault=lambda account, ils: csv_template.unwritable(account, template(ils)),
)
