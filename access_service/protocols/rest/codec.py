"""The JSON dialect, ours: the one that says everything an Answer holds. Shapes here are the OpenAPI document's."""

from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# pydantic cannot read typing.TypedDict before Python 3.12.
from typing_extensions import TypedDict

from access_service.domain.access import Answer, Standing
from access_service.domain.client import Client, Release
from access_service.domain.identifiers import MAX_TYPED
from access_service.domain.wording import Language, Message, words

PROBLEM_TYPE = "application/problem+json"

# The last word of a problem's `type`, by status: stable, unlike the names that HTTP gives to its statuses.
TYPE_PREFIX = "urn:problem-type:student-id-access:"
TYPES = {
    401: "unknown-client",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    409: "ambiguous",
    413: "too-large",
    415: "not-json",
    422: "malformed",
    429: "too-many-failures",
    500: "internal-error",
    503: "unavailable",
}

# One text a status and page, always the same, so that no error can repeat what was sent.
DETAILS = {
    401: "Send the key that the library gave you, as `Authorization: Bearer KEY`.",
    403: "This client may not ask from this address or in this dialect.",
    404: "There is no such page, or no card with this number.",
    405: "This page does not take that method.",
    409: words(Message.AMBIGUOUS, Language.ENGLISH),
    413: "A question has at most 16 kB.",
    415: "Send JSON, with `Content-Type: application/json`.",
    422: "`number` and `pin` must be texts of at most 64 characters, `number` not empty, and there is no other key.",
    429: "Too many wrong PINs came from this client; until the hour is over none is looked at for people new to it.",
    500: "Something is wrong on our side; the log has it.",
    503: "Nobody can be looked up just now; try again soon.",
}

MALFORMED = {
    "/v1/patrons/": "A number has at most 64 characters.",
    "/v1/pin-changes": (
        "`number`, `pin` and `new_pin` must be texts of at most 64 characters, `number` not empty,"
        " and there is no other key."
    ),
    "/v1/pin-resets": "`number` must be a text of 1 to 64 characters, and there is no other key.",
}
MAY_NOT_RESET = "This client may not reset PINs: it is not set `resets_pins`."

# Where a number alone does not lead to one card.
NO_CARD = {Standing.UNKNOWN: HTTPStatus.NOT_FOUND, Standing.AMBIGUOUS: HTTPStatus.CONFLICT}

Text = Annotated[str, Field(max_length=MAX_TYPED, repr=False)]


class Question(BaseModel):
    """A number as typed or scanned, and the PIN that came with it. An empty PIN is answered as `missing`."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    number: Annotated[Text, Field(min_length=1)]
    pin: Text


class Looked(BaseModel):
    """The number in the path of a look-up."""

    model_config = ConfigDict(hide_input_in_errors=True)
    number: Text


class ReleasedPatron(TypedDict, total=False):
    """The facts this client was released; the others are left out. `expires` (YYYY-MM-DD) is the last good day.

    `role` is student, educator, test_card, or cardholder for somebody whom the ILS alone knows; of these what it does
    not tell is empty. An educator's `grade` is empty, and `student_number` the staff number.
    """

    patron_id: int
    library_number: str
    student_number: str
    given_name: str
    family_name: str
    patron_type: str
    profile: str
    branch: str
    school: str
    grade: str
    role: str
    expires: str


ToldStanding = Literal["active", "expired", "blocked", "unknown"]


class Verdict(BaseModel):
    """`authenticated` is true for a right PIN of a card in good standing only; the two facts follow it apart.

    `patron` is null unless authenticated. `pin` is `unchecked` where no one patron has the number. `message` is for the
    person who is not let in, in the language of the question or the client's: English or Spanish.
    """

    authenticated: bool
    standing: ToldStanding
    pin: Literal["ok", "wrong", "missing", "unchecked"]
    patron: ReleasedPatron | None
    message: str | None


class Card(BaseModel):
    """What a number alone tells."""

    standing: ToldStanding
    patron: ReleasedPatron


class Problem(BaseModel):
    """Any error (RFC 9457). Nothing of the request is repeated. The types are in docs/api.md."""

    type: Annotated[str, Field(json_schema_extra={"enum": [f"{TYPE_PREFIX}{word}" for word in TYPES.values()]})]
    title: str
    status: int
    detail: str


def verdict(answer: Answer, client: Client, language: Language | None = None) -> dict[str, object]:
    """The body of a Verdict. Nobody's facts are told to one who does not know the PIN. `language` is the question's."""
    return {
        "authenticated": answer.authenticated,
        "standing": answer.told_standing,
        "pin": answer.told_pin,
        "patron": _released(answer, client) if answer.authenticated else None,
        "message": None if answer.authenticated else words(answer.message, language or client.options.language),
    }


def card(answer: Answer, client: Client) -> dict[str, object]:
    """The body of a Card."""
    return {"standing": answer.told_standing, "patron": _released(answer, client)}


def problem(status: int, path: str = "", said: str | None = None) -> dict[str, object]:
    """The body of a Problem. Of what was `said` by whoever refused, what stands above is told, and nothing else."""
    title = HTTPStatus(status).phrase
    type_ = f"{TYPE_PREFIX}{TYPES[status]}" if status in TYPES else "about:blank"
    detail = DETAILS.get(status, title)
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        detail = next((told for page, told in MALFORMED.items() if path.startswith(page)), detail)
    elif said == MAY_NOT_RESET:
        detail = MAY_NOT_RESET
    return {"type": type_, "title": title, "status": status, "detail": detail}


def _released(answer: Answer, client: Client) -> dict[str, object]:
    if answer.record is None:
        return {}
    patron = answer.record.patron
    facts: dict[Release, dict[str, object]] = {
        Release.PATRON_ID: {"patron_id": answer.record.told_id},
        Release.LIBRARY_NUMBER: {"library_number": patron.library_number},
        Release.STUDENT_NUMBER: {"student_number": patron.student_number},
        Release.NAME: {"given_name": patron.given_name, "family_name": patron.family_name},
        Release.PATRON_TYPE: {"patron_type": patron.patron_type},
        Release.PROFILE: {"profile": patron.profile},
        Release.BRANCH: {"branch": patron.branch},
        Release.SCHOOL: {"school": patron.school},
        Release.GRADE: {"grade": patron.grade},
        Release.ROLE: {"role": patron.role.value},
        Release.EXPIRES: {"expires": str(answer.told_expiry)},
    }
    return {name: value for fact in facts if fact in client.releases for name, value in facts[fact].items()}
