"""Polaris's patron import in Leap.

Whatever it wants in every row it overwrites. It finds an account by its barcode alone, so it can change none; and of
one who opted out we do not have what it wants, so that file is for a person.
"""

from functools import partial

from access_service.ils import AccountField, Action, Column, CsvTemplate, Ils, Polaris
from sync.ils.formats import csv_template
from sync.ils.orders import Account
from sync.ils.shape import USUAL, Format

_OF_SOMEBODY = frozenset({Action.CREATE, Action.UPDATE})


def template(ils: Ils) -> CsvTemplate:
    """The columns in the order of the vendor's list, with a second row that the import passes over."""
    polaris = _polaris(ils)
    needed = partial(Column, always=True, parts=_OF_SOMEBODY)
    codes = {name: str(code) for name, code in polaris.patron_codes.items()}
    branches = {name: str(code) for name, code in polaris.branches.items()}
    return CsvTemplate(
        columns=(
            # 7 makes an account or updates it, so that a load that comes twice makes none twice.
            needed(header="TransactionCode", constant="7"),
            needed(header="PatronLastName", field=AccountField.FAMILY_NAME),
            needed(header="PatronFirstName", field=AccountField.GIVEN_NAME),
            needed(header="PatronCodeID", field=AccountField.PATRON_TYPE, values=codes),
            needed(header="PatronBranchID", field=AccountField.BRANCH, values=branches),
            Column(header="PatronBarcode", field=AccountField.NUMBER),
            Column(header="ExpirationDate", field=AccountField.EXPIRES, always=True),
            Column(header="PatronPassword", field=AccountField.PIN),
            needed(header="LanguageID", constant=str(polaris.language)),
            needed(header="MaintainReadingList", constant=str(int(polaris.reading_list))),
            Column(header=polaris.key_column, field=AccountField.KEY, parts=frozenset({Action.CREATE})),
        ),
        # Good through the whole of its last day.
        date="%Y-%m-%d 23:59:59",
        second_row=True,
    )


def _polaris(ils: Ils) -> Polaris:
    assert ils.polaris  # noqa: S101 - checked with the configuration
    return ils.polaris


def _unknown(account: Account, ils: Ils) -> str:
    """Polaris takes numbers alone."""
    polaris = _polaris(ils)
    if account.patron_type not in polaris.patron_codes:
        return f"patron_type {account.patron_type!r} has no number in [ils.polaris] patron_codes; add it there"
    if account.branch not in polaris.branches:
        return f"branch {account.branch!r} has no number in [ils.polaris] branches; add it there"
    return ""


FORMAT = Format(
    fields=lambda _: USUAL,
    lengths={
        AccountField.NUMBER: 20,
        AccountField.FAMILY_NAME: 100,
        AccountField.GIVEN_NAME: 32,
        AccountField.PIN: 16,
    },
    needed=frozenset({AccountField.FAMILY_NAME}),
    files=lambda orders, ils: csv_template.files(orders, template(ils), staff_expire=True),
    fault=_unknown,
    renumbers=lambda _: False,
)
