"""LibAuth's self-hosted script: `+OK` as text, or an object whose `auth` is true.

Source: Springshare, "Adding a new self-hosted configuration". LibAuth looks for a text in the page, as a rule `+OK`;
with JSON it is told to look for `"auth":true`, so there is no blank in ours.
"""

import json

from access_service.domain.access import Answer
from access_service.domain.client import Client, Release


def text(answer: Answer) -> str:
    """One word for a right PIN of a card in good standing, and one for everything else."""
    return "+OK" if answer.authenticated else "+NO"


def object_(answer: Answer, client: Client) -> str:
    """The same as JSON, with the name where the client was released it. There is no `email`: none is known here."""
    told: dict[str, object] = {}
    if answer.authenticated and answer.record and Release.NAME in client.releases:
        patron = answer.record.patron
        told = {"firstname": patron.given_name, "lastname": patron.family_name}
    return json.dumps(told | {"auth": answer.authenticated}, separators=(",", ":"))
