"""A model of Koha's REST API."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from tests.sync.ils.http_server import Asked, Said
from tests.sync.ils.rest_model import CODE, KEY, SECRET, RestModel, Seen, schema

_STRINGS = ("cardnumber", "surname", "firstname", "library_id", "category_id", "expiry_date", "email", "address")
_ATTRIBUTE = {
    "properties": {"type": {"type": "string"}, "value": {"type": "string"}},
    "required": ["type", "value"],
    "additionalProperties": False,
}
PATRON = schema(
    "koha-patron",
    {
        "properties": {
            **{name: {"type": ["string", "null"]} for name in _STRINGS},
            "extended_attributes": {"type": "array", "items": _ATTRIBUTE},
        },
        "required": ["surname", "library_id", "category_id"],
        "additionalProperties": False,
    },
)
PASSWORD = schema(
    "koha-patron-password",
    {
        "properties": {"password": {"type": "string"}, "password_2": {"type": "string"}},
        "required": ["password", "password_2"],
        "additionalProperties": False,
    },
)
BRANCHES = {"MAPLE", "RIVER"}
CATEGORIES = {"STUDENT-K5", "STUDENT-612", "EDUCATOR", "STAFF", "STU-ELEM", "STU-TEEN"}


class KohaModel(RestModel):
    def knows(self, asked: Asked) -> bool:
        form = parse_qs(asked.text.decode())
        return form == {"grant_type": ["client_credentials"], "client_id": [KEY], "client_secret": [SECRET]}

    def add(self, number: str, key: str = "", **changed: Any) -> int:
        return self._stored(
            {
                "cardnumber": number,
                "surname": "Staffnamed",
                "firstname": "Once",
                "library_id": "MAPLE",
                "category_id": "STUDENT-K5",
                "expiry_date": "2026-09-15",
                "date_enrolled": "2026-01-05",
                "address": "kept by staff",
                "password": "their own",
                "extended_attributes": [{"type": CODE, "value": key}] if key else [],
                **changed,
            }
        )

    def seen(self) -> list[Seen]:
        return sorted(
            Seen(
                (each["cardnumber"],),
                "".join(one["value"] for one in each["extended_attributes"] if one["type"] == CODE),
                f"{each['surname']}, {each['firstname']}",
                each["category_id"],
                each["library_id"],
                each["expiry_date"],
                each["password"],
                each["address"] or "",
            )
            for each in self.records.values()
        )

    def answer(self, asked: Asked) -> Said:
        match asked.method, *asked.path.strip("/").split("/"):
            case "GET", "patrons":
                return self._list(asked)
            case "POST", "patrons":
                return self._add(asked)
            case "PUT", "patrons", at if int(at) in self.records:
                return self._change(int(at), asked)
            case "POST", "patrons", at, "password" if int(at) in self.records:
                return self._password(int(at), asked)
        return Said(404, {"error": "Patron not found"})

    def _list(self, asked: Asked) -> Said:
        query = json.loads(asked.headers["x-koha-query"])
        found = [each for each in self.records.values() if _matches(each, query)]
        embed = asked.headers.get("x-koha-embed") == "extended_attributes"
        hidden = {"password"} if embed else {"password", "extended_attributes"}
        return Said(200, [{name: value for name, value in each.items() if name not in hidden} for each in found])

    def _add(self, asked: Asked) -> Said:
        if refused := self._refused(asked.json, 0):
            return refused
        body = {"firstname": None, "address": None, "extended_attributes": [], **asked.json}
        today = datetime.now(UTC).date().isoformat()
        at = self._stored({**body, "date_enrolled": today, "password": ""})
        return Said(201, {"patron_id": at, **body})

    def _change(self, at: int, asked: Asked) -> Said:
        if refused := self._refused(asked.json, at):
            return refused
        self.records[at].update(asked.json)
        return Said(200, {"patron_id": at})

    def _password(self, at: int, asked: Asked) -> Said:
        if list(PASSWORD.iter_errors(asked.json)) or asked.json["password"] != asked.json["password_2"]:
            return Said(400, {"error": "Passwords don't match"})
        if len(asked.json["password"]) < 3:
            return Said(400, {"error": "Password length is shorter than required: " + asked.json["password"]})
        self.records[at]["password"] = asked.json["password"]
        return Said(200, "")

    def _refused(self, body: Any, at: int) -> Said | None:
        if errors := list(PATRON.iter_errors(body)):
            return Said(400, {"errors": [{"message": error.message, "path": "/body"} for error in errors]})
        for other, each in self.records.items():
            if other != at and each["cardnumber"].lower() == body.get("cardnumber", "").lower() != "":
                return Said(409, {"error": "Duplicate ID", "conflict": "cardnumber"})
        if body["library_id"] not in BRANCHES:
            return Said(400, {"error": "Given library_id does not exist"})
        return None if body["category_id"] in CATEGORIES else Said(400, {"error": "Given category_id does not exist"})

    def _stored(self, record: dict[str, Any]) -> int:
        at = self.next_id()
        self.records[at] = {"patron_id": at, **record}
        return at


def _matches(record: dict[str, Any], query: dict[str, str]) -> bool:
    """As its database compares: no matter how letters are written."""
    if "cardnumber" in query:
        return bool(record["cardnumber"].lower() == query["cardnumber"].lower())
    pair = query["extended_attributes.code"], query["extended_attributes.value"].lower()
    return pair in [(each["type"], each["value"].lower()) for each in record["extended_attributes"]]
