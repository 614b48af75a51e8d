"""FOLIO's user import as calls, and its own users for whom the import cannot find."""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from access_service.ils import Action, Folio, Ils
from access_service.settings import secret
from sync.ils.api import Api, LogIn, RefusedError, telling_together
from sync.ils.formats.folio_import import document, expiry, settings
from sync.ils.orders import Order
from sync.ils.shape import CallTogether

_UNSAID = "FOLIO does not say why"
_TOKEN = re.compile(r"\bfolioAccessToken=([^;,\s]+)")


def together(ils: Ils) -> AbstractContextManager[CallTogether]:
    """As Format wants it."""
    return telling_together(ils, _log_in(settings(ils)), _tell)


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
    if orders[0].action is Action.EXPIRE:
        return [_expire(api, order, settings(ils)) for order in orders]
    said = api.ask("POST", "user-import", json.loads(document(orders, ils))).body
    if not isinstance(said, dict):
        raise api.trouble("what answers is no user import; check [ils.delivery] url")
    failed = {user.get("externalSystemId"): user.get("errorMessage") or _UNSAID for user in said.get("failedUsers", ())}
    source = settings(ils).source_type
    # A user who failed before the import looked at the source has no source.
    answers = [failed.get(f"{source}_{order.account.key}") or failed.get(order.account.key, "") for order in orders]
    if said.get("failedRecords", 0) != sum(map(bool, answers)):
        raise RefusedError(_UNSAID)
    return answers


def _expire(api: Api, order: Order, folio: Folio) -> str:
    """One who opted out, if that number is still of a user of ours."""
    number = order.account.library_number
    try:
        query = quote(f'barcode=="{number}"')
        found: list[dict[str, Any]] = api.ask("GET", f"users?query={query}&limit=2").body["users"]
        for user in found:
            if not str(user.get("externalSystemId", "")).startswith(f"{folio.source_type}_"):
                return "the number is of a user who is not from us"
            ended = {**user, "active": False, "expirationDate": expiry(order.account.expires)}
            api.ask("PUT", f"users/{quote(str(user['id']))}", ended)
    except RefusedError as error:
        return str(error)
    return ""
