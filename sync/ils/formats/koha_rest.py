"""Koha's REST API, patron by patron.

A PUT must have surname, library and category whatever changes, so it says those again that are there.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pydantic import BaseModel, TypeAdapter

from access_service.ils import AccountField, Action, Ils
from sync.ils.api import Api, RefusedError, There, client_credentials, tell, telling, the_one
from sync.ils.orders import Order
from sync.ils.shape import USUAL, Call, Format

_NAMES = {
    AccountField.NUMBER: "cardnumber",
    AccountField.FAMILY_NAME: "surname",
    AccountField.GIVEN_NAME: "firstname",
    AccountField.PATRON_TYPE: "category_id",
    AccountField.BRANCH: "library_id",
    AccountField.EXPIRES: "expiry_date",
}
_ALWAYS = {"surname", "library_id", "category_id"}
# An account that is younger may be one whose making was cut off before it had its PIN.
_NEW = timedelta(days=7)


class _Attribute(BaseModel):
    type: str
    value: str


class _Patron(BaseModel):
    """What of a record is read. What the key's user may not see is null."""

    patron_id: int
    cardnumber: str | None
    surname: str | None
    library_id: str | None
    category_id: str | None
    date_enrolled: date | None = None
    extended_attributes: list[_Attribute] = []


class _Made(BaseModel):
    patron_id: int


_FOUND, _MADE = TypeAdapter(list[_Patron]), TypeAdapter(_Made)


@dataclass(frozen=True)
class Koha:
    """A library's patrons in Koha. `code` is the attribute type of our keys."""

    api: Api
    code: str

    def with_key(self, key: str) -> There | None:
        found = self._found({"extended_attributes.code": self.code, "extended_attributes.value": key})
        return self._one([(there, there.keys) for there in found], key)

    def with_number(self, number: str) -> There | None:
        return self._one([(there, there.numbers) for there in self._found({"cardnumber": number})], number)

    def make(self, order: Order) -> None:
        key = {"type": self.code, "value": order.account.key}
        answer = self.api.ask("POST", "patrons", _said(order) | {"extended_attributes": [key]})
        self._set_pin(str(self.api.shaped(answer, _MADE).patron_id), order)

    def change(self, there: There, order: Order) -> None:
        record: _Patron = there.record
        said = record.model_dump(include=_ALWAYS) | _said(order)
        self.api.ask("PUT", f"patrons/{there.at}", said)
        if record.date_enrolled and record.date_enrolled > datetime.now(UTC).date() - _NEW:
            self._set_pin(there.at, order)

    def _set_pin(self, at: str, order: Order) -> None:
        if order.action is not Action.CREATE or not (pin := order.account.pin):
            return
        try:
            self.api.ask("POST", f"patrons/{at}/password", {"password": pin, "password_2": pin})
        except RefusedError as error:
            raise RefusedError(f"made, but its PIN was refused: {error}") from error

    def _found(self, query: Mapping[str, str]) -> Iterator[There]:
        headers = {"x-koha-query": json.dumps(query), "x-koha-embed": "extended_attributes"}
        for record in self.api.shaped(self.api.ask("GET", "patrons", headers=headers), _FOUND):
            if None in (record.surname, record.library_id, record.category_id):
                raise RefusedError("our key's user may not see the account of this number or key in Koha")
            yield self._there(record)

    def _one(self, found: Sequence[tuple[There, Collection[str]]], wanted: str) -> There | None:
        if any(wanted.casefold() not in map(str.casefold, has) for _, has in found):
            # Somebody else's account would be taken for none.
            raise self.api.trouble("it did not look for what was asked; Koha 22.11 or later does")
        return the_one(there for there, has in found if wanted in has)

    def _there(self, record: _Patron) -> There:
        keys = tuple(each.value for each in record.extended_attributes if each.type == self.code)
        numbers = (record.cardnumber,) if record.cardnumber else ()
        return There(str(record.patron_id), numbers, keys, str(record.category_id), record)


def _said(order: Order) -> dict[str, str]:
    return {there: str(getattr(order.account, name)) for name, there in _NAMES.items() if name in order.fields}


def _code(ils: Ils) -> str:
    assert ils.koha_rest  # noqa: S101 - checked with the configuration
    return ils.koha_rest.key_attribute


def _api(ils: Ils) -> AbstractContextManager[Call]:
    log_in = client_credentials("oauth/token", basic=False)
    return telling(ils, log_in, lambda api, order: tell(Koha(api, _code(ils)), order, ils))


FORMAT = Format(
    fields=lambda _: USUAL,
    lengths={AccountField.NUMBER: 32, AccountField.BRANCH: 10, AccountField.PATRON_TYPE: 10, AccountField.KEY: 255},
    needed=frozenset({AccountField.FAMILY_NAME, AccountField.BRANCH, AccountField.PATRON_TYPE}),
    api=_api,
)
