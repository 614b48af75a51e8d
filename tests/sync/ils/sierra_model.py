"""A model of Sierra's REST API."""

from base64 import b64encode
from typing import Any

from tests.sync.ils.http_server import Asked, Said
from tests.sync.ils.rest_model import KEY, PREFIX, SECRET, RestModel, Seen, schema

_LIST = {"type": "array", "items": {"type": "string"}}
PATRON = schema(
    "sierra-patronpatch",
    {
        "properties": {
            "names": _LIST,
            "barcodes": _LIST,
            "uniqueIds": _LIST,
            "emails": _LIST,
            "pin": {"type": "string"},
            "patronType": {"type": "integer"},
            "homeLibraryCode": {"type": "string"},
            "expirationDate": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
            "pMessage": {"type": "string"},
        },
        "additionalProperties": False,
    },
)
TAGS = {"b": "barcodes", "u": "uniqueIds"}


class SierraModel(RestModel):
    """It takes a barcode that another patron has, as the real one may."""

    def knows(self, asked: Asked) -> bool:
        return asked.headers["authorization"] == f"Basic {b64encode(f'{KEY}:{SECRET}'.encode()).decode()}"

    def add(self, number: str, key: str = "", **changed: Any) -> int:
        return self._stored(
            {
                "names": ["Staffnamed, Once", "Alias, Kept"],
                "barcodes": [number],
                "uniqueIds": ["W123", *([PREFIX + key] if key else [])],
                "patronType": 5,
                "homeLibraryCode": "MAPLE",
                "expirationDate": "2026-09-15",
                "pin": "their own",
                "pMessage": "kept by staff",
                **changed,
            }
        )

    def seen(self) -> list[Seen]:
        return sorted(
            Seen(
                tuple(each["barcodes"]),
                "".join(one.removeprefix(PREFIX) for one in each["uniqueIds"] if one.startswith(PREFIX)),
                "; ".join(each["names"]),
                str(each["patronType"]),
                each["homeLibraryCode"],
                each["expirationDate"],
                each.get("pin", ""),
                each.get("pMessage", ""),
            )
            for each in self.records.values()
        )

    def answer(self, asked: Asked) -> Said:
        match asked.method, *asked.path.strip("/").split("/"):
            case "GET", "patrons", "find":
                return self._find(asked)
            case "POST", "patrons":
                if refused := _refused(asked.json):
                    return refused
                at = self._stored({"barcodes": [], "uniqueIds": [], "names": [], **asked.json})
                return Said(200, {"link": f"https://sierra.example.org/iii/sierra-api/v6/patrons/{at}"})
            case "PUT", "patrons", at if int(at) in self.records:
                if refused := _refused(asked.json):
                    return refused
                self.records[int(at)].update(asked.json)
                return Said(204)
        return NOT_FOUND

    def _find(self, asked: Asked) -> Said:
        name, wanted = TAGS[asked.query["varFieldTag"]], asked.query["varFieldContent"]
        found = [each for each in self.records.values() if wanted in each[name]]
        if len(found) > 1:
            return Said(409, {"code": 132, "httpStatus": 409, "name": "Duplicate patrons found"})
        shown = {"id", *asked.query["fields"].split(",")}
        return Said(200, {key: found[0][key] for key in shown if key in found[0]}) if found else NOT_FOUND

    def _stored(self, record: dict[str, Any]) -> int:
        at = self.next_id()
        self.records[at] = {"id": at, **record}
        return at


NOT_FOUND = Said(404, {"code": 107, "specificCode": 0, "httpStatus": 404, "name": "Record not found"})


def _refused(body: Any) -> Said | None:
    if errors := list(PATRON.iter_errors(body)):
        said = "; ".join(error.message for error in errors)
        return Said(400, {"code": 130, "httpStatus": 400, "name": "Bad JSON/XML Syntax", "description": said})
    return None
