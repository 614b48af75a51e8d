"""FOLIO's user import as calls, and its own users for whom the import cannot find."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from access_service.ils import Action, Folio, Ils
from access_service.settings import secret
from sync.ils.api import Api, LogIn, RefusedError, telling_together
from sync.ils.formats.folio_import import document, expiry, settings
from sync.ils.orders import Order
from sync.ils.shape import CallTogether

# An address has an end; the import asks for ten at a time.
_IN_A_QUERY = 10
_UNSAID = "FOLIO does not say why"
_TOKEN = re.compile(r"\bfolioAccessToken=([^;,\s]+)")


class _User(BaseModel):
    """A user as they are. What is not named here goes back as it came."""

    model_config = ConfigDict(extra="allow")

    id: str
    external: str | None = Field(default=None, alias="externalSystemId")
    barcode: str | None = None
    type: str | None = None


class _Users(BaseModel):
    users: list[_User]


class _Failed(BaseModel):
    external: str = Field(alias="externalSystemId")
    why: str | None = Field(default=None, alias="errorMessage")


class _Imported(BaseModel):
    count: int = Field(default=0, alias="failedRecords")
    failed: list[_Failed] = Field(default=[], alias="failedUsers")
    message: str


_FOUND, _IMPORTED = TypeAdapter(_Users), TypeAdapter(_Imported)


def together(ils: Ils) -> AbstractContextManager[CallTogether]:
    """As Format wants it."""
    return telling_together(ils, _log_in(settings(ils)), partial(_tell, ils=ils))


def _log_in(folio: Folio) -> LogIn:
    tenant = {"X-Okapi-Tenant": folio.tenant}

    def log_in(api: Api) -> Mapping[str, str]:
        who = {"username": secret("ILS_API_KEY"), "password": secret("ILS_API_SECRET")}
        said = {"Content-Type": "application/json", **tenant}
        answer = api.send("POST", "authn/login-with-expiry", json.dumps(who).encode(), said)
        token = _TOKEN.search(answer.headers.get("Set-Cookie", ""))
        if answer.status != HTTPStatus.CREATED or not token:
            # Its words could say the secret again.
            raise api.trouble(
                f"no token for ILS_API_KEY and ILS_API_SECRET (HTTP {answer.status}); check both, and tenant in"
                " [ils.folio]. It is not tried again tonight, so that the account is not locked"
            )
        return {**tenant, "X-Okapi-Token": token[1]}

    return log_in


def _tell(api: Api, orders: Sequence[Order], ils: Ils) -> list[str]:
    folio, action = settings(ils), orders[0].action
    if action is Action.EXPIRE:
        return [_expire(api, order, folio) for order in orders]
    ids = [f"{folio.source_type}_{order.account.key}" for order in orders]
    left = {} if action is Action.CREATE else _left_alone(api, dict(zip(ids, orders, strict=True)))
    some = [order for order, one in zip(orders, ids, strict=True) if one not in left]
    failed = _import(api, some, ils) if some else {}
    # A user who failed before the import looked at the source has no source.
    answers = [failed.get(one) or failed.get(order.account.key, "") for order, one in zip(orders, ids, strict=True)]
    if len(failed) != sum(map(bool, answers)):
        raise RefusedError(_UNSAID)
    return [left.get(one, words) for words, one in zip(answers, ids, strict=True)]


def _left_alone(api: Api, orders: Mapping[str, Order]) -> dict[str, str]:
    """Whom the import would make anew though staff deleted them, or would change though they are not ours any more."""
    there: dict[str | None, _User] = {}
    ids = list(orders)
    for start in range(0, len(ids), _IN_A_QUERY):
        some = ids[start : start + _IN_A_QUERY]
        query = quote(f"externalSystemId==({' or '.join(map(_quoted, some))})")
        there |= {user.external: user for user in _users(api, query, len(some))}
    return {one: why for one, order in orders.items() if (why := _why(order, there.get(one)))}


def _why(order: Order, user: _User | None) -> str:
    if user is None:
        return "not in FOLIO under this key; staff may have deleted it"
    if user.type not in {None, "patron"}:
        return f"its type in FOLIO is {user.type!r}, and we change patrons alone"
    if user.barcode not in {order.account.library_number, order.former}:
        return "it has another number in FOLIO; staff may have changed it"
    return ""


def _import(api: Api, orders: Sequence[Order], ils: Ils) -> dict[str, str]:
    """Who failed, with the reason."""
    said = api.shaped(api.ask("POST", "user-import", json.loads(document(orders, ils))), _IMPORTED)
    failed = {user.external: user.why or _UNSAID for user in said.failed}
    if bool(failed) != bool(said.count):
        raise RefusedError(_UNSAID)
    return failed


def _users(api: Api, query: str, most: int) -> list[_User]:
    return api.shaped(api.ask("GET", f"users?query={query}&limit={most}"), _FOUND).users


def _quoted(value: str) -> str:
    return f'"{value}"'


def _expire(api: Api, order: Order, folio: Folio) -> str:
    """One who opted out, if that number is still of a user of ours."""
    try:
        for user in _users(api, quote(f"barcode=={_quoted(order.account.library_number)}"), 2):
            if not (user.external or "").startswith(f"{folio.source_type}_"):
                return "the number is of a user who is not from us"
            whole = user.model_dump(by_alias=True, exclude_unset=True)
            ended = {**whole, "active": False, "expirationDate": expiry(order.account.expires)}
            api.ask("PUT", f"users/{quote(user.id, safe='')}", ended)
    except RefusedError as error:
        return str(error)
    return ""
