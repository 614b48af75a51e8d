"""A form whose session ended while it was filled in: kept in the browser, sealed, until its owner has signed in."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from flask import render_template, request, session

from access_service.pin_vault import PinVault

_PURPOSE = "form"
# Of the sealed form, which is longer than what fits into it.
MAX_BYTES = 64 * 1024
# Browsers keep 4096 bytes of a cookie, and there is more in it.
MOST_IN_COOKIE = 2000


@dataclass(frozen=True, slots=True)
class Form:
    """What `name` typed, and where it was to go."""

    name: str
    path: str
    fields: list[tuple[str, str]] = field(repr=False)


def keep(vault: PinVault, name: str) -> str:
    """The page to sign in on, with the form that was just sent in it."""
    fields = [(key, value) for key, value in request.form.items(multi=True) if key != "csrf_token"]
    sealed = vault.seal(_PURPOSE, json.dumps({"name": name, "path": request.path, "fields": fields}))
    kept = f"{vault.key_id}.{urlsafe_b64encode(sealed).decode()}"
    # Whoever signs in elsewhere comes back without the page.
    session["kept"] = kept if len(kept) <= MOST_IN_COOKIE else ""
    return render_template("sign_in.html", kept=kept, name=name, then="", refused="")


def take(vault: PinVault, kept: str, name: str) -> Form | None:
    """The form that `name` had typed; None where there was none, or it is another's."""
    key_id, _, sealed = kept.partition(".")
    try:
        facts = json.loads(vault.unseal(key_id, _PURPOSE, urlsafe_b64decode(sealed)))
    except (KeyError, ValueError, Error, InvalidTag):
        return None
    if facts["name"] != name:
        return None
    return Form(name, facts["path"], [(key, value) for key, value in facts["fields"]])
