"""Of the JSON dialect what changes PINs: a student's own, by the old one, and a client's that may reset them."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from flask import abort, g
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field

from access_service.audit import Auditor
from access_service.directory import PatronDirectory
from access_service.domain.access import Answer
from access_service.domain.chosen_pins import PinRefusal
from access_service.domain.client import Client
from access_service.domain.wording import Language, Message, words
from access_service.pin_desk import PinDesk
from access_service.protocols.rest import codec
from access_service.protocols.rest.asking import authenticated

# In the audit, where a person of the library would say why.
CHANGED, RESET = "changed with the old PIN", "reset by the client"
_MESSAGES = {refusal: Message(f"pin_{refusal.value}") for refusal in PinRefusal}


class Counter(NamedTuple):
    """Where PINs are changed, and who puts on record that a client did."""

    desk: PinDesk
    auditor: Callable[[Client], Auditor]


class PinChange(codec.Question):
    """A number, the PIN that opens now, and the one that shall."""

    new_pin: codec.Text


class PinReset(BaseModel):
    """The number of whoever shall have a new PIN."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    number: Annotated[codec.Text, Field(min_length=1)]


# PinRefusal, as the document lists it.
Refusal = Literal[
    "not_digits", "too_short", "too_long", "one_digit", "sequence", "in_number", "issued", "not_kept_here"
]


class PinChanged(BaseModel):
    """`changed` is true where the new PIN opens from now on. Else either the old one did not (`standing`, `pin`), or
    the new one cannot be chosen (`refusal`). `message` is for the person."""

    changed: bool
    standing: codec.ToldStanding
    pin: Literal["ok", "wrong", "missing", "unchecked"]
    refusal: Refusal | None
    message: str


class NewPin(BaseModel):
    """The new PIN, told this once; null with a `refusal`."""

    pin: str | None
    refusal: Refusal | None


def add(
    api: APIBlueprint,
    directory: PatronDirectory,
    counter: Counter,
    language: Callable[[], Language | None],
    problems: Callable[..., dict[int | str, Any]],
) -> None:
    """POST /v1/pin-changes and POST /v1/pin-resets."""

    @api.post(
        "/pin-changes",
        operation_id="change_pin",
        description="A student chooses a PIN with the old one. A wrong old one counts as in an authentication.",
        responses={200: PinChanged, **problems(413, 415, 422, 429)},
    )
    def change(body: PinChange) -> dict[str, object]:
        """May they have another PIN?"""
        answer = authenticated(directory, body)
        if not answer.authenticated or answer.record is None:
            return _changed(answer, None, answer.message, language())
        refusal = counter.desk.choose(counter.auditor(g.client), answer.record, body.new_pin.strip(), CHANGED)
        return _changed(answer, refusal, _MESSAGES[refusal] if refusal else Message.PIN_CHANGED, language())

    @api.post(
        "/pin-resets",
        operation_id="reset_pin",
        description="A new PIN, made at random and told this once, for a client that may reset PINs (`resets_pins`).",
        responses={200: NewPin, **problems(404, 409, 413, 415, 422)},
    )
    def reset(body: PinReset) -> dict[str, object]:
        """A new PIN for whoever forgot theirs."""
        if not g.client.options.resets_pins:
            abort(403, codec.MAY_NOT_RESET)
        g.answer = directory.find(body.number, g.client)
        if g.answer.standing in codec.NO_CARD or g.answer.record is None:
            abort(codec.NO_CARD.get(g.answer.standing, 404))
        made = counter.desk.give_random(counter.auditor(g.client), g.answer.record, RESET)
        refused = isinstance(made, PinRefusal)
        return {"pin": None if refused else made, "refusal": made if refused else None}


def _changed(
    answer: Answer, refusal: PinRefusal | None, message: Message, language: Language | None
) -> dict[str, object]:
    return {
        "changed": message is Message.PIN_CHANGED,
        "standing": answer.told_standing,
        "pin": answer.told_pin,
        "refusal": refusal,
        "message": words(message, language or g.client.options.language),
    }
