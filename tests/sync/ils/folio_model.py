"""A model of FOLIO: mod-user-import as its code has it, over users that staff keep things in."""

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.sync.ils.http_server import Asked, Said

TENANT, USER, WORD = "diku", "loader", "a word of secret"
GROUPS = ("STUDENT-K5", "STUDENT-612", "EDUCATOR", "STU-ELEM")
KEPT = {"tags": {"tagList": ["kept by staff"]}, "customFields": {"kept": "by staff"}}


@dataclass
class FolioModel:
    """`users` by their id. `breaks_on` is an external system ID with which the whole import breaks."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: int = 0
    breaks_on: str = ""

    def __call__(self, asked: Asked) -> Said:
        if asked.headers.get("x-okapi-tenant") != TENANT:
            return Said(400, {"errorMessage": "no tenant"})
        if asked.path == "/authn/login-with-expiry":
            return self._login(asked)
        if asked.headers.get("x-okapi-token") != f"t{self.tokens}":
            return Said(401, {"errorMessage": "Invalid token"})
        if asked.path == "/user-import":
            return self._import(asked.json)
        if asked.method == "PUT":
            self.users[asked.path.rsplit("/", 1)[1]] = asked.json
            return Said(204)
        return self._query(asked.query["query"])

    def add(self, number: str, external: str, **changed: Any) -> None:
        """Staff register somebody, or an earlier load did."""
        one = {"username": number, "externalSystemId": external, "barcode": number, "active": True, **KEPT}
        self._put(
            {**one, "patronGroup": GROUPS[0], "personal": {"lastName": "Old", "email": "a@example.org"}, **changed}
        )

    def by_number(self) -> dict[str, dict[str, Any]]:
        return {user["barcode"]: user for user in self.users.values()}

    def _put(self, user: dict[str, Any]) -> None:
        one = user.get("id") or next(f"u{n}" for n in count() if f"u{n}" not in self.users)
        self.users[one] = {**user, "id": one}

    def _login(self, asked: Asked) -> Said:
        if asked.json != {"username": USER, "password": WORD}:
            return Said(422, {"errors": [{"message": f"{WORD} is wrong"}]})
        self.tokens += 1
        return Said(201, {}, {"Set-Cookie": f"folioAccessToken=t{self.tokens}; Max-Age=600; Path=/; HttpOnly"})

    def _query(self, query: str) -> Said:
        name, wanted = query.split("==", 1)
        values = re.findall(r'"([^"]*)"', wanted)
        return Said(200, {"users": [user for user in self.users.values() if user.get(name) in values]})

    def _import(self, document: dict[str, Any]) -> Said:
        users = [
            {**user, "externalSystemId": f"{document['sourceType']}_{user['externalSystemId']}"}
            for user in document["users"]
        ]
        assert document["totalRecords"] == len(users) <= 500 and not document["deactivateMissingUsers"]
        if any(user["externalSystemId"] == self.breaks_on for user in users):
            return Said(500, {"error": "Failed to import users.", "message": "", "totalRecords": len(users)})
        failed = [failure for user in users if (failure := self._one(user))]
        return Said(
            200, {"message": "", "totalRecords": len(users), "failedRecords": len(failed), "failedUsers": failed}
        )

    def _one(self, user: dict[str, Any]) -> dict[str, str] | None:
        there = next((u for u in self.users.values() if u["externalSystemId"] == user["externalSystemId"]), {})
        said = {"username": user["username"], "externalSystemId": user["externalSystemId"]}
        if user.get("patronGroup", GROUPS[0]) not in GROUPS:
            return {**said, "errorMessage": f"Patron group does not exist: {user['patronGroup']}"}
        others = [other for other in self.users.values() if other is not there]
        if any(other["username"] == user["username"] or other["barcode"] == user.get("barcode") for other in others):
            return {**said, "errorMessage": "Failed to create new user"}
        self._put({**there, **user})
        return None
