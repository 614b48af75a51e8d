"""Sierra's REST API, patron by patron.

What a PUT does not say stays, but a list that it says is the whole list: names and barcodes that are there are said
again.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, Field, TypeAdapter

from access_service.ils import AccountField, Ils
from sync.ils.api import Api, RefusedError, There, client_credentials, tell, telling
from sync.ils.orders import Account, Order
from sync.ils.shape import USUAL, Call, Format

_BARCODE, _UNIQUE_ID = "b", "u"
_READ = "names,barcodes,uniqueIds,patronType"
_NAMED = {AccountField.FAMILY_NAME, AccountField.GIVEN_NAME}


class _Patron(BaseModel):
    """What of a record is read."""

    id: int
    names: list[str] = []
    barcodes: list[str] = []
    unique_ids: list[str] = Field(default=[], alias="uniqueIds")
    patron_type: int | None = Field(default=None, alias="patronType")


_FOUND = TypeAdapter(_Patron)


@dataclass(frozen=True)
class Sierra:
    """A library's patrons in Sierra. `prefix` begins the unique ids that are ours."""

    api: Api
    prefix: str

    def with_key(self, key: str) -> There | None:
        return self._found(_UNIQUE_ID, self.prefix + key)

    def with_number(self, number: str) -> There | None:
        return self._found(_BARCODE, number)

    def make(self, order: Order) -> None:
        self._must_be_free(order.account.library_number, "")
        body = _said(order, (), ()) | {"uniqueIds": [self.prefix + order.account.key]}
        if order.account.pin:
            body["pin"] = order.account.pin
        self.api.ask("POST", "patrons/", body)

    def change(self, there: There, order: Order) -> None:
        if AccountField.NUMBER in order.fields and order.account.library_number not in there.numbers:
            self._must_be_free(order.account.library_number, there.at)
        self.api.ask("PUT", f"patrons/{there.at}", _said(order, there.record.names, there.numbers))

    def _must_be_free(self, number: str, at: str) -> None:
        """Sierra need not refuse a barcode that another patron has."""
        there = self.with_number(number)
        if there and there.at != at:
            raise RefusedError("the number is another account's in the ILS")

    def _found(self, tag: str, content: str) -> There | None:
        asked = urlencode({"varFieldTag": tag, "varFieldContent": content, "fields": _READ})
        answer = self.api.ask("GET", f"patrons/find?{asked}", also={HTTPStatus.NOT_FOUND})
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        record = self.api.shaped(answer, _FOUND)
        if content not in (record.barcodes if tag == _BARCODE else record.unique_ids):
            raise RefusedError("the ILS found another account than the one of this number or key")
        keys = tuple(each for each in record.unique_ids if each.startswith(self.prefix))
        return There(str(record.id), tuple(record.barcodes), keys, str(record.patron_type), record)


def _said(order: Order, names: Sequence[str], barcodes: Sequence[str]) -> dict[str, Any]:
    """What an order tells, where these are there."""
    account, body = order.account, dict[str, Any]()
    if order.fields & _NAMED:
        body["names"] = [_name(account), *names[1:]]
    if AccountField.NUMBER in order.fields:
        number = account.library_number
        body["barcodes"] = [number, *(each for each in barcodes if each != number)]
    if AccountField.PATRON_TYPE in order.fields:
        body["patronType"] = int(account.patron_type)
    if AccountField.BRANCH in order.fields:
        body["homeLibraryCode"] = account.branch
    if AccountField.EXPIRES in order.fields:
        body["expirationDate"] = account.expires.isoformat()
    return body


def _name(account: Account) -> str:
    # The first comma ends the family name.
    family = account.family_name.replace(",", "")
    return f"{family}, {account.given_name}" if account.given_name else family


def _fault(account: Account, ils: Ils) -> str:
    if AccountField.PATRON_TYPE not in ils.never and not (
        account.patron_type.isascii() and account.patron_type.isdigit()
    ):
        return f"patron_type {account.patron_type!r} is no number, as Sierra's are; mend [rules] or [ils] never"
    return ""


def _prefix(ils: Ils) -> str:
    assert ils.sierra  # noqa: S101 - checked with the configuration
    return ils.sierra.key_prefix


def _api(ils: Ils) -> AbstractContextManager[Call]:
    log_in = client_credentials("token", basic=True)
    return telling(ils, log_in, lambda api, order: tell(Sierra(api, _prefix(ils)), order, ils))


FORMAT = Format(
    fields=lambda _: USUAL,
    lengths={AccountField.BRANCH: 5},
    needed=frozenset({AccountField.FAMILY_NAME}),
    api=_api,
    fault=_fault,
)
