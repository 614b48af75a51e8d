"""Koha's patron import: misc/import_patrons.pl, or the plugin that runs the same import.

Koha wants three values in every row, so an update has them though they did not change; docs/connect/koha.md shows how
the loader is told to leave them as they are. Of one who opted out we do not have them: the loader is given some.
"""

from functools import partial

from access_service.ils import AccountField, Action, Column, CsvTemplate, Ils, Koha
from sync.ils.formats import csv_template
from sync.ils.orders import Account
from sync.ils.shape import USUAL, Format

_OF_SOMEBODY = frozenset(Action) - {Action.EXPIRE}
_LONGEST_CATEGORY = 10


def template(koha: Koha) -> CsvTemplate:
    """The columns, never as many as the table of patrons has: Koha would take such a row by position."""
    needed = partial(Column, always=True, parts=_OF_SOMEBODY)
    return CsvTemplate(
        columns=(
            Column(header="cardnumber", field=AccountField.NUMBER),
            needed(header="surname", field=AccountField.FAMILY_NAME),
            Column(header="firstname", field=AccountField.GIVEN_NAME),
            needed(header="branchcode", field=AccountField.BRANCH),
            needed(header="categorycode", field=AccountField.PATRON_TYPE, values=koha.categories),
            Column(header="dateexpiry", field=AccountField.EXPIRES),
            Column(header="password", field=AccountField.PIN),
            Column(header="patron_attributes", field=AccountField.KEY, prefix=f"{koha.attribute}:", nested=True),
        )
    )


def _koha(ils: Ils) -> Koha:
    assert ils.koha  # noqa: S101 - checked with the configuration
    return ils.koha


def _too_long(account: Account, ils: Ils) -> str:
    category = _koha(ils).categories.get(account.patron_type, account.patron_type)
    if len(category) > _LONGEST_CATEGORY:
        return f"patron_type {category!r} is longer than {_LONGEST_CATEGORY}; give it a name in [ils.koha] categories"
    return ""


FORMAT = Format(
    fields=lambda _: USUAL,
    lengths={AccountField.NUMBER: 32, AccountField.BRANCH: 10, AccountField.KEY: 255},
    needed=frozenset({AccountField.FAMILY_NAME, AccountField.BRANCH, AccountField.PATRON_TYPE}),
    files=lambda orders, ils: csv_template.files(orders, template(_koha(ils))),
    fault=_too_long,
)
